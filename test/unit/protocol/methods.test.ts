import { describe, expect, it } from 'vitest';
import {
  CLIENT_REQUESTS,
  COLLECTIONS,
  collectionOfMethod,
  forEachCollection,
  isKnownVersion,
  isMcpLogLevel,
  negotiateVersion,
} from '../../../src/protocol/methods.ts';

describe('versions', () => {
  it.each(['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05', '2024-10-07'])(
    'speaks %s with whom asks for it',
    (version) => {
      expect(negotiateVersion(version)).toBe(version);
    },
  );

  it.each(['2026-07-28', '1.0', '', undefined, null, 5])('answers %j with its latest', (asked) => {
    expect([negotiateVersion(asked), isKnownVersion(asked)]).toEqual(['2025-11-25', false]);
  });
});

describe('methods', () => {
  it('know every request of a client that MCP 2025-11-25 has', () => {
    const all = [
      'completion/complete',
      'initialize',
      'logging/setLevel',
      'ping',
      'prompts/get',
      'prompts/list',
      'resources/list',
      'resources/read',
      'resources/subscribe',
      'resources/templates/list',
      'resources/unsubscribe',
      'tools/call',
      'tools/list',
    ];
    expect(all.filter((method) => !CLIENT_REQUESTS.has(method))).toEqual([]);
  });

  it('know the levels of RFC 5424 and no other', () => {
    expect(['debug', 'emergency', 'warn', 'DEBUG', undefined].map(isMcpLogLevel)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it('find each collection by its list', () => {
    expect(COLLECTIONS.map(({ method }) => collectionOfMethod(method)?.name)).toEqual([
      'tools',
      'prompts',
      'resources',
      'resourceTemplates',
    ]);
    expect(forEachCollection(({ name }) => name)).toEqual({
      tools: 'tools',
      prompts: 'prompts',
      resources: 'resources',
      resourceTemplates: 'resourceTemplates',
    });
  });
});
