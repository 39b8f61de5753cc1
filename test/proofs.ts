/** Finds in the tests' own text which requirements they prove. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Proof {
  readonly id: string;
  /** Relative to the project. */
  readonly file: string;
  readonly test: string;
  readonly isSkipped: boolean;
}

const TESTS = fileURLToPath(new URL('.', import.meta.url));
/** `it(proves('name', 'id', …)`: the name in quotes of any kind, the ids in single ones. */
const CALL = /(\S*)\(\s*proves\(\s*(?:'((?:[^'\\]|\\.)*)'|`([^`]*)`)\s*,\s*((?:'[^']+'\s*,?\s*)+)\)/gu;

export function findProofs(folder = TESTS): Proof[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => /\.test\.tsx?$/u.test(name) && !name.includes('node_modules'),
  );
  return files.toSorted().flatMap((name) => proofsIn(`test/${name}`, readFileSync(join(folder, name), 'utf8')));
}

export function proofsIn(file: string, source: string): Proof[] {
  return [...source.matchAll(CALL)].flatMap(([, caller = '', single, template, ids = '']) =>
    [...ids.matchAll(/'([^']+)'/gu)].map(([, id = '']) => ({
      id,
      file,
      test: single ?? template ?? '',
      isSkipped: /skip|todo|fails/u.test(caller),
    })),
  );
}
