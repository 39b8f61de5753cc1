/** Literal values that look like secrets: found in entries of servers, and hidden in texts for people. */
import { isMap, isScalar, isSeq, type Pair, parseDocument } from 'yaml';
import { keyOf } from '../config/document.ts';
import { type KeyPath, mapping } from '../config/problem.ts';

const NAME = /TOKEN|KEY|SECRET|PASSW(?:OR)?D|PASSPHRASE|CREDENTIAL|(?:^|[_-])(?:PASS|PAT|AUTH|DSN)(?:$|[_-])|[_-]PWD$/i;
/** Tokens that say themselves what they are. */
const VALUE = /(?<![\w.-])(?:sk-|gh[pousr]_|github_pat_|glpat-|xox[a-z]-|AKIA|eyJ[\w-]+\.)[\w.-]{12,}/d;
/** A header of HTTP with a credential, as `mcp-remote --header` takes it (RFC 9110, 11.6.2, and what APIs made up). */
const HEADER =
  /^\s*(?:(?:proxy-)?authorization|cookie|[\w-]*(?:key|token|secret|auth)[\w-]*)\s*:\s*(?:(?:bearer|basic|token)\s+)?(\S.*)$/dis;
/** The same after any name (RFC 6750, 2.1). */
const SCHEME = /\b(?:bearer|basic)\s+([\w.~+/=-]{8,})/di;
/** The password of a URL (RFC 3986, 3.2.1). */
const USERINFO = /\b[a-z][\w+.-]*:\/\/[^\s:@/]*:([^\s@/]+)@/di;
/** A parameter of a URL. */
const QUERY = /[?&][^=&#\s]*(?:token|key|secret|passw(?:or)?d|auth)[^=&#\s]*=([^&#\s]+)/di;
/** Where a shell reads the text: `sh -c`, `bash -lc`. */
const SHELL_TEXT = /^-[a-z]*c$/;
/** A variable that is set for one command of a shell. */
const ASSIGNMENT = /(?:^|[\s;&|])([A-Za-z_]\w*)=("[^"]*"|'[^']*'|[^\s;&|]+)/dg;
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
  return NAME.test(name) || withinText(value) !== undefined;
}

/** From the first to behind the last character. */
type Part = readonly [start: number, end: number];

/**
 * The part of an argument that is secret: all of `abc` in `--api-key abc`, and what stands behind the name in
 * `--api-key=abc`, `-e TOKEN=abc`, `Authorization: Bearer abc`, `postgres://me:abc@db/x` and `TOKEN=abc exec server`.
 */
export function secretPart(value: unknown, before: unknown): Part | undefined {
  if (typeof value !== 'string') return undefined;
  const option = typeof before === 'string' ? before : '';
  if (SHELL_TEXT.test(option)) return inShellText(value) ?? withinText(value);
  return withinText(value) ?? behindName(value) ?? (isValueOf(option, value) ? [0, value.length] : undefined);
}

/** `--api-key=abc`, `TOKEN=abc`. */
function behindName(value: string): Part | undefined {
  const cut = value.indexOf('=');
  const [name, rest] = [value.slice(0, cut), value.slice(cut + 1)];
  const isSecret = cut > 0 && rest !== '' && !/\s/.test(name) && NAME.test(name) && !REFERENCE.test(rest);
  return isSecret ? [cut + 1, value.length] : undefined;
}

function isValueOf(option: string, value: string): boolean {
  const isOption = option.startsWith('--') && !option.includes('=') && NAME.test(option);
  return isOption && !value.startsWith('-') && !REFERENCE.test(value);
}

/** The argument after `before`. */
export function isSecretArgument(value: unknown, before: unknown): boolean {
  return secretPart(value, before) !== undefined;
}

/** What says itself that it is secret, whatever its name. */
function withinText(text: string): Part | undefined {
  for (const pattern of [USERINFO, QUERY, HEADER, SCHEME, VALUE]) {
    const { indices } = pattern.exec(text) ?? {};
    const part = indices?.[1] ?? indices?.[0];
    if (part !== undefined && !REFERENCE.test(text.slice(...part))) return part;
  }
  return undefined;
}

function inShellText(text: string): Part | undefined {
  for (const { 1: name = '', 2: value = '', indices } of text.matchAll(ASSIGNMENT)) {
    const [start, end] = indices?.[2] ?? [0, 0];
    const quotes = /^["']/.test(value) ? 1 : 0;
    if (NAME.test(name) && !REFERENCE.test(value.slice(quotes, value.length - quotes)))
      return [start + quotes, end - quotes];
  }
  return undefined;
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
