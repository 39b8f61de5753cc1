import { describe, expect, it } from 'vitest';
import { parametersOf } from '../../../src/model/arguments.ts';
import { annotationWords, firstSentence, sampleOf, signatureOf } from '../../../src/model/signature.ts';

const definition = (properties: object, required: readonly string[] = [], more: object = {}): object => ({
  inputSchema: { type: 'object', properties, required },
  ...more,
});

describe('signatureOf', () => {
  it.each<[string, object]>([
    ['()', definition({})],
    ['()', {}],
    ['(path)', definition({ path: { type: 'string' } }, ['path'])],
    [
      '(path, [head: int, tail: number])',
      definition({ head: { type: 'integer' }, path: { type: 'string' }, tail: { type: 'number' } }, ['path']),
    ],
    ['([deep: bool])', definition({ deep: { type: ['boolean', 'null'] } })],
    ['([names: list of text])', definition({ names: { type: 'array', items: { type: 'string' } } })],
    ['([sort: asc|desc])', definition({ sort: { enum: ['asc', 'desc'] } })],
    ['([month: one of 12])', definition({ month: { enum: Array.from({ length: 12 }, (_, index) => index) } })],
    ['([filter: object, x: any])', definition({ filter: { type: 'object' }, x: {} })],
    ['([either: int|text])', definition({ either: { anyOf: [{ type: 'integer' }, { type: 'string' }] } })],
  ])('%s', (expected, given) => {
    expect(signatureOf(given)).toBe(expected);
  });
});

it('a sample fits its argument', () => {
  const { named } = parametersOf(
    definition({
      path: { type: 'string' },
      count: { type: 'integer' },
      deep: { type: 'boolean' },
      mode: { enum: ['fast', 'slow'] },
      size: { type: 'integer', default: 7 },
      rows: { type: 'array', items: { type: 'object' } },
    }),
  );
  expect(named.map(sampleOf)).toEqual(['…', '1', 'true', 'fast', '7', '[{}]']);
});

it.each([
  ['Reads a file. It must exist.', 'Reads a file.'],
  ['Reads v1.2 files\nin one go! Then', 'Reads v1.2 files in one go!'],
  ['no end', 'no end'],
  ['', ''],
])('the first sentence of %j is %j', (text, sentence) => {
  expect(firstSentence(text)).toBe(sentence);
});

it('says what the server says of effects', () => {
  const annotations = { readOnlyHint: false, destructiveHint: true, openWorldHint: false };
  expect(annotationWords({ annotations })).toEqual(['may destroy data', 'stays on its machine']);
  expect(annotationWords({})).toEqual([]);
});
