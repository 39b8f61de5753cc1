/** Literal values that look like secrets: found in entries of servers, and hidden in texts for people. */
import { isMap, isScalar, isSeq, type Pair, parseDocument } from 'yaml';
import { keyOf } from '../config/document.ts';
import { mapping } from '../config/problem.ts';

const NAME = /TOKEN|KEY|SECRET|PASSW(?:OR)?D|CREDENTIAL/i;
/** Tokens that say themselves what they are. */
const VALUE = /^(?:sk-|gh[pousr]_|github_pat_|glpat-|xox[a-z]-|AKIA|eyJ[\w-]+\.)[\w.-]{12,}/;
/** References alone, like `Bearer ${env:TOKEN}`; a default may be the secret. */
const REFERENCE = /^(?:[A-Za-z]+ )?(?:\$\{(?!env:\w+:-[^}])[^}]*\})+$/;
const HIDDEN = '•••';
/** Resolved on this machine. */
const LOCAL = /\$\{(?:cmd|file):/;

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

/** A hosts file for people: the literal values that look like secrets are hidden, however they are written. */
export function withoutSecrets(text: string): string {
  const spans: (readonly [number, number])[] = [];
  const hide = (node: unknown): void => {
    if (!isScalar(node) || node.range === undefined || node.range === null) return;
    spans.push([node.range[0], node.range[1]]);
  };
  findSecrets(parseDocument(text, { prettyErrors: false, merge: true, stringKeys: true }).contents, hide);
  return spans
    .sort(([a], [b]) => b - a)
    .reduce((shown, [start, end]) => {
      const isBlock = shown.slice(start, end).endsWith('\n');
      return `${shown.slice(0, start)}${HIDDEN}${isBlock ? '\n' : ''}${shown.slice(end)}`;
    }, text);
}

/** In every `env` and `args`, wherever it stands: also below `defaults`, and in a server that is called `env`. */
function findSecrets(node: unknown, hide: (node: unknown) => void): void {
  const pairs: readonly Pair[] = isMap(node) ? node.items : [];
  for (const pair of pairs) {
    if (keyOf(pair) === 'env' && isMap(pair.value))
      pair.value.items
        .filter((each) => isSecretVariable(keyOf(each), textOf(each.value)))
        .forEach((each) => {
          hide(each.value);
        });
    if (keyOf(pair) === 'args' && isSeq(pair.value)) {
      const values = pair.value.items.map(textOf);
      pair.value.items
        .filter((_, index) => isSecretArgument(values[index], values[index - 1]))
        .forEach((each) => {
          hide(each);
        });
    }
    findSecrets(pair.value, hide);
  }
}

/** As written: a password of digits is no number here. */
function textOf(node: unknown): string | undefined {
  if (!isScalar(node)) return undefined;
  return typeof node.value === 'string' ? node.value : node.source;
}

/** References that run a command or read a file of this machine: pasted text must not bring them along unseen. */
export function commandsOf(entry: unknown): string[] {
  const { env, args } = mapping(entry);
  const found = Object.entries(mapping(env)).filter(([, value]) => LOCAL.test(String(value)));
  const isInArgs = Array.isArray(args) && args.some((value) => LOCAL.test(String(value)));
  return [...found.map(([name]) => name), ...(isInArgs ? ['args'] : [])];
}
