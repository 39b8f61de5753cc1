/** Literal values that look like secrets: found in entries of servers, and hidden in texts for people. */
import { isMap, isScalar, isSeq, type Pair, parseDocument } from 'yaml';
import { keyOf } from '../config/document.ts';
import { type KeyPath, mapping } from '../config/problem.ts';

const NAME = /TOKEN|KEY|SECRET|PASSW(?:OR)?D|CREDENTIAL/i;
/** Tokens that say themselves what they are. */
const VALUE = /^(?:sk-|gh[pousr]_|github_pat_|glpat-|xox[a-z]-|AKIA|eyJ[\w-]+\.)[\w.-]{12,}/;
/** References alone, like `Bearer ${env:TOKEN}`; a default may be the secret. */
const REFERENCE = /^(?:[A-Za-z]+ )?(?:\$\{(?!env:\w+:-[^}])[^}]*\})+$/;
const HIDDEN = '•••';
/** Resolved on this machine. */
const LOCAL = /\$\{(?:cmd|file|keychain):/;

/** Whether a value of this name is a secret. */
export function isSecretName(name: string): boolean {
  return NAME.test(name);
}

/** The value of a variable. */
export function isSecretVariable(name: string, value: unknown): boolean {
  if (typeof value !== 'string' || value === '' || REFERENCE.test(value)) return false;
  return NAME.test(name) || VALUE.test(value);
}

/** The argument after `before`: `--api-key abc`, `--api-key=abc`, `-e TOKEN=abc`. */
export function isSecretArgument(value: unknown, before: unknown): boolean {
  if (typeof value !== 'string') return false;
  const [name = '', rest] = value.split(/=(.*)/s);
  if (rest !== undefined && isSecretVariable(name, rest)) return true;
  const isOption = typeof before === 'string' && before.startsWith('--') && !before.includes('=') && NAME.test(before);
  return (isOption && !value.startsWith('-') && !REFERENCE.test(value)) || VALUE.test(value);
}

/** The names of what an entry holds, never the values. */
export function secretsOf(entry: unknown): string[] {
  const { env, args } = mapping(entry);
  const list: readonly unknown[] = Array.isArray(args) ? args : [];
  return [
    ...Object.entries(mapping(env)).flatMap(([name, value]) => (isSecretVariable(name, value) ? [name] : [])),
    ...list.flatMap((value, index) =>
      isSecretArgument(value, list[index - 1]) ? [`argument ${String(index + 1)}`] : [],
    ),
  ];
}

/** A literal value in the text of a hosts file that looks like a secret. */
export interface PlainSecret {
  /** Like `hosts`, `gpu1`, `servers`, `files`, `env`, `TOKEN`; the index of an argument is a number. */
  readonly path: KeyPath;
  readonly value: string;
  /** The first and the last position of the value in the text. */
  readonly span: readonly [number, number];
}

/** In every `env` and `args`, wherever it stands: also below `defaults`, and in a server that is called `env`. */
export function plainSecrets(text: string): readonly PlainSecret[] {
  return secretsBelow(parseDocument(text, { prettyErrors: false, merge: true, stringKeys: true }).contents, []);
}

/** A hosts file for people: the literal values that look like secrets are hidden, however they are written. */
export function withoutSecrets(text: string): string {
  return replacedIn(
    text,
    plainSecrets(text).map(({ span }) => [span, HIDDEN] as const),
  );
}

/** The text with other values. A block (`|`) ends with its line. */
export function replacedIn(text: string, values: readonly (readonly [PlainSecret['span'], string])[]): string {
  return [...values]
    .sort(([[one]], [[other]]) => other - one)
    .reduce((shown, [[start, end], value]) => {
      const isBlock = shown.slice(start, end).endsWith('\n');
      return `${shown.slice(0, start)}${value}${isBlock ? '\n' : ''}${shown.slice(end)}`;
    }, text);
}

function secretsBelow(node: unknown, path: KeyPath): PlainSecret[] {
  const pairs: readonly Pair[] = isMap(node) ? node.items : [];
  return pairs.flatMap((pair) => {
    const here = [...path, keyOf(pair)];
    return [...secretsIn(pair, here), ...secretsBelow(pair.value, here)];
  });
}

function secretsIn(pair: Pair, path: KeyPath): PlainSecret[] {
  if (keyOf(pair) === 'env' && isMap(pair.value))
    return pair.value.items
      .filter((each) => isSecretVariable(keyOf(each), textOf(each.value)))
      .flatMap((each) => plainSecret(each.value, [...path, keyOf(each)]));
  if (keyOf(pair) !== 'args' || !isSeq(pair.value)) return [];
  const { items } = pair.value;
  const values = items.map(textOf);
  return items.flatMap((each, index) =>
    isSecretArgument(values[index], values[index - 1]) ? plainSecret(each, [...path, index]) : [],
  );
}

function plainSecret(node: unknown, path: KeyPath): PlainSecret[] {
  const value = textOf(node);
  if (!isScalar(node) || value === undefined || node.range === undefined || node.range === null) return [];
  return [{ path, value, span: [node.range[0], node.range[1]] }];
}

/** As written: a password of digits is no number here. */
function textOf(node: unknown): string | undefined {
  if (!isScalar(node)) return undefined;
  return typeof node.value === 'string' ? node.value : node.source;
}

/** References that run a command, or read a file or a stored secret of this machine: pasted text must not bring them along unseen. */
export function commandsOf(entry: unknown): string[] {
  const { env, args } = mapping(entry);
  const found = Object.entries(mapping(env)).filter(([, value]) => LOCAL.test(String(value)));
  const isInArgs = Array.isArray(args) && args.some((value) => LOCAL.test(String(value)));
  return [...found.map(([name]) => name), ...(isInArgs ? ['args'] : [])];
}
