/** Takes plain-text secrets out of a hosts file: references to stored secrets take their places. */
import { isDeepStrictEqual } from 'node:util';
import { AnywhereError } from '../base/errors.ts';
import { readDocument } from '../config/document.ts';
import { formatKey, type KeyPath, mapping } from '../config/problem.ts';
import { parseTemplate } from '../config/template.ts';
import { type PlainSecret, plainSecrets, replacedIn } from './secret-values.ts';

export interface MovedSecret {
  /** Of the stored secret. */
  readonly name: string;
  readonly value: string;
  /** Equal values become one secret. */
  readonly paths: readonly KeyPath[];
}

export interface LeftSecret {
  readonly place: string;
  readonly why: string;
}

export interface SecretsMove {
  readonly text: string;
  readonly moved: readonly MovedSecret[];
  /** Secrets that no reference can replace, and why. */
  readonly left: readonly LeftSecret[];
}

/** @param stored the value of a secret that is stored already */
export async function movedSecrets(
  before: string,
  stored: (name: string) => Promise<string | undefined>,
): Promise<SecretsMove> {
  const moved: Moved[] = [];
  const left: LeftSecret[] = [];
  for (const secret of plainSecrets(before)) {
    const value = literalOf(secret);
    if (typeof value !== 'string') left.push({ place: secretPlace(secret.path), why: value.why });
    else {
      const same = moved.find((one) => one.value === value);
      if (same === undefined)
        moved.push({ name: await nameFor(secret, value, moved, stored), value, secrets: [secret] });
      else same.secrets.push(secret);
    }
  }
  const text = replacedIn(
    before,
    moved.flatMap(({ name, secrets }) => secrets.map(({ span }) => [span, JSON.stringify(referenceTo(name))] as const)),
  );
  if (!isDeepStrictEqual(resolved(readDocument(text).value, moved), readDocument(before).value)) throw impossible();
  return {
    text,
    left,
    moved: moved.map(({ name, value, secrets }) => ({ name, value, paths: secrets.map(({ path }) => path) })),
  };
}

interface Moved {
  readonly name: string;
  readonly value: string;
  readonly secrets: PlainSecret[];
}

export function referenceTo(name: string): string {
  return `\${keychain:${name}}`;
}

/** Like `gpu1/files: TOKEN`, and `defaults.servers.files.env.TOKEN` elsewhere. */
export function secretPlace(path: KeyPath): string {
  const [root, host, , server, kind, last] = path;
  if (root !== 'hosts' || path.length !== 6) return formatKey(path);
  const what = kind === 'args' ? `argument ${String(Number(last) + 1)}` : String(last);
  return `${String(host)}/${String(server)}: ${what}`;
}

function literalOf({ path, value }: PlainSecret): string | { readonly why: string } {
  if (path.at(-2) === 'args')
    return {
      why: 'process lists show arguments, whatever they refer to; pass the secret in a variable, if the program reads one',
    };
  const parsed = parseTemplate(value);
  const pieces = 'fault' in parsed ? [] : parsed.template.pieces;
  const texts = pieces.filter((piece) => typeof piece === 'string');
  if (pieces.length === 0 || texts.length < pieces.length)
    return { why: 'the value holds a reference beside the secret; store the secret, and write its reference by hand' };
  return texts.join('');
}

/** Server and variable; the host too, where the shorter name stands for another value. */
function nameFor(
  { path }: PlainSecret,
  value: string,
  moved: readonly Moved[],
  stored: (name: string) => Promise<string | undefined>,
): Promise<string> {
  const host = path[0] === 'hosts' ? [String(path[1])] : [];
  const server = path.at(-3) === undefined ? [] : [String(path.at(-3))];
  return secretName([...host, ...server, String(path.at(-1))], value, moved, stored);
}

/** @param place host, server and variable */
export async function secretName(
  place: readonly string[],
  value: string,
  taken: readonly { readonly name: string; readonly value: string }[],
  stored: (name: string) => Promise<string | undefined>,
): Promise<string> {
  const [short, long] = [place.slice(-2), place].map((parts) =>
    parts
      .join('.')
      .replaceAll(/[^A-Za-z0-9._-]/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '')
      .slice(0, 120),
  );
  for (let number = 0; ; number += 1) {
    const name = [short, long][number] ?? `${long ?? 'secret'}-${String(number)}`;
    const known = taken.find((one) => one.name === name)?.value ?? (await stored(name));
    if (known === undefined || known === value) return name;
  }
}

/** The data with the values in the places of the references: equal to the data before. */
function resolved(data: unknown, moved: readonly Moved[]): unknown {
  const values = new Map(moved.flatMap(({ name, secrets }) => secrets.map((one) => [referenceTo(name), one.value])));
  const walk = (value: unknown): unknown => {
    if (typeof value === 'string') return values.get(value) ?? value;
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(mapping(value)).map(([key, one]) => [key, walk(one)]));
  };
  return walk(data);
}

function impossible(): AnywhereError {
  return new AnywhereError(
    'USAGE',
    'The secrets of the hosts file cannot be replaced without changing something else.',
    {
      evidence: ['anchors, aliases, merges (<<) or an unusual layout are in the way'],
      hint: 'mcp-anywhere secret set <name>, then write ${keychain:<name>} in the file by hand',
    },
  );
}
