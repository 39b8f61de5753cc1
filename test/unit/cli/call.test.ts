import { describe, expect, it } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import { runCall } from '../../../src/cli/call.ts';
import { jsonArguments, typedArguments } from '../../../src/cli/call-args.ts';
import type { CliContext } from '../../../src/cli/context.ts';

const schema = {
  type: 'object',
  properties: {
    text: { type: 'string' },
    count: { type: 'integer' },
    ratio: { type: 'number' },
    deep: { type: 'boolean' },
    names: { type: 'array', items: { type: 'string' } },
    sizes: { type: 'array', items: { type: 'integer' } },
    filter: { type: 'object' },
    mode: { enum: ['fast', 'slow', 3] },
    either: { anyOf: [{ type: 'integer' }, { type: 'string' }] },
    maybe: { type: ['null', 'boolean'] },
    one: { $ref: '#/$defs/size' },
    anything: true,
    untyped: { description: 'whatever' },
  },
  $defs: { size: { type: 'integer' } },
  additionalProperties: false,
};

function typed(...pairs: string[]): Record<string, unknown> {
  return typedArguments(pairs, { inputSchema: schema }, 'gpu1__files__search');
}

function mistakesOf(work: () => unknown): AnywhereError {
  try {
    work();
  } catch (error) {
    if (error instanceof AnywhereError) return error;
    throw error;
  }
  throw new Error('no mistake was found');
}

describe('values by the type in inputSchema', () => {
  it.each([
    ['text=12', { text: '12' }],
    ['text=', { text: '' }],
    ['text=a=b', { text: 'a=b' }],
    ['text=true', { text: 'true' }],
    ['count=-4', { count: -4 }],
    ['ratio=1.5e3', { ratio: 1500 }],
    ['ratio=.5', { ratio: 0.5 }],
    ['deep=true', { deep: true }],
    ['deep=false', { deep: false }],
    ['names=["a","b"]', { names: ['a', 'b'] }],
    ['names=a', { names: ['a'] }],
    ['sizes=7', { sizes: [7] }],
    ['filter={"a":{"b":1}}', { filter: { a: { b: 1 } } }],
    ['mode=slow', { mode: 'slow' }],
    ['mode=3', { mode: 3 }],
    ['either=7', { either: 7 }],
    ['either=seven', { either: 'seven' }],
    ['maybe=null', { maybe: null }],
    ['one=5', { one: 5 }],
    ['anything=[1]', { anything: [1] }],
    ['untyped=word', { untyped: 'word' }],
    ['untyped=null', { untyped: null }],
  ])('%s', (pair, expected) => {
    expect(typed(pair)).toEqual(expected);
  });

  it('collects an argument given several times where an array is wanted', () => {
    expect(typed('sizes=1', 'sizes=2', 'text=x')).toEqual({ sizes: [1, 2], text: 'x' });
  });

  it('takes any key where the tool has no schema of properties', () => {
    expect(typedArguments(['a=1', 'b=x'], { inputSchema: { type: 'object' } }, 't')).toEqual({ a: 1, b: 'x' });
    expect(typedArguments(['a=1'], undefined, 't')).toEqual({ a: 1 });
  });

  it('keeps a key called __proto__ out of the prototype', () => {
    const values = typedArguments(['__proto__={"x":1}'], undefined, 't');
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
    expect(Object.getPrototypeOf(values)).toBe(Object.prototype);
  });
});

describe('mistakes', () => {
  it.each([
    ['count=4.5', 'count: expected integer, got "4.5"'],
    ['count=0x10', 'count: expected integer, got "0x10"'],
    ['count=', 'count: expected integer, got ""'],
    ['count=12345678901234567890', 'count: expected integer, got "12345678901234567890"'],
    ['ratio=Infinity', 'ratio: expected number, got "Infinity"'],
    ['deep=yes', 'deep: expected boolean, got "yes"'],
    ['filter=[1]', 'filter: expected object, got "[1]"'],
    ['sizes=x', 'sizes: expected integer, got "x"'],
    ['mode=medium', 'mode: expected one of "fast", "slow", 3, got "medium"'],
    ['textt=x', 'textt: the tool has no such argument; did you mean text?'],
    ['text', '--arg text: expected key=value'],
    ['=x', '--arg =x: expected key=value'],
  ])('%s', (pair, sentence) => {
    const error = mistakesOf(() => typed(pair));
    expect(error).toMatchObject({ code: 'USAGE', exitCode: 2 });
    expect(error.evidence).toEqual([sentence]);
  });

  it('are all named at once, with what is missing', () => {
    const required = { ...schema, required: ['text', 'count'] };
    const error = mistakesOf(() => typedArguments(['count=x', 'deep=7'], { inputSchema: required }, 't'));
    expect(error.evidence).toEqual([
      'count: expected integer, got "x"',
      'deep: expected boolean, got "7"',
      'text: required, but not given',
    ]);
  });

  it('count a single value given twice', () => {
    expect(mistakesOf(() => typed('text=a', 'text=b')).evidence).toEqual(['text: expected one value, got "a b"']);
  });

  it('survive references that lead in a circle, and ones that no URI has', () => {
    const odd = { properties: { a: { $ref: '#/properties/%' } } };
    expect(typedArguments(['a=1'], { inputSchema: odd }, 't')).toEqual({ a: 1 });
    const circle = { properties: { a: { $ref: '#/properties/a' } } };
    expect(typedArguments(['a=1'], { inputSchema: circle }, 't')).toEqual({ a: 1 });
  });
});

describe('--json-args', () => {
  it('takes an object', () => {
    expect(jsonArguments('{"a": [1, null]}')).toEqual({ a: [1, null] });
  });

  it.each(['[1]', 'null', '7', '{', ''])('refuses %s', (text) => {
    expect(mistakesOf(() => jsonArguments(text)).code).toBe('USAGE');
  });
});

describe('a call with an argument that is no key=value', () => {
  it.each(['novalue', '=value'])('(%s) is refused before anything is asked or started', async (wrong) => {
    const untouchable = {} as CliContext;
    const call = runCall(untouchable, 'a__s__x', {
      arg: ['good=1', wrong],
      jsonArgs: undefined,
      host: undefined,
      output: undefined,
      raw: false,
      quiet: false,
      fresh: false,
    });
    await expect(call).rejects.toMatchObject({
      code: 'USAGE',
      tool: 'a__s__x',
      evidence: [`--arg ${wrong}: expected key=value`],
    });
  });
});
