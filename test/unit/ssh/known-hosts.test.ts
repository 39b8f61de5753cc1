/** known_hosts as we read it, with ssh-keygen as the oracle. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SshSettings } from '../../../src/ssh/config.ts';
import {
  addKnownHost,
  hostKeyError,
  judgeHostKey,
  knownHostsName,
  knownKeyTypes,
  lookupKnownHost,
} from '../../../src/ssh/known-hosts.ts';
import {
  fingerprintOf,
  hashedName,
  keyTypeOf,
  namesHost,
  parseKnownHosts,
} from '../../../src/ssh/known-hosts-lines.ts';
import { makeKey } from '../../harness/keys.ts';
import { scratch } from '../../harness/scratch.ts';

const ED = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIIeOakb2cI4IxJB+qd0b8kHEYpJQfRWmnxRrdYZ0E7P';
const blob = (publicKey: string): Buffer => Buffer.from(publicKey.split(' ')[1] ?? '', 'base64');

function settings(file: string, change: Partial<SshSettings> = {}): SshSettings {
  return {
    alias: 'box',
    raw: new Map(),
    hostname: 'box.example',
    port: 22,
    user: 'me',
    identityFiles: [],
    identitiesOnly: false,
    identityAgent: undefined,
    certificateFiles: [],
    proxyJump: undefined,
    proxyCommand: undefined,
    userKnownHostsFiles: [file],
    globalKnownHostsFiles: [],
    hostKeyAlias: undefined,
    withoutSsh: undefined,
    controlPath: undefined,
    connectTimeoutMs: 1000,
    ...change,
  };
}

function fileWith(text: string): string {
  const file = join(scratch(), 'known_hosts');
  writeFileSync(file, text);
  return file;
}

/** Lines that `ssh-keygen -F` finds for a name. */
function oracle(file: string, name: string): number[] {
  const { stdout } = spawnSync('ssh-keygen', ['-F', name, '-f', file], { encoding: 'utf8' });
  return [...stdout.matchAll(/found: line (\d+)/g)].map((found) => Number(found[1]));
}

function ours(file: string, name: string): number[] {
  return parseKnownHosts(readFileSync(file, 'utf8'))
    .filter((line) => namesHost(line, name))
    .map((line) => line.line);
}

describe('which lines speak of a name', () => {
  it('agrees with ssh-keygen -F for patterns, ports, negations and any case', () => {
    const label = fc.constantFrom('a', 'b', 'ab', 'BOX', '10.0.0.1', 'x.y');
    const pattern = fc.oneof(
      label,
      fc
        .array(fc.constantFrom('a', 'b', '*', '?', '.', 'x', 'B'), { minLength: 1, maxLength: 5 })
        .map((parts) => parts.join('')),
      fc.tuple(label, fc.constantFrom('22', '2222', '*')).map(([host, port]) => `[${host}]:${port}`),
    );
    const field = fc
      .array(fc.tuple(fc.boolean(), pattern), { minLength: 1, maxLength: 3 })
      .map((list) => list.map(([not, text]) => (not && list.length > 1 ? `!${text}` : text)).join(','));
    const name = fc.oneof(
      label,
      label.map((host) => `[${host}]:2222`),
    );
    fc.assert(
      fc.property(fc.array(field, { minLength: 1, maxLength: 4 }), name, (fields, wanted) => {
        const file = fileWith(fields.map((one) => `${one} ${ED}\n`).join(''));
        expect(ours(file, wanted)).toEqual(oracle(file, wanted));
      }),
      { numRuns: 60 },
    );
  });

  it('agrees with ssh-keygen on hashed names, made by it and by us', () => {
    const file = fileWith(`[box.example]:2222 ${ED}\nbox.example ${ED}\n`);
    execFileSync('ssh-keygen', ['-H', '-f', file], { stdio: 'ignore' });
    expect(ours(file, 'Box.Example')).toEqual([2]);
    expect(ours(file, '[box.example]:2222')).toEqual([1]);
    const mine = fileWith(`${hashedName('[box.example]:2222')} ${ED}\n`);
    expect(oracle(mine, '[box.example]:2222')).toEqual([1]);
    expect(oracle(mine, 'box.example')).toEqual([]);
  });

  it.each<readonly [string, string]>([
    ['box.example', 'box.example'],
    ['BOX.example', 'box.EXAMPLE'],
    ['[box.example]:2222', '[box.example]:2222'],
    ['box.example', '[box.example]:2222'],
    ['[box.example]:22', 'box.example'],
    ['*.example,!box.example', 'box.example'],
    ['!box.example,*.example', 'other.example'],
    ['!box.example', 'box.example'],
    ['a,b,box.example', 'box.example'],
    ['10.0.0.?', '10.0.0.7'],
    ['10.0.0.?', '10.0.0.77'],
    ['*', '[fe80::1%eth0]:2222'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
    ['[::1]:2222', '[::1]:2222'],
    ['@revoked box.example', 'box.example'],
    ['@cert-authority *.example', 'box.example'],
    ['@cert-authority *.example', 'box.other'],
    ['@unheard-of box.example', 'box.example'],
    ['# box.example', 'box.example'],
    ['|1|broken', 'box.example'],
    ['|1|AAAA|AAAA', 'box.example'],
    ['|2|AAAA|AAAA', 'box.example'],
  ])('agrees with ssh-keygen -F: is %j about %j?', (names, wanted) => {
    const file = fileWith(`${names} ${ED} a comment\n`);
    expect(ours(file, wanted)).toEqual(oracle(file, wanted));
  });

  it('skips what ssh would not understand', () => {
    const text = [
      '# box',
      '',
      'box',
      'box ssh-rsa',
      `box ssh-rsa ${ED.split(' ')[1] ?? ''}`,
      `@unheard-of box ${ED}`,
      `@revoked box ${ED}`,
      ` \tbox \t${ED} comment`,
    ].join('\r\n');
    expect(parseKnownHosts(text).map((line) => [line.line, line.marker])).toEqual([
      [7, 'revoked'],
      [8, undefined],
    ]);
  });

  it('is quick on patterns made to be slow', () => {
    const [line] = parseKnownHosts(`${'*a'.repeat(200)} ${ED}`);
    const since = performance.now();
    expect(line !== undefined && namesHost(line, 'a'.repeat(5000) + 'b')).toBe(false);
    expect(performance.now() - since).toBeLessThan(10_000);
  });
});

describe('the verdict', () => {
  it('prints fingerprints as ssh-keygen does', async () => {
    for (const type of ['ed25519', 'rsa', 'ecdsa'] as const) {
      const key = await makeKey(join(scratch(), type), type);
      expect(fingerprintOf(blob(key.publicKey))).toBe(key.fingerprint);
      expect(keyTypeOf(blob(key.publicKey))).toBe(key.publicKey.split(' ')[0]);
    }
  });

  it('known, unknown, changed, revoked', async () => {
    const [mine, other] = await Promise.all([makeKey(join(scratch(), 'mine')), makeKey(join(scratch(), 'other'))]);
    const judge = async (text: string, change: Partial<SshSettings> = {}): Promise<string> =>
      judgeHostKey(await lookupKnownHost(settings(fileWith(text), change)), blob(mine.publicKey)).kind;
    expect(await judge(`box.example ${mine.publicKey}\n`)).toBe('known');
    expect(await judge(`box.example ${other.publicKey}\nbox.example ${mine.publicKey}\n`)).toBe('known');
    expect(await judge(`elsewhere ${mine.publicKey}\n`)).toBe('unknown');
    expect(await judge(`box.example ${other.publicKey}\n`)).toBe('changed');
    expect(await judge(`box.example ${mine.publicKey}\n@revoked * ${mine.publicKey}\n`)).toBe('revoked');
    // A CA is no host key: ssh itself checks certificates.
    expect(await judge(`@cert-authority * ${mine.publicKey}\n`)).toBe('unknown');
    // Without its port a key proves the machine, and another one says nothing.
    expect(await judge(`box.example ${mine.publicKey}\n`, { port: 2222 })).toBe('known');
    expect(await judge(`box.example ${other.publicKey}\n`, { port: 2222 })).toBe('unknown');
    expect(await judge(`cluster ${mine.publicKey}\n`, { port: 2222, hostKeyAlias: 'cluster' })).toBe('known');
  });

  it('reads the global files too, and files that are not there say nothing', async () => {
    const global = fileWith(`box.example ${ED}\n`);
    const known = await lookupKnownHost(
      settings('/nowhere/known_hosts', { globalKnownHostsFiles: [global, '/dev/null'] }),
    );
    expect(known.keys).toMatchObject([{ file: global, line: 1, type: 'ssh-ed25519' }]);
    expect(knownKeyTypes(known)).toEqual(['ssh-ed25519']);
  });

  it('a file that cannot be read is an error: a key may be revoked there', async () => {
    // A link to itself: not even root reads it.
    const file = join(scratch(), 'known_hosts');
    symlinkSync(file, file);
    await expect(lookupKnownHost(settings(file))).rejects.toMatchObject({ code: 'SSH_CONFIG' });
  });

  it('asks first for the types that are known, never for a revoked one', async () => {
    const rsa = await makeKey(join(scratch(), 'rsa'), 'rsa');
    const known = await lookupKnownHost(
      settings(fileWith(`box.example ${rsa.publicKey}\nbox.example ${ED}\n@revoked * ${ED}\n`)),
    );
    expect(knownKeyTypes(known)).toEqual(['ssh-rsa']);
  });

  it('of an unknown key hints at trust', () => {
    const error = hostKeyError(
      'box.example',
      { kind: 'unknown', presented: { type: 'ssh-ed25519', fingerprint: 'SHA256:x' } },
      { host: 'gpu1' },
    );
    expect(error.toJSON()).toMatchObject({
      code: 'HOST_KEY_UNKNOWN',
      hint: 'mcp-anywhere trust gpu1',
      evidence: ['shown: ssh-ed25519 SHA256:x'],
    });
  });

  it('names machines as known_hosts does', () => {
    expect(knownHostsName({ hostname: 'h', port: 22, hostKeyAlias: undefined })).toBe('h');
    expect(knownHostsName({ hostname: '::1', port: 2222, hostKeyAlias: undefined })).toBe('[::1]:2222');
    expect(knownHostsName({ hostname: 'h', port: 2222, hostKeyAlias: 'a' })).toBe('a');
  });
});

describe('adding a key', () => {
  it('makes file and folder private and appends whole lines that ssh-keygen finds', async () => {
    const file = join(scratch(), 'deep', 'ssh', 'known_hosts');
    await addKnownHost(file, 'one', blob(ED), { hash: false });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(file, '..')).mode & 0o777).toBe(0o700);
    writeFileSync(file, readFileSync(file, 'utf8').trimEnd());
    await Promise.all(
      ['[two]:2222', 'three', 'four'].map((name) => addKnownHost(file, name, blob(ED), { hash: name === 'three' })),
    );
    for (const name of ['one', '[two]:2222', 'three', 'four']) expect(oracle(file, name), name).toHaveLength(1);
    expect(parseKnownHosts(readFileSync(file, 'utf8'))).toHaveLength(4);
  });

  it('refuses what is no file', async () => {
    await expect(addKnownHost('/dev/null', 'box', blob(ED), { hash: false })).rejects.toMatchObject({
      code: 'SSH_CONFIG',
    });
    const folder = join(scratch(), 'folder');
    mkdirSync(folder);
    await expect(addKnownHost(folder, 'box', blob(ED), { hash: false })).rejects.toMatchObject({ code: 'SSH_CONFIG' });
  });
});
