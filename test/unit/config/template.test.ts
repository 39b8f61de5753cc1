import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Reference, Template } from '../../../src/config/plan.ts';
import { formatTemplate, hasReference, parseTemplate } from '../../../src/config/template.ts';

function parsed(text: string): Template {
  const result = parseTemplate(text);
  if ('fault' in result) throw new Error(result.fault.found);
  return result.template;
}

describe('a template', () => {
  it.each<[string, Template['pieces']]>([
    ['', []],
    ['plain', ['plain']],
    ['$HOME $ $$ {} }{', ['$HOME $ $$ {} }{']],
    ['${env:X}', [{ kind: 'env', name: 'X' }]],
    ['a${env:X}b${env:Y}', ['a', { kind: 'env', name: 'X' }, 'b', { kind: 'env', name: 'Y' }]],
    [
      '${env:X}${env:Y}',
      [
        { kind: 'env', name: 'X' },
        { kind: 'env', name: 'Y' },
      ],
    ],
    ['${env:X:-}', [{ kind: 'env', name: 'X', fallback: '' }]],
    ['${env:X:-a:-b}', [{ kind: 'env', name: 'X', fallback: 'a:-b' }]],
    ['${env:X:-{"a":{}}}', [{ kind: 'env', name: 'X', fallback: '{"a":{}}' }]],
    ['${cmd:pass show x}', [{ kind: 'cmd', command: 'pass show x' }]],
    ['${cmd:jq "{a: .b}" f}', [{ kind: 'cmd', command: 'jq "{a: .b}" f' }]],
    ['${cmd:echo ${HOME}}', [{ kind: 'cmd', command: 'echo ${HOME}' }]],
    ['${file:~/a:b}', [{ kind: 'file', path: '~/a:b' }]],
    ['Bearer ${keychain:git-hub.com_1}', ['Bearer ', { kind: 'keychain', name: 'git-hub.com_1' }]],
    ['$${env:X}', ['${env:X}']],
    ['$$${env:X}', ['$', { kind: 'env', name: 'X' }]],
    ['$$$${env:X}', ['$${env:X}']],
    ['$${', ['${']],
    ['costs $$5', ['costs $$5']],
  ])('%j', (text, pieces) => {
    expect(parsed(text).pieces).toEqual(pieces);
  });

  it.each([
    '${',
    'a${env:X',
    '${}',
    '${X}',
    '${HOME}',
    '${env:}',
    '${env:A-B}',
    '${env: X}',
    '${env:1}',
    '${cmd:}',
    '${cmd: }',
    '${file:}',
    '${keychain:}',
    '${keychain:../x}',
    '${keychain:.x}',
    '${keychain:a b}',
    `\${keychain:${'a'.repeat(129)}}`,
    '${ENV:X}',
    '${secret:x}',
    '${env:X:-${env:Y}}',
    '${{env:X}}',
  ])('%j is refused without being quoted', (text) => {
    const result = parseTemplate(`s3cret${text}`);
    if (!('fault' in result)) throw new Error('accepted');
    expect(JSON.stringify(result.fault)).not.toContain('s3cret');
    expect(result.fault.suggestion).toContain('$${');
  });
});

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/);
/** Braces in pairs, as the syntax demands. */
const balanced = fc
  .stringMatching(/^[a-z:$ -]{0,5}(\{[a-z$ ]{0,5}\})?[a-z ]{0,5}$/)
  .filter((text) => !text.includes('${'));
const filled = balanced.filter((text) => text.trim() !== '');
const reference: fc.Arbitrary<Reference> = fc.oneof(
  name.map((variable): Reference => ({ kind: 'env', name: variable })),
  fc
    .stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,8}$/)
    .map((stored): Reference => ({ kind: 'keychain', name: stored })),
  fc.tuple(name, balanced).map(([variable, fallback]): Reference => ({ kind: 'env', name: variable, fallback })),
  filled.map((command): Reference => ({ kind: 'cmd', command })),
  filled.map((path): Reference => ({ kind: 'file', path })),
);
const literal = fc.oneof(fc.stringMatching(/^[${}a:-]{1,8}$/), fc.string({ minLength: 1 }));
/** Literals never stand side by side: they would be one. */
const template: fc.Arbitrary<Template> = fc
  .array(fc.oneof(literal, reference), { maxLength: 8 })
  .map((pieces) => ({
    pieces: pieces.filter((piece, index) => typeof piece !== 'string' || typeof pieces[index - 1] !== 'string'),
  }))
  .filter(({ pieces }) =>
    pieces.every((piece, index) => typeof piece !== 'string' || typeof pieces[index - 1] !== 'string'),
  );

describe('for all templates', () => {
  it('what is written is read back', () => {
    fc.assert(
      fc.property(template, (value) => {
        expect(parsed(formatTemplate(value)).pieces).toEqual(value.pieces);
      }),
      { numRuns: 2000 },
    );
  });

  it('any text is read or refused, and never throws', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[${}:aenvcmdfil-]{0,24}$/), (text) => {
        const result = parseTemplate(text);
        if ('template' in result && !hasReference(result.template))
          expect(result.template.pieces.length).toBeLessThan(2);
      }),
      { numRuns: 5000 },
    );
  });
});
