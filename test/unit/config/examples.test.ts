/** The hosts files in examples/ are valid, and their list names each of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkHostsFile } from '../../../src/config/check.ts';
import { formatProblem } from '../../../src/config/problem.ts';

const folder = new URL('../../../examples/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
const FILES = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

describe('the examples', () => {
  it.each(FILES)('%s is valid', (file) => {
    const checked = checkHostsFile(Buffer.from(read(file)), { file: `/${file}`, homeDir: '/home/me' });
    expect('problems' in checked ? checked.problems.map(formatProblem) : []).toEqual([]);
  });

  it('are all in the list', () => {
    const listed = [...read('README.md').matchAll(/\]\(([\w-]+\.yaml)\)/g)].map(([, name]) => name);
    expect(listed.toSorted()).toEqual(FILES.toSorted());
  });
});
