/** The table of attacks in docs/security.md names tests that exist. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

const rows = read('docs/security.md')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (?:Attack|-)/.test(line))
  .map((line) => line.replaceAll(/ +/g, ' '));

describe('docs/security.md', () => {
  it('has a table', () => {
    expect(rows.length).toBeGreaterThan(20);
  });

  it.each(rows)('%s', (row) => {
    const [, file = '', title = ''] = /\| `(test\/[^`]+)`: "(.+)" \|$/u.exec(row) ?? [];
    expect(title, 'a row ends with the file and the title of a test').not.toBe('');
    // As the sources quote: a title with an apostrophe stands in double quotes.
    expect(read(file)).toContain(title);
  });
});
