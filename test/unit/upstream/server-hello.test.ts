import { InitializeResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { describe, expect, it } from 'vitest';
import { DEFAULTS } from '../../../src/config/defaults.ts';
import { readServerHello, type ServerHello } from '../../../src/upstream/server-hello.ts';
import { parsed } from '../protocol/kit.ts';

function helloOf(capabilities: string, more = ''): ServerHello {
  const result = `{"protocolVersion":"2025-11-25","capabilities":${capabilities},"serverInfo":{"name":"s","version":"1"}${more}}`;
  const hello = readServerHello(parsed(`{"jsonrpc":"2.0","id":1,"result":${result}}`), DEFAULTS.limits);
  if (typeof hello === 'string') throw new Error(hello);
  return hello;
}

const saidOf = ({ problems }: ServerHello): string[] => problems.map(({ item, reason }) => `${item}: ${reason}`);

const deep = (levels: number): string => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);

describe('readServerHello', () => {
  it('keeps what MCP allows, and what it does not know', () => {
    const capabilities = {
      tools: { listChanged: true },
      experimental: { x: { y: [1] } },
      tasks: { list: {}, requests: { tools: { call: {} } } },
      'x-new': 5,
    };
    const hello = helloOf(JSON.stringify(capabilities), ',"instructions":"hello"');
    expect(hello).toMatchObject({ capabilities, instructions: 'hello', problems: [] });
  });

  it.each([
    ['300 levels', deep(300), 'limits.definitionDepth'],
    ['20,000 levels', deep(20_000), 'limits.definitionDepth'],
    ['3 MB', JSON.stringify({ z: 'Z'.repeat(3_000_000) }), 'limits.definitionBytes'],
    ['half of a surrogate pair', String.raw`{"s":"\ud800"}`, 'surrogate'],
  ])('leaves out a capability of %s, and no other', (_, experimental, reason) => {
    const hello = helloOf(`{"experimental":${experimental},"tools":{}}`);
    expect(hello.capabilities).toEqual({ tools: {} });
    expect(saidOf(hello)).toEqual([expect.stringContaining(reason)]);
  });

  it('bounds all capabilities together', () => {
    const members = Array.from({ length: 100 }, (_, at) => `"x${at}":"${'y'.repeat(10_000)}"`);
    const hello = helloOf(`{${members.join(',')}}`);
    expect(JSON.stringify(hello.capabilities).length).toBeLessThan(DEFAULTS.limits.definitionBytes);
    expect(saidOf(hello)).toHaveLength(100 - Object.keys(hello.capabilities).length);
    expect(saidOf(hello)[0]).toContain('limits.definitionBytes');
  });

  it.each([
    ['"\\ud83d half"', 'surrogate'],
    [JSON.stringify('x'.repeat(300_000)), 'limits.definitionBytes'],
  ])('leaves out instructions that no client should be given', (instructions, reason) => {
    const hello = helloOf('{}', `,"instructions":${instructions}`);
    expect([hello.instructions, saidOf(hello)]).toEqual([undefined, [expect.stringContaining(reason)]]);
  });

  it.each([
    ['{"experimental":null}', {}, 'capabilities.experimental'],
    ['{"experimental":{"x":true,"y":{}}}', { experimental: { y: {} } }, 'capabilities.experimental.x'],
    ['{"extensions":{"x":[]}}', { extensions: {} }, 'capabilities.extensions.x'],
    ['{"tasks":"yes"}', {}, 'capabilities.tasks'],
    ['{"tasks":{"requests":{"tools":{"call":true}}}}', {}, 'capabilities.tasks'],
    ['{"tools":true}', { tools: {} }, 'capabilities.tools'],
    ['{"prompts":null,"tools":false}', {}, 'capabilities.prompts'],
    [`{"tools":${deep(300)}}`, { tools: {} }, 'capabilities.tools'],
  ])('drops what clients would refuse: %s', (said, capabilities, item) => {
    const hello = helloOf(said);
    expect(hello.capabilities).toEqual(capabilities);
    expect(saidOf(hello)[0]).toMatch(`${item}: left out: it `);
    const answer = {
      protocolVersion: '2025-11-25',
      serverInfo: { name: 'm', version: '1' },
      capabilities: hello.capabilities,
    };
    expect(InitializeResultSchema.safeParse(answer).success).toBe(true);
  });

  it.each([
    ['a deep', deep(20_000), /^answered initialize without a protocolVersion that is a string$/],
    ['a long', `"${'9'.repeat(5_000)}"`, /^speaks protocol version "9{1,120}[^"]*", which MCP-Anywhere does not know$/],
  ])('refuses %s protocol version in a few words', (_, version, words) => {
    const reply = parsed(`{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":${version}}}`);
    expect(readServerHello(reply, DEFAULTS.limits)).toMatch(words);
  });
});
