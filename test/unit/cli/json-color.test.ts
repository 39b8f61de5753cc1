import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coloredJson, isJsonDocument } from '../../../src/cli/json-color.ts';
import { jsonText } from '../../../src/cli/output.ts';
import { chooseStyle } from '../../../src/cli/style.ts';

const style = chooseStyle({ color: true, isTTY: true, env: {} });

describe('JSON in colours', () => {
  it('tells keys, strings, numbers and literals apart', () => {
    expect(coloredJson('{"a":"b: 1","c":-1.5e3,"d":[null,true]}', style)).toBe(
      [
        ...['{', style.accent('"a"'), ':', style.good('"b: 1"'), ',', style.accent('"c"'), ':', style.warn('-1.5e3')],
        ...[',', style.accent('"d"'), ':[', style.dim('null'), ',', style.warn('true'), ']}'],
      ].join(''),
    );
  });

  it('is the same text without the colours, whatever the document', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(undefined, 2), (json, indent) => {
        const text = JSON.stringify(JSON.parse(json), null, indent);
        expect(stripVTControlCharacters(coloredJson(text, style))).toBe(stripVTControlCharacters(text));
      }),
    );
  });

  it('is for terminals only, and not for one line of a stream', () => {
    const colored = (isTTY: boolean, isLine = false): boolean =>
      jsonText<'stop'>({ stopped: 1 }, { isTTY }, { style, isLine }).includes('\x1B[');
    expect([colored(true), colored(false), colored(true, true)]).toEqual([true, false, false]);
    const plain = chooseStyle({ color: true, isTTY: true, env: { NO_COLOR: '1' } });
    expect(jsonText<'stop'>({ stopped: 1 }, { isTTY: true }, { style: plain })).toBe(
      '{\n  "schemaVersion": 1,\n  "stopped": 1\n}\n',
    );
  });

  it.each([
    ['{"a":1}', true],
    [' [1]\n', true],
    ['{"a":', false],
    ['12', false],
    ['[see below]', false],
  ])('%j is a document: %s', (text, expected) => {
    expect(isJsonDocument(text)).toBe(expected);
  });
});
