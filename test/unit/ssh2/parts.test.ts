/** The small parts of the ssh2 link that need no machine. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duplex, PassThrough } from 'node:stream';
import ssh2, { type Client, type ClientChannel } from 'ssh2';
import { describe, expect, it, vi } from 'vitest';
import { type Clock, systemClock } from '../../../src/base/clock.ts';
import { AnywhereError } from '../../../src/base/errors.ts';
import { algorithmsFor } from '../../../src/ssh2/algorithms.ts';
import { fromSsh2, opensshMayDoBetter, type Phase } from '../../../src/ssh2/errors.ts';
import { checkHostKey, failClosed } from '../../../src/ssh2/host-keys.ts';
import { orderIdentities } from '../../../src/ssh2/identities.ts';
import { ignoreHostKeys, onLoginFailure, takeWindows, windowOf } from '../../../src/ssh2/internals.ts';
import { Keyring } from '../../../src/ssh2/keyring.ts';
import { parsed, readIdentityFile } from '../../../src/ssh2/private-key.ts';
import { LoginLimit } from '../../../src/ssh2/questions.ts';
import { type KeyPair, makeKey } from '../../harness/keys.ts';
import { scratch } from '../../harness/scratch.ts';

describe('the host verifier', () => {
  it.each<[string, () => unknown, boolean]>([
    ['true', () => true, true],
    ['a later true', () => Promise.resolve(true), false],
    ['false', () => false, false],
    ['a later false', () => Promise.resolve(false), false],
    [
      'an error',
      () => {
        throw new Error('x');
      },
      false,
    ],
    ['null', () => null, false],
    ['0', () => 0, false],
    ['undefined', () => undefined, false],
    ['"yes"', () => 'yes', false],
  ])('lets only true pass, and answers at once: %s', (_what, check, accepted) => {
    expect(failClosed(check as (key: Buffer) => boolean)(Buffer.alloc(0))).toBe(accepted);
  });

  it('takes the very same key again, and no other one, however well it is known', async () => {
    const folder = scratch();
    const [first, second] = await Promise.all([makeKey(join(folder, 'first')), makeKey(join(folder, 'second'))]);
    const blobOf = (key: KeyPair): Buffer => Buffer.from(key.publicKey.split(' ')[1] ?? '', 'base64');
    const keys = [first, second].map((pair, line) => ({
      file: 'known_hosts',
      line,
      type: 'ssh-ed25519',
      key: blobOf(pair),
      fingerprint: pair.fingerprint,
    }));
    const known = { name: 'box', keys, withoutPort: [], revoked: [], authorities: [] };
    const check = checkHostKey(known, 'box');
    expect(check.verifier(blobOf(first))).toBe(true);
    expect(check.verifier(blobOf(first))).toBe(true);
    expect(check.failure()).toBeUndefined();
    expect(check.verifier(blobOf(second))).toBe(false);
    expect(check.failure()).toMatchObject({ code: 'LINK_LOST', host: 'box' });
    expect(check.fingerprint()).toBe(first.fingerprint);
  });
});

describe('errors', () => {
  const place = { host: 'box', machine: 'me@box' };
  const error = (fields: object): Error => Object.assign(new Error('seen'), fields);

  it.each<[object, Phase, string]>([
    [{ level: 'client-socket', code: 'ECONNREFUSED' }, 'connecting', 'HOST_UNREACHABLE'],
    [{ code: 'ENOTFOUND' }, 'connecting', 'HOST_UNREACHABLE'],
    [{ code: 'ETIMEDOUT' }, 'connecting', 'HOST_TIMEOUT'],
    [{ level: 'handshake' }, 'handshake', 'SSH_NEGOTIATION'],
    [{ level: 'protocol' }, 'handshake', 'HOST_BUSY'],
    [{ level: 'client-socket', code: 'ECONNRESET' }, 'handshake', 'HOST_BUSY'],
    [{ level: 'client-socket', code: 'ECONNRESET' }, 'login', 'HOST_UNREACHABLE'],
    [{ level: 'protocol' }, 'login', 'SSH_NEGOTIATION'],
    [{}, 'login', 'SSH_NEGOTIATION'],
    [{}, 'connecting', 'HOST_UNREACHABLE'],
    [{ level: 'client-authentication' }, 'login', 'AUTH_FAILED'],
    [{ code: 2 }, 'login', 'AUTH_FAILED'],
    [{ code: 12 }, 'login', 'HOST_UNREACHABLE'],
    [{ level: 'client-timeout' }, 'ready', 'LINK_LOST'],
    [{ level: 'client-socket', code: 'ECONNRESET' }, 'ready', 'LINK_LOST'],
    [{ level: 'handshake' }, 'ready', 'LINK_LOST'],
  ])('%j while %s is %s', (fields, phase, code) => {
    expect(fromSsh2(error(fields), phase, place).toJSON()).toMatchObject({ code, host: 'box' });
  });

  it('a name without an address says where the name stands', () => {
    const report = fromSsh2(error({ code: 'ENOTFOUND' }), 'connecting', place).toJSON();
    expect(report.hint).toBe(
      'correct the host name in ~/.ssh/config, or `ssh.host` in the hosts file; mcp-anywhere doctor box',
    );
    // The message says it already.
    expect(report.message).toContain('seen');
    expect(report.evidence).toBeUndefined();
  });

  it('never sends a host key failure to another program', () => {
    for (const code of [
      'HOST_KEY_UNKNOWN',
      'HOST_KEY_CHANGED',
      'HOST_KEY_REVOKED',
      'HOST_UNREACHABLE',
      'NO_TTY',
    ] as const)
      expect(opensshMayDoBetter(new AnywhereError(code, ''))).toBe(false);
    for (const code of ['SSH_NEGOTIATION', 'AUTH_FAILED', 'KEY_UNUSABLE'] as const)
      expect(opensshMayDoBetter(new AnywhereError(code, ''))).toBe(true);
  });
});

describe('algorithms', () => {
  const settings = (options: Record<string, string>) => ({
    alias: 'box',
    raw: new Map(Object.entries(options).map(([name, value]) => [name, [value]])),
  });

  it('ask for the known type of key first, and for AES-GCM', () => {
    const { serverHostKey, cipher } = algorithmsFor(settings({}), ['ssh-rsa']) as {
      serverHostKey: string[];
      cipher: string[];
    };
    expect(serverHostKey.slice(0, 3)).toEqual(['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa']);
    expect(serverHostKey).toContain('ssh-ed25519');
    expect(cipher[0]).toBe('aes128-gcm@openssh.com');
  });

  it('offer nothing that the configuration does not allow', () => {
    const { serverHostKey, cipher } = algorithmsFor(
      settings({ hostkeyalgorithms: 'ssh-ed25519,rsa-sha2-512', ciphers: 'aes256-ctr' }),
      ['ssh-rsa'],
    ) as { serverHostKey: string[]; cipher: string[] };
    expect(serverHostKey).toEqual(['rsa-sha2-512', 'ssh-ed25519']);
    expect(cipher).toEqual(['aes256-ctr']);
    expect(() => algorithmsFor(settings({ macs: 'umac-64@openssh.com' }), [])).toThrow(
      expect.objectContaining({ code: 'SSH_NEGOTIATION' }),
    );
  });
});

describe('the limit of a login', () => {
  function fakeClock(): Clock & { pass(ms: number): void } {
    let now = 0;
    let timers: { at: number; task: () => void }[] = [];
    return {
      ...systemClock(),
      monotonic: () => now,
      after: (delayMs, task) => {
        const timer = { at: now + delayMs, task };
        timers.push(timer);
        return () => {
          timers = timers.filter((one) => one !== timer);
        };
      },
      pass: (ms) => {
        now += ms;
        for (const timer of timers.filter((one) => one.at <= now)) timer.task();
      },
    };
  }

  it('stands still while a person thinks, also two at once', async () => {
    const clock = fakeClock();
    const onEnd = vi.fn();
    const limit = new LoginLimit(clock, 1000, onEnd);
    clock.pass(600);
    const answers: (() => void)[] = [];
    const think = (): Promise<void> => limit.paused(() => new Promise((resolve) => answers.push(resolve)));
    const thinking = [think(), think()];
    clock.pass(60_000);
    answers[0]?.();
    await thinking[0];
    clock.pass(60_000);
    expect(onEnd).not.toHaveBeenCalled();
    answers[1]?.();
    await thinking[1];
    clock.pass(399);
    expect(onEnd).not.toHaveBeenCalled();
    clock.pass(1);
    expect(onEnd).toHaveBeenCalledOnce();
  });
});

describe('identity files', () => {
  it('tells private, encrypted, public and unusable apart without a passphrase', async () => {
    const folder = scratch();
    const plain = await makeKey(join(folder, 'plain'));
    const locked = await makeKey(join(folder, 'locked'), 'ed25519', 'word');
    execFileSync('rm', [`${locked.path}.pub`]);
    writeFileSync(join(folder, 'junk'), 'no key', { mode: 0o600 });
    writeFileSync(join(folder, 'only.pub'), `${plain.publicKey}\n`);
    expect(await readIdentityFile(plain.path)).toMatchObject({ kind: 'private' });
    const encrypted = await readIdentityFile(locked.path);
    expect(encrypted?.kind === 'encrypted' && encrypted.publicKey?.getPublicSSH().toString('base64')).toBe(
      locked.publicKey.split(' ')[1],
    );
    expect(encrypted?.kind === 'encrypted' && encrypted.decrypt('wrong')).toBeUndefined();
    expect(encrypted?.kind === 'encrypted' && encrypted.decrypt('word')?.isPrivateKey()).toBe(true);
    expect(await readIdentityFile(join(folder, 'junk'))).toMatchObject({ kind: 'unusable' });
    expect(await readIdentityFile(join(folder, 'only'))).toMatchObject({ kind: 'public' });
    expect(await readIdentityFile(join(folder, 'nothing'))).toBeUndefined();
  });
});

describe('the order of keys', () => {
  it('named ones first, what the agent holds from the agent, nothing twice', async () => {
    const folder = scratch();
    const [file, held, extra] = await Promise.all(['file', 'held', 'extra'].map((name) => makeKey(join(folder, name))));
    if (file === undefined || held === undefined || extra === undefined) throw new Error('keys');
    const keyOf = (path: string) => {
      const key = parsed(readFileSync(`${path}.pub`, 'utf8'));
      if (key === undefined) throw new Error('not a key');
      return key;
    };
    const agent = {
      socket: '',
      keys: [keyOf(extra.path), keyOf(held.path)].map((key) => key.getPublicSSH()),
      sign: () => Promise.reject(new Error()),
    };
    const files = (await Promise.all([held.path, file.path].map(readIdentityFile))).filter((one) => one !== undefined);
    const labels = (only: boolean): string[] =>
      orderIdentities(files, agent, only, new Keyring()).map((one) => one.label);
    expect(labels(false)).toEqual([
      `ssh-ed25519 ${held.fingerprint} (agent)`,
      `ssh-ed25519 ${file.fingerprint} (${file.path})`,
      `ssh-ed25519 ${extra.fingerprint} (agent)`,
    ]);
    expect(labels(true)).toHaveLength(2);
  });
});

describe('the keyring', () => {
  it('asks once for one file, whoever comes meanwhile or later', async () => {
    const locked = await makeKey(join(scratch(), 'locked'), 'ed25519', 'word');
    const file = await readIdentityFile(locked.path);
    if (file?.kind !== 'encrypted') throw new Error('not encrypted');
    const keyring = new Keyring();
    const answers: ((word: string) => void)[] = [];
    const ask = vi.fn(() => new Promise<string>((resolve) => answers.push(resolve)));
    const unlocking = Promise.all([keyring.unlock(file, ask), keyring.unlock(file, ask)]);
    await expect.poll(() => answers).toHaveLength(1);
    answers[0]?.('wrong');
    await expect.poll(() => answers).toHaveLength(2);
    answers[1]?.('word');
    await unlocking;
    await keyring.unlock(file, ask);
    expect(ask).toHaveBeenCalledTimes(2);
    await expect(new Keyring().unlock(file, () => Promise.resolve(undefined))).rejects.toMatchObject({
      code: 'NO_TTY',
    });
    await expect(new Keyring().unlock(file, () => Promise.resolve('no'))).rejects.toMatchObject({
      code: 'KEY_UNUSABLE',
    });
  });
});

describe('what ssh2 keeps to itself', () => {
  function clientWith(change: object = {}) {
    const answered: string[] = [];
    const handlers = {
      USERAUTH_FAILURE: () => undefined,
      GLOBAL_REQUEST: (_protocol: unknown, name: string) => {
        answered.push(name);
      },
      ...change,
    };
    const call = (): undefined => undefined;
    const protocol = { channelData: call, channelWindowAdjust: call, _handlers: handlers };
    return { client: { _protocol: protocol } as unknown as Client, handlers, protocol, answered };
  }

  it('other host keys are not proved, and other requests are answered as ever', () => {
    const { client, handlers, answered } = clientWith();
    ignoreHostKeys(client);
    const request = handlers.GLOBAL_REQUEST as (p: unknown, name: string, wantReply: boolean, data: unknown) => void;
    request(undefined, 'hostkeys-00@openssh.com', false, []);
    request(undefined, 'hostkeys-00@openssh.com', true, []);
    request(undefined, 'keepalive@openssh.com', true, []);
    expect(answered).toEqual(['hostkeys-00@openssh.com', 'keepalive@openssh.com']);
  });

  it('is there in the ssh2 that is installed', () => {
    const client = new ssh2.Client().on('error', () => undefined);
    client.connect({ sock: new Duplex({ read: () => undefined }), username: 'x', password: 'x' });
    expect(onLoginFailure(client, () => undefined)).toBe(true);
    expect(takeWindows(client, { said: () => undefined, read: () => undefined })).toBeTypeOf('function');
    client.destroy();
  });

  it('is left alone where ssh2 is built differently', () => {
    const { client, handlers, protocol } = clientWith({ USERAUTH_FAILURE: undefined });
    const before = { ...handlers, ...protocol };
    ignoreHostKeys(client);
    expect(onLoginFailure(client, () => undefined)).toBe(false);
    expect(takeWindows(client, { said: () => undefined, read: () => undefined })).toBeUndefined();
    expect({ ...handlers, ...protocol }).toEqual(before);
    expect(windowOf(new PassThrough() as unknown as ClientChannel)).toBeUndefined();
  });
});
