/** Plain-text secrets leave the text of a hosts file, and nothing else of the text changes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { readDocument } from '../../../src/config/document.ts';
import { type MovedSecret, movedSecrets, secretPlace } from '../../../src/setup/move-secrets.ts';

const nothing = async (): Promise<undefined> => undefined;

const FILE = `# my machines
version: 1
defaults:
  servers:
    files: { env: { API_KEY: "d'efault", LEVEL: debug } }   # for all
hosts:
  gpu1:   # fast
    servers:
      git:
        command: uvx
        env:
          GITHUB_TOKEN: ghp_abcdefghijklmnop   # mine
          PIN_KEY: 0815
          MONEY_KEY: a$\${b
          BLOCK_SECRET: |
            first
            second
          # the end of env
          OTHER_KEY: \${env:OTHER_KEY}
        args: [--token, plain-argument]
  nas: { servers: { git: { command: uvx, env: { GITHUB_TOKEN: "other", MIXED_TOKEN: 'x\${env:Y}' } } } }
  box: { servers: { git: { command: uvx, env: { "GITHUB_TOKEN": ghp_abcdefghijklmnop } } } }
`;

function secretsOf(moved: readonly MovedSecret[]): readonly (readonly [string, string, string])[] {
  return moved.map(({ name, value, paths }) => [name, value, paths.map(secretPlace).join(' + ')]);
}

describe('secrets of a hosts file', () => {
  it('become references, each value once, with all comments and the layout', async () => {
    const { text, moved, left } = await movedSecrets(FILE, nothing);
    expect(text).toBe(
      FILE.replace('"d\'efault"', '"${keychain:files.API_KEY}"')
        .replace('ghp_abcdefghijklmnop   # mine', '"${keychain:git.GITHUB_TOKEN}"   # mine')
        .replace(' 0815', ' "${keychain:git.PIN_KEY}"')
        .replace('a$${b', '"${keychain:git.MONEY_KEY}"')
        .replace(/\|\n +first\n +second/, '"${keychain:git.BLOCK_SECRET}"')
        .replace('"other"', '"${keychain:nas.git.GITHUB_TOKEN}"')
        .replace('ghp_abcdefghijklmnop }', '"${keychain:git.GITHUB_TOKEN}" }'),
    );
    expect(secretsOf(moved)).toEqual([
      ['files.API_KEY', "d'efault", 'defaults.servers.files.env.API_KEY'],
      ['git.GITHUB_TOKEN', 'ghp_abcdefghijklmnop', 'gpu1/git: GITHUB_TOKEN + box/git: GITHUB_TOKEN'],
      ['git.PIN_KEY', '0815', 'gpu1/git: PIN_KEY'],
      ['git.MONEY_KEY', 'a${b', 'gpu1/git: MONEY_KEY'],
      ['git.BLOCK_SECRET', 'first\nsecond\n', 'gpu1/git: BLOCK_SECRET'],
      ['nas.git.GITHUB_TOKEN', 'other', 'nas/git: GITHUB_TOKEN'],
    ]);
    expect(left.map(({ place }) => place)).toEqual(['gpu1/git: argument 2', 'nas/git: MIXED_TOKEN']);
    expect((await movedSecrets(text, nothing)).moved).toEqual([]);
  });

  it('get names that stand for no other value', async () => {
    const stored = new Map([
      ['git.GITHUB_TOKEN', 'of another file'],
      ['gpu1.git.GITHUB_TOKEN', 'of another file'],
      ['git.PIN_KEY', '0815'],
    ]);
    const { moved } = await movedSecrets(FILE, async (name) => stored.get(name));
    expect(moved.map(({ name }) => name).slice(1, 3)).toEqual(['gpu1.git.GITHUB_TOKEN-2', 'git.PIN_KEY']);
  });

  it('behind an anchor are replaced where they stand', async () => {
    const text = `hosts:
  a: { servers: { x: { command: c, env: &e { TOKEN: &t "s3cret-value" } } } }
  b: { servers: { x: { command: c, env: *e }, y: { command: c, env: { <<: *e, OTHER: 1 } }, z: { command: c, env: { COPY: *t } } } }
`;
    const { text: after } = await movedSecrets(text, nothing);
    expect(after).toBe(text.replace('"s3cret-value"', '"${keychain:x.TOKEN}"'));
  });

  it('are all gone from any file, and the data is what it was', async () => {
    const value = fc
      .string({ minLength: 1, unit: 'grapheme' })
      .filter((text) => !text.includes('${') && !text.includes('\0'));
    const env = fc.dictionary(fc.constantFrom('TOKEN', 'API_KEY', 'LEVEL', 'secret'), value);
    const server = fc.record({ command: fc.constant('c'), env });
    const hosts = fc.dictionary(
      fc.constantFrom('a', 'b', 'c-1'),
      fc.record({ servers: fc.dictionary(fc.constantFrom('x', 'y'), server) }),
    );
    await fc.assert(
      fc.asyncProperty(hosts, fc.boolean(), async (data, isJson) => {
        const before = isJson
          ? JSON.stringify({ version: 1, hosts: data }, null, 2)
          : `# top\n${stringify({ version: 1, hosts: data })}# end\n`;
        const { text, moved } = await movedSecrets(before, nothing);
        const values = new Map(moved.map(({ name, value: secret }) => [`\${keychain:${name}}`, secret]));
        const back: unknown = JSON.parse(JSON.stringify(readDocument(text).value), (_key, one: unknown) =>
          typeof one === 'string' ? (values.get(one) ?? one) : one,
        );
        expect(back).toEqual(readDocument(before).value);
        for (const { name, value: secret } of moved) {
          const variable = name.split('.').at(-1) ?? '';
          if (secret.length > 12 && !variable.includes(secret))
            expect(text.split('\n').join('')).not.toContain(JSON.stringify(secret));
        }
        expect((await movedSecrets(text, nothing)).moved).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
