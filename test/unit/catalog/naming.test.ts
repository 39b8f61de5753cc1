import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prefixesOf, publicName } from '../../../src/catalog/naming.ts';
import { isLegalName } from '../../../src/config/checks.ts';

/** What the hosts file allows: no `__`, a letter or digit first and last. Few letters, so that names meet. */
const hostName = fc.stringMatching(/^[ab0](?:[ab_-]{0,6}[ab0])?$/).filter(isLegalName);
const longName = fc.stringMatching(/^[ab0][a-z0-9_-]{10,40}[ab0]$/).filter(isLegalName);
const toolName = fc.oneof(
  fc.stringMatching(/^[ab_-]{1,8}$/),
  fc.string({ minLength: 1, maxLength: 80 }),
  fc.stringMatching(/^[a_]{30,60}$/),
  fc.constantFrom('é', '😀', 'a b', 'a/b', 'a.b'),
);
const place = fc.array(fc.oneof(hostName, longName), { minLength: 1, maxLength: 2 });
const maxLength = fc.integer({ min: 24, max: 64 });

/** Names of tools as real servers have them, by server. */
const REAL = Object.entries(
  JSON.parse(readFileSync(new URL('../../fixtures/tool-names.json', import.meta.url), 'utf8')) as Record<
    string,
    string
  >,
).flatMap(([server, tools]) => tools.split(' ').map((tool) => [server, tool] as const));

describe('publicName', () => {
  it('is legal for every client and never too long', () => {
    fc.assert(
      fc.property(place, toolName, maxLength, (names, tool, max) => {
        const name = publicName(names, tool, max);
        expect(name).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(name.length).toBeLessThanOrEqual(max);
      }),
    );
  });

  it('is another one for other parts', () => {
    const parts = fc.tuple(fc.tuple(hostName, hostName), toolName);
    fc.assert(
      fc.property(fc.array(parts, { minLength: 2, maxLength: 60 }), maxLength, (all, max) => {
        const byName = new Map<string, string>();
        for (const [names, tool] of all) {
          const key = JSON.stringify([names, tool]);
          const name = publicName(names, tool, max);
          expect(byName.get(name) ?? key).toBe(key);
          byName.set(name, key);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is the plain joining wherever that is legal and short enough', () => {
    fc.assert(
      fc.property(place, toolName, maxLength, (names, tool, max) => {
        const plain = [...names, tool].join('__');
        const isFine = /^[A-Za-z0-9_-]+$/.test(plain) && plain.length <= max;
        expect(publicName(names, tool, max) === plain).toBe(isFine);
      }),
    );
  });

  it("begins with one of its server's prefixes, each of which splits in one way", () => {
    fc.assert(
      fc.property(place, toolName, maxLength, (names, tool, max) => {
        const prefixes = prefixesOf(names, max);
        expect(prefixes.some((prefix) => publicName(names, tool, max).startsWith(prefix))).toBe(true);
        for (const prefix of prefixes) expect(prefix.split('__')).toHaveLength(names.length + 1);
      }),
    );
  });

  it('shortens the host, then the server, then the tool, each in its middle', () => {
    const host = 'prod-web-eu-west-1';
    const name = (server: string, tool: string): string => publicName([host, server], tool, 48);
    expect(name('files', 'read_file')).toBe('prod-web-eu-west-1__files__read_file');
    expect(name('files', 'list_directory_with_sizes')).toMatch(/^pro[a-z0-9]{4}-1__files__list_directory_with_sizes$/);
    expect(name('server-everything', 'trigger-sampling-request')).toMatch(
      /^pro[a-z0-9]{4}-1__ser[a-z0-9]{4}ng__trigger-sampling-request$/,
    );
    expect(name('server-everything', 'trigger-long-running-operation')).toMatch(
      /^pro[a-z0-9]{4}-1__ser[a-z0-9]{4}ng__trigger-long_[a-z0-9]{5}_eration$/,
    );
  });

  it('has one short form for a host, whatever its server and tool', () => {
    const names = REAL.map(([server, tool]) => publicName(['prod-web-eu-west-1', server], tool, 48));
    const hosts = new Set(names.map((name) => name.split('__')[0]));
    expect([...hosts].toSorted((a = '', b = '') => a.length - b.length)).toEqual([
      expect.stringMatching(/^pro[a-z0-9]{4}-1$/),
      'prod-web-eu-west-1',
    ]);
  });

  it.each(['gpu-server-01', 'prod-web-eu-west-1', 'ip-10-0-12-34.eu-central-1.compute'.replaceAll('.', '-')])(
    'keeps the own name of at least nine in ten real tools whole behind %s, and tells none apart by a hash alone',
    (host) => {
      const names = REAL.map(([server, tool]) => ({ tool, name: publicName([host, server], tool, 48) }));
      const whole = names.filter(({ tool, name }) => name.endsWith(`__${tool}`));
      expect(whole.length / names.length).toBeGreaterThanOrEqual(0.9);
      // A part that was shortened counts as if its hash were not there.
      const unhashed = names.map(({ tool, name }) => {
        const [machine = '', server = '', own = ''] = name.split('__');
        const short = (part: string): string => part.replace(/^(.{3})[a-z0-9]{4}(.{2})$/, '$1$2');
        return [short(machine), short(server), own === tool ? own : own.replace(/_[a-z0-9]{5}_/, '*')].join('__');
      });
      expect(new Set(unhashed).size).toBe(names.length);
    },
  );

  it('never changes, because AI clients keep allow lists of names', () => {
    const files = ['gpu1', 'files'];
    expect(publicName(files, 'read_text_file', 48)).toBe('gpu1__files__read_text_file');
    expect(publicName(files, 'dots.and/slashes', 48)).toBe('gpu1__files__dots_and_slashes_h5179');
    expect(publicName(files, 'n'.repeat(60), 48)).toBe(`gpu1__files__${'n'.repeat(17)}_ofr3h_${'n'.repeat(11)}`);
    expect(publicName(['prod-web-eu-west-1', 'files'], 'list_directory_with_sizes', 48)).toBe(
      'pro8ccl-1__files__list_directory_with_sizes',
    );
  });
});
