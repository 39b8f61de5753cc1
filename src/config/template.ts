/**
 * Texts with references: `${env:NAME}`, `${env:NAME:-default}`, `${cmd:command}`, `${file:path}`, `${keychain:name}`.
 *
 * Braces inside a reference must come in pairs. A literal `${` is written `$${`; more exactly, in a run of
 * dollars before `{` each pair is one dollar, and one left over begins a reference. Other dollars
 * stand for themselves. A default counts when the variable is unset or empty, as in sh (POSIX 2.6.2), and
 * holds no reference itself.
 */
import type { Reference, Template } from './plan.ts';

/** Why a text is not a template. Never quotes the text, which may be a secret. */
export interface TemplateFault {
  readonly found: string;
  readonly suggestion: string;
}

export type ParsedTemplate = { readonly template: Template } | { readonly fault: TemplateFault };

/** POSIX names, the only ones that every shell can export. */
export const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Of a stored secret: also the name of a file. */
export const SECRET_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
export const SECRET_NAME_RULE = 'letters, digits, `.`, `_` and `-`, at most 128, starting with a letter or digit';

const ADVICE =
  'write ${env:NAME}, ${env:NAME:-default}, ${cmd:command}, ${file:path}, ${keychain:name}, or $${ for a literal ${';

export function parseTemplate(text: string): ParsedTemplate {
  const pieces: (string | Reference)[] = [];
  let literal = '';
  let at = 0;
  for (const match of text.matchAll(/\$+(?=\{)/g)) {
    if (match.index < at) continue;
    const dollars = match[0].length;
    literal += text.slice(at, match.index) + '$'.repeat(Math.floor(dollars / 2));
    at = match.index + dollars;
    if (dollars % 2 === 0) continue;
    const end = closingBrace(text, at);
    if (end === undefined) return fault('`${` without a closing `}`');
    const reference = parseReference(text.slice(at + 1, end));
    if ('found' in reference) return { fault: reference };
    if (literal !== '') pieces.push(literal);
    pieces.push(reference);
    literal = '';
    at = end + 1;
  }
  literal += text.slice(at);
  return { template: { pieces: literal === '' ? pieces : [...pieces, literal] } };
}

/** The text again, from which `parseTemplate` makes the same template. Contains literal values: never show the result to people. */
export function formatTemplate(template: Template): string {
  return template.pieces.map((piece, index) => formatPiece(piece, template.pieces[index + 1])).join('');
}

/** A reference as written, its default hidden. */
export function describeReference(reference: Reference): string {
  switch (reference.kind) {
    case 'env':
      return `\${env:${reference.name}${reference.fallback === undefined ? '' : ':-***'}}`;
    case 'cmd':
      return `\${cmd:${reference.command}}`;
    case 'file':
      return `\${file:${reference.path}}`;
    case 'keychain':
      return `\${keychain:${reference.name}}`;
  }
}

export function hasReference(template: Template): boolean {
  return template.pieces.some((piece) => typeof piece !== 'string');
}

function formatPiece(piece: string | Reference, next: string | Reference | undefined): string {
  if (typeof piece !== 'string') {
    if (piece.kind === 'env' && piece.fallback !== undefined) return `\${env:${piece.name}:-${piece.fallback}}`;
    return describeReference(piece);
  }
  const escaped = piece.replaceAll(/\$+(?=\{)/g, (run) => run + run);
  return typeof next === 'object' ? escaped.replace(/\$+$/, (run) => run + run) : escaped;
}

/** Index of the brace that closes the one at `open`. */
function closingBrace(text: string, open: number): number | undefined {
  let depth = 0;
  for (let index = open; index < text.length; index += 1) {
    if (text[index] === '{') depth += 1;
    if (text[index] === '}') depth -= 1;
    if (depth === 0) return index;
  }
  return undefined;
}

function parseReference(inside: string): Reference | TemplateFault {
  const colon = inside.indexOf(':');
  const kind = colon === -1 ? '' : inside.slice(0, colon);
  const rest = inside.slice(colon + 1);
  if (kind === 'env') return parseEnv(rest);
  if (kind === 'cmd') return rest.trim() === '' ? faultOf('`${cmd:}` without a command') : { kind, command: rest };
  if (kind === 'file') return rest.trim() === '' ? faultOf('`${file:}` without a path') : { kind, path: rest };
  if (kind === 'keychain')
    return SECRET_NAME.test(rest)
      ? { kind, name: rest }
      : faultOf(`a \`\${keychain:…}\` without a name of ${SECRET_NAME_RULE}`);
  return faultOf('a `${…}` that is neither env, cmd, file nor keychain');
}

function parseEnv(rest: string): Reference | TemplateFault {
  const mark = rest.indexOf(':-');
  const name = mark === -1 ? rest : rest.slice(0, mark);
  if (!VARIABLE_NAME.test(name)) return faultOf('a `${env:…}` without a variable name of letters, digits and `_`');
  if (mark === -1) return { kind: 'env', name };
  const fallback = rest.slice(mark + 2);
  return fallback.includes('${') ? faultOf('a reference inside a default') : { kind: 'env', name, fallback };
}

function fault(found: string): ParsedTemplate {
  return { fault: faultOf(found) };
}

function faultOf(found: string): TemplateFault {
  return { found, suggestion: ADVICE };
}
