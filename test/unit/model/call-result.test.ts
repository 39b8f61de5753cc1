import { describe, expect, it } from 'vitest';
import { isErrorResult, resultText } from '../../../src/model/call-result.ts';

describe('a result as text', () => {
  it('prints text as it came, each piece on lines of its own', () => {
    expect(
      resultText({
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b\n' },
        ],
      }),
    ).toBe('a\nb\n');
  });

  it('describes what is no text', () => {
    const content = [
      { type: 'image', mimeType: 'image/png', data: Buffer.alloc(2048).toString('base64') },
      { type: 'audio', mimeType: 'audio/wav', data: 'AAAA' },
      { type: 'resource_link', name: 'log', uri: 'file:///log' },
      { type: 'resource', resource: { uri: 'x:1', mimeType: 'a/b', blob: 'AA==' } },
      { type: 'resource', resource: { uri: 'x:2', text: 'inside' } },
      { type: 'hologram' },
    ];
    expect(resultText({ content })).toBe(
      '[image image/png, 2.0 KB]\n[audio audio/wav, 3 bytes]\n[link log file:///log]\n[resource x:1 a/b, 1 bytes]\ninside\n[hologram]\n',
    );
  });

  it('falls back on structured content, and on whatever came', () => {
    expect(resultText({ content: [], structuredContent: { a: 1 } })).toBe('{\n  "a": 1\n}\n');
    expect(resultText({ content: [{ type: 'text', text: 'a' }], structuredContent: { a: 1 } })).toBe('a\n');
    expect(resultText(null)).toBe('null\n');
    expect(resultText({ content: 'odd' })).toBe('');
  });

  it('knows an error by isError alone', () => {
    expect(isErrorResult({ isError: true })).toBe(true);
    expect(isErrorResult({ isError: 'true' })).toBe(false);
    expect(isErrorResult(undefined)).toBe(false);
  });
});
