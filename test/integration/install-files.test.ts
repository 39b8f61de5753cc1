/** What `install` does to files of AI clients that are damaged, foreign, protected or just being edited, in all three formats. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AnywhereError } from '../../src/base/errors.ts';
import { type AiClient, CLIENTS, filesOf } from '../../src/discovery/clients.ts';
import { MAX_BYTES, readEntries } from '../../src/discovery/document.ts';
import { SHAPES } from '../../src/discovery/shapes.ts';
import { makeChange, ourselves, type PlannedChange, planChange, type Surroundings } from '../../src/setup/install.ts';
import { BIN } from '../harness/program.ts';
import { makeSandbox } from '../harness/sandbox.ts';
import { scratch } from '../harness/scratch.ts';

interface Sample {
  readonly id: string;
  readonly text: string;
  /** The same with the entry `anywhere` of another program. */
  readonly taken: string;
  readonly damaged: string;
  /** Of so many kilobytes. */
  readonly large: (kilobytes: number) => string;
}

const FORMATS: Readonly<Record<'JSONC' | 'TOML' | 'YAML', Sample>> = {
  JSONC: {
    id: 'cursor',
    text: '{\n  // mine: ü\n  "mcpServers": { "git": { "command": "uvx" } },\n  "theme": "dark" /* too */\n}\n',
    taken: '{ "mcpServers": { "git": { "command": "uvx" }, "anywhere": { "command": "other" } } }\n',
    damaged: '{ "mcpServers": { "git": ',
    large: (kilobytes) => `{\n  "padding": [${'"0123456789abcdef",'.repeat(54 * kilobytes)}"end"] // c\n}\n`,
  },
  TOML: {
    id: 'codex',
    text: '# mine: ü\nmodel = "m"\n\n[mcp_servers.git] # too\ncommand = "uvx"\n',
    taken: '[mcp_servers.git]\ncommand = "uvx"\n\n[mcp_servers.anywhere]\ncommand = "other"\n',
    damaged: '[mcp_servers.git\ncommand = "uvx"\n',
    large: (kilobytes) => `# c\npadding = [\n${'  "0123456789abcdef",\n'.repeat(49 * kilobytes)}]\n`,
  },
  YAML: {
    id: 'goose',
    text: '# mine: ü\nextensions:\n  git: # too\n    cmd: uvx\nGOOSE_MODEL: m\n',
    taken: 'extensions:\n  git:\n    cmd: uvx\n  anywhere:\n    cmd: other\n',
    damaged: 'extensions:\n  git: [\n',
    large: (kilobytes) => `# c\npadding:\n${'  - 0123456789abcdef\n'.repeat(49 * kilobytes)}`,
  },
};

const never = new AbortController().signal;

describe.each(Object.entries(FORMATS))('a file in %s', (_format, sample) => {
  const client = CLIENTS.find(({ id }) => id === sample.id) as AiClient;
  const { format } = SHAPES[client.shape];

  function setUp(content: string | Buffer | undefined) {
    const sandbox = makeSandbox({ PATH: '/nowhere' });
    const surroundings: Surroundings = {
      homeDir: sandbox.home,
      env: sandbox.env,
      platform: process.platform,
      cwd: sandbox.home,
      program: { node: process.execPath, file: BIN },
      config: undefined,
    };
    const file = filesOf(client, surroundings)[0] ?? '';
    mkdirSync(dirname(file), { recursive: true });
    if (content !== undefined) writeFileSync(file, content);
    const plan = async (): Promise<PlannedChange> =>
      planChange('install', client, await ourselves(surroundings), surroundings);
    const make = async (change: PlannedChange): Promise<unknown> =>
      makeChange('install', change, await ourselves(surroundings), surroundings, never);
    const install = async (): Promise<unknown> => make(await plan());
    return { file, plan, make, install };
  }

  const names = (file: string): readonly string[] =>
    readEntries(client, readFileSync(file, 'utf8')).map(({ name }) => name);

  /** Fails without any change, and leaves nothing beside the file. */
  async function isRefused(content: string | Buffer, says: RegExp): Promise<void> {
    const { file, install } = setUp(content);
    await expect(install()).rejects.toThrow(says);
    await expect(install()).rejects.toBeInstanceOf(AnywhereError);
    expect(readFileSync(file).equals(Buffer.from(content))).toBe(true);
    expect(readdirSync(dirname(file))).toHaveLength(1);
  }

  it('that is damaged is left as it is, and the error names the place and not the content', async () => {
    await isRefused(sample.damaged, /cannot be changed: not valid (JSON|TOML|YAML) at line \d+, column \d+\.$/);
    await isRefused(`${sample.damaged}\nsecret-word`, /^(?!.*secret-word)/s);
  });

  it('in another encoding is left as it is', async () => {
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(sample.text, 'utf16le')]);
    for (const bytes of [utf16, Buffer.from(sample.text, 'latin1')])
      await isRefused(bytes, /cannot be changed: not UTF-8\./);
  });

  it('that is no settings file by its size is left as it is', async () => {
    const { file, install } = setUp(Buffer.alloc(MAX_BYTES + 1, 0x20));
    await expect(install()).rejects.toThrow('larger than 32 MiB');
    expect(lstatSync(file).size).toBe(MAX_BYTES + 1);
  });

  it('of a hundred kilobytes keeps everything', async () => {
    const large = sample.large(100);
    const { file, install } = setUp(large);
    await install();
    const after = readFileSync(file, 'utf8');
    expect(format.parse(after)).toMatchObject(format.parse(large) as object);
    expect(after).toMatch(/(\/\/|#) c\b/);
    expect(names(file)).toEqual(['anywhere']);
  });

  it.each([
    ['a byte order mark', (text: string) => `\uFEFF${text}`],
    ['CRLF', (text: string) => text.replaceAll('\n', '\r\n')],
    ['no newline at the end', (text: string) => text.trimEnd()],
  ])('with %s keeps it, with every comment', async (_what, made) => {
    const before = made(sample.text);
    const { file, install } = setUp(before);
    await install();
    const after = readFileSync(file, 'utf8');
    expect(after.startsWith('\uFEFF')).toBe(before.startsWith('\uFEFF'));
    if (before.includes('\r\n')) expect(after.replaceAll('\r\n', '')).not.toContain('\n');
    for (const comment of ['mine: ü', 'too']) expect(after).toContain(comment);
    expect(names(file)).toEqual(['git', 'anywhere']);
  });

  it('that is protected, a folder, or a link to nothing is left as it is', async () => {
    const { file, plan } = setUp(sample.text);
    chmodSync(file, 0o444);
    await expect(plan()).rejects.toThrow('read-only');
    const folder = setUp(undefined);
    mkdirSync(folder.file);
    await expect(folder.plan()).rejects.toThrow('not a regular file');
    const dangling = setUp(undefined);
    symlinkSync('/gone/elsewhere', dangling.file);
    await expect(dangling.install()).rejects.toThrow('a link to a file that does not exist');
    expect(readlinkSync(dangling.file)).toBe('/gone/elsewhere');
  });

  it('behind a chain of links is changed where it is, and the links stay', async () => {
    const real = join(scratch(), 'dotfile');
    writeFileSync(real, sample.text, { mode: 0o640 });
    const middle = join(scratch(), 'middle');
    symlinkSync(real, middle);
    const { file, install } = setUp(undefined);
    symlinkSync(middle, file);
    await install();
    expect([readlinkSync(file), readlinkSync(middle)]).toEqual([middle, real]);
    expect(lstatSync(real).mode & 0o777).toBe(0o640);
    expect(names(real)).toEqual(['git', 'anywhere']);
  });

  it('that changes after the preview keeps the change, or refuses where the change is our entry', async () => {
    const { file, plan, make } = setUp(sample.text);
    const change = await plan();
    const edited = sample.text.replace('mine', 'edited');
    writeFileSync(file, edited);
    await make(change);
    expect(readFileSync(file, 'utf8')).toContain('edited');
    expect(names(file)).toEqual(['git', 'anywhere']);

    const other = setUp(sample.text);
    const outdated = await other.plan();
    writeFileSync(other.file, sample.taken);
    await expect(other.make(outdated)).rejects.toThrow('has changed since the preview');
    expect(readFileSync(other.file, 'utf8')).toBe(sample.taken);
    writeFileSync(other.file, sample.damaged);
    await expect(other.make(outdated)).rejects.toThrow('cannot be changed');
    expect(readFileSync(other.file, 'utf8')).toBe(sample.damaged);
    expect(existsSync(`${other.file}.before-anywhere`)).toBe(false);
  });

  it('that two installs change at once holds the entry once', async () => {
    const { file, install } = setUp(sample.text);
    await Promise.allSettled([install(), install(), install()]);
    expect(names(file)).toEqual(['git', 'anywhere']);
    expect(readdirSync(dirname(file)).filter((name) => !name.startsWith(file.slice(dirname(file).length + 1)))).toEqual(
      [],
    );
  });
});
