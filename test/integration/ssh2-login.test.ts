/** Who lets us in, with which keys and answers, against real sshd and real ssh-agent. */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type KeyPair, makeKey } from '../harness/keys.ts';
import { scratch } from '../harness/scratch.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { until } from '../harness/until.ts';
import { dial, failure, hostOf, person, run, testDeps } from './ssh2-kit.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

/** A real agent; ended after the test. */
function startAgent(): { readonly socket: string; add(path: string): void } {
  const socket = join(scratch(), 'agent');
  const text = execFileSync('ssh-agent', ['-s', '-a', socket], { encoding: 'utf8' });
  const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(text)?.[1]);
  onTestFinished(() => {
    process.kill(pid);
  });
  return {
    socket,
    add: (path) => execFileSync('ssh-add', ['-q', path], { env: { ...process.env, SSH_AUTH_SOCK: socket } }),
  };
}

/** An ssh_config for the sshd that names these identities and nothing else. */
function configWith(lines: readonly string[], target: Sshd = sshd): string {
  const file = join(scratch(), 'config');
  writeFileSync(
    file,
    [
      `Host ${target.alias}`,
      ' HostName 127.0.0.1',
      ` Port ${target.port}`,
      ` User ${target.user}`,
      ` UserKnownHostsFile ${target.knownHostsFile}`,
      ...lines,
      '',
    ].join('\n'),
  );
  return file;
}

async function loggedIn(
  configFile: string,
  change: Parameters<typeof testDeps>[0] = {},
  target: Sshd = sshd,
): Promise<string> {
  const transport = await dial(hostOf(target, { configFile }), testDeps(change));
  const { out } = await run(transport, 'echo in');
  await transport.close();
  return out;
}

function withAgent(socket: string): Parameters<typeof testDeps>[0] {
  return { env: { PATH: process.env['PATH'], SHELL: '/bin/sh', SSH_AUTH_SOCK: socket } };
}

async function authorizedKey(type: KeyPair['type'] = 'ed25519', passphrase = ''): Promise<KeyPair> {
  const key = await makeKey(join(scratch(), `id_${type}`), type, passphrase);
  sshd.authorize(key.publicKey);
  return key;
}

describe('key files', () => {
  it.each(['ed25519', 'rsa', 'ecdsa'] as const)('%s', async (type) => {
    const key = await authorizedKey(type);
    expect(await loggedIn(configWith([` IdentityFile ${key.path}`, ' IdentitiesOnly yes']))).toBe('in\n');
  });

  it('of several, the one that fits', async () => {
    const folder = scratch();
    const wrong = await Promise.all([1, 2, 3].map((index) => makeKey(join(folder, `wrong${index}`))));
    const lines = [...wrong.map((key) => ` IdentityFile ${key.path}`), ` IdentityFile ${sshd.identityFile}`];
    expect(await loggedIn(configWith(lines))).toBe('in\n');
  });

  it('the hosts file names one with ~ and a space in its path', async () => {
    const folder = scratch();
    copyFileSync(sshd.identityFile, join(folder, 'my key'));
    chmodSync(join(folder, 'my key'), 0o600);
    const transport = await dial(hostOf(sshd, { configFile: configWith([]), identityFiles: [join(folder, 'my key')] }));
    expect(transport.identity).toBe(sshd.hostKeys[0]?.fingerprint);
    await transport.close();
  });

  it('a wrong one: AUTH_FAILED names what was refused and what the machine accepts', async () => {
    const wrong = await makeKey(join(scratch(), 'wrong'));
    const error = await failure(dial(hostOf(sshd, { configFile: configWith([` IdentityFile ${wrong.path}`]) })));
    expect(error.toJSON()).toMatchObject({ code: 'AUTH_FAILED', host: 'box' });
    expect(error.evidence.join('\n')).toContain(wrong.fingerprint);
    expect(error.evidence.join('\n')).toContain('it accepts: publickey');
  });

  it('none at all: AUTH_FAILED', async () => {
    expect((await failure(dial(hostOf(sshd, { configFile: configWith([' IdentityFile /nowhere/key']) })))).code).toBe(
      'AUTH_FAILED',
    );
  });

  it('one that others can read is not used, and that is said', async () => {
    const path = join(scratch(), 'open');
    copyFileSync(sshd.identityFile, path);
    chmodSync(path, 0o644);
    const error = await failure(dial(hostOf(sshd, { configFile: configWith([` IdentityFile ${path}`]) })));
    expect(error.evidence.join()).toContain(`chmod 600 ${path}`);
  });

  it('the one that worked is offered first the next time', async () => {
    const folder = scratch();
    const wrong = await Promise.all([1, 2].map((index) => makeKey(join(folder, `w${index}`))));
    const config = configWith([
      ...wrong.map((key) => ` IdentityFile ${key.path}`),
      ` IdentityFile ${sshd.identityFile}`,
    ]);
    const deps = testDeps();
    const refusals = (): number =>
      sshd
        .log()
        .split('\n')
        .filter((line) => line.includes('Failed publickey')).length;
    await (await dial(hostOf(sshd, { configFile: config }), deps)).close();
    const first = refusals();
    const logins = join(deps.cacheDir, 'logins');
    await until(() => readdirSync(deps.cacheDir).includes('logins') && readdirSync(logins).length === 1);
    expect(statSync(join(logins, readdirSync(logins)[0] ?? '')).mode & 0o777).toBe(0o600);
    await (await dial(hostOf(sshd, { configFile: config }), deps)).close();
    expect(refusals()).toBe(first);
  });
});

describe('more key files than MaxAuthTries leaves room for', () => {
  const filesBefore = async (count: number): Promise<string[]> => {
    const folder = scratch();
    const wrong = Array.from({ length: count }, (_, index) => makeKey(join(folder, `wrong${index}`)));
    return (await Promise.all(wrong)).map(({ path }) => ` IdentityFile ${path}`);
  };

  it('all of them are tried, as far as the machine lets us', async () => {
    const patient = await startSshd({ config: ['MaxAuthTries 20'] });
    onTestFinished(() => patient.stop());
    const lines = [...(await filesBefore(9)), ` IdentityFile ${patient.identityFile}`];
    expect(await loggedIn(configWith(lines, patient), {}, patient)).toBe('in\n');
  });

  it('the error names every file, refused, under way or not tried, and speaks of no agent', async () => {
    const lines = [...(await filesBefore(7)), ` IdentityFile ${sshd.identityFile}`];
    const error = await failure(dial(hostOf(sshd, { configFile: configWith(lines) })));
    expect(error.code).toBe('AUTH_FAILED');
    const evidence = error.evidence.join('\n');
    expect(evidence).toMatch(/ended the login \(MaxAuthTries\) before these were tried: .*wrong6/);
    expect(evidence).toMatch(/ended the login instead of answering: .*wrong5/);
    for (const number of [0, 1, 2, 3, 4]) expect(evidence).toMatch(new RegExp(`refused: .*wrong${number}`));
    expect(evidence).toContain(sshd.identityFile);
    expect(`${error.message}${evidence}${error.hint}`).not.toMatch(/agent|ssh-add/);
  });
});

describe('key files in a format that ssh2 lacks', () => {
  const keygen = (path: string, ...more: string[]): unknown =>
    execFileSync('ssh-keygen', ['-q', '-N', 'right words', '-f', path, ...more]);
  const openssl = (path: string, ...cipher: string[]): unknown =>
    execFileSync('openssl', ['genrsa', ...cipher, '-passout', 'pass:right words', '-out', path, '2048'], {
      stdio: 'ignore',
    });

  it.each<[string, (path: string) => unknown, string]>([
    ['chacha20-poly1305', (path) => keygen(path, '-Z', 'chacha20-poly1305@openssh.com'), 'encrypted with chacha20'],
    ['PEM in camellia', (path) => openssl(path, '-traditional', '-camellia128'), 'encrypted with CAMELLIA-128-CBC'],
    ['PKCS#8', (path) => keygen(path, '-t', 'rsa', '-m', 'PKCS8'), 'a PKCS#8 file'],
  ])('%s: nobody is asked for a passphrase that could not help', async (_what, make, why) => {
    const path = join(scratch(), 'odd');
    make(path);
    const { prompter, asked } = person('right words');
    const error = await failure(
      dial(hostOf(sshd, { configFile: configWith([` IdentityFile ${path}`]) }), testDeps({ prompter })),
    );
    expect(asked).toEqual([]);
    expect(error.evidence.join()).toContain(`not offered: ${path}: ${why}`);
  });
});

describe('encrypted key files', () => {
  it('ask for the passphrase once, only when the machine would take the key', async () => {
    const other = await makeKey(join(scratch(), 'other'), 'ed25519', 'not asked for');
    const key = await authorizedKey('ed25519', 'open sesame');
    const { prompter, asked } = person('open sesame');
    const deps = testDeps({ prompter });
    const host = hostOf(sshd, { configFile: configWith([` IdentityFile ${other.path}`, ` IdentityFile ${key.path}`]) });
    await (await dial(host, deps)).close();
    expect(asked).toMatchObject([{ host: 'box', kind: 'passphrase', echo: false }]);
    expect(asked[0]?.text).toContain(key.path);
  });

  it('a wrong passphrase is asked for again', async () => {
    const key = await authorizedKey('ed25519', 'right');
    const { prompter, asked } = person('wrong', 'right');
    expect(await loggedIn(configWith([` IdentityFile ${key.path}`]), { prompter })).toBe('in\n');
    expect(asked).toHaveLength(2);
  });

  it('with nobody there: NO_TTY says which file', async () => {
    const key = await authorizedKey('ed25519', 'secret');
    const error = await failure(dial(hostOf(sshd, { configFile: configWith([` IdentityFile ${key.path}`]) })));
    expect(error.toJSON()).toMatchObject({ code: 'NO_TTY', host: 'box', hint: `ssh-add ${key.path}` });
  });

  it('of the PEM kind, which shows its key only to the passphrase', async () => {
    const path = join(scratch(), 'pem');
    execFileSync('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', 'pem pass', '-f', path]);
    sshd.authorize(readFileSync(`${path}.pub`, 'utf8'));
    execFileSync('rm', [`${path}.pub`]);
    const { prompter } = person('pem pass');
    expect(await loggedIn(configWith([` IdentityFile ${path}`]), { prompter })).toBe('in\n');
  });

  it('are left to the agent that holds them', async () => {
    const plain = await authorizedKey();
    const locked = join(scratch(), 'locked');
    copyFileSync(plain.path, locked);
    chmodSync(locked, 0o600);
    execFileSync('ssh-keygen', ['-q', '-p', '-N', 'never asked', '-f', locked]);
    const agent = startAgent();
    agent.add(plain.path);
    expect(
      await loggedIn(configWith([` IdentityFile ${locked}`, ' IdentitiesOnly yes']), withAgent(agent.socket)),
    ).toBe('in\n');
  });
});

describe('an agent', () => {
  it.each(['ed25519', 'rsa', 'ecdsa'] as const)('signs with %s', async (type) => {
    const key = await authorizedKey(type);
    const agent = startAgent();
    agent.add(key.path);
    expect(await loggedIn(configWith([' IdentityFile none']), withAgent(agent.socket))).toBe('in\n');
  });

  it('with many keys: the one that IdentityFile names comes first, so the machine does not end the login', async () => {
    const folder = scratch();
    const agent = startAgent();
    for (let index = 0; index < 7; index++) agent.add((await makeKey(join(folder, `k${index}`))).path);
    const right = await authorizedKey();
    agent.add(right.path);
    expect(await loggedIn(configWith([` IdentityFile ${right.path}.pub`]), withAgent(agent.socket))).toBe('in\n');
    const error = await failure(
      dial(hostOf(sshd, { configFile: configWith([' IdentityFile none']) }), testDeps(withAgent(agent.socket))),
    );
    expect(error.code).toBe('AUTH_FAILED');
    expect(error.evidence.join()).toContain('3 more keys');
  });

  it('is not asked beyond the named keys with IdentitiesOnly, nor with IdentityAgent none', async () => {
    const right = await authorizedKey();
    const wrong = await makeKey(join(scratch(), 'wrong'));
    const agent = startAgent();
    agent.add(right.path);
    for (const line of [' IdentitiesOnly yes', ' IdentityAgent none']) {
      const error = await failure(
        dial(
          hostOf(sshd, { configFile: configWith([line, ` IdentityFile ${wrong.path}`]) }),
          testDeps(withAgent(agent.socket)),
        ),
      );
      expect(error.evidence.join()).not.toContain(right.fingerprint);
    }
  });

  it('that is not there is said when the login fails', async () => {
    const error = await failure(
      dial(hostOf(sshd, { configFile: configWith([' IdentityFile none']) }), testDeps(withAgent('/nowhere/agent'))),
    );
    expect(error.evidence.join()).toContain('/nowhere/agent');
  });
});

const asRoot = process.getuid?.() === 0;

describe.skipIf(!asRoot)('a person', () => {
  let guarded: Sshd;
  beforeAll(async () => {
    guarded = await startSshd({ password: 'pass word', usePam: true });
  });
  afterAll(() => guarded.stop());

  it('answers a keyboard-interactive question', async () => {
    const { prompter, asked } = person('pass word');
    const config = configWith([' IdentityFile none', ' PreferredAuthentications keyboard-interactive'], guarded);
    expect(await loggedIn(config, { prompter }, guarded)).toBe('in\n');
    expect(asked).toMatchObject([{ kind: 'keyboard-interactive', echo: false, host: 'box' }]);
    expect(asked[0]?.text).toMatch(/password/i);
  });

  it('answers for a password', async () => {
    const { prompter, asked } = person('pass word');
    const config = configWith([' IdentityFile none', ' PreferredAuthentications password'], guarded);
    expect(await loggedIn(config, { prompter }, guarded)).toBe('in\n');
    expect(asked).toMatchObject([{ kind: 'password', echo: false }]);
  });

  it('is asked again after a wrong answer, as often as ssh would', async () => {
    const { prompter, asked } = person('one', 'two', 'three', 'four');
    const config = configWith(
      [' IdentityFile none', ' PreferredAuthentications password', ' NumberOfPasswordPrompts 2'],
      guarded,
    );
    const error = await failure(dial(hostOf(guarded, { configFile: config }), testDeps({ prompter })));
    expect(error.code).toBe('AUTH_FAILED');
    expect(asked).toHaveLength(2);
  });

  it('who is not there: NO_TTY, and with BatchMode nobody is asked', async () => {
    const config = configWith([' IdentityFile none'], guarded);
    expect(await failure(dial(hostOf(guarded, { configFile: config })))).toMatchObject({ code: 'NO_TTY', host: 'box' });
    const { prompter, asked } = person('pass word');
    const batch = configWith([' IdentityFile none', ' BatchMode yes'], guarded);
    expect((await failure(dial(hostOf(guarded, { configFile: batch }), testDeps({ prompter })))).code).toBe(
      'AUTH_FAILED',
    );
    expect(asked).toEqual([]);
  });

  it.each(['file', 'agent'])('gives the second factor after a key (%s), on first contact and later', async (from) => {
    const strict = await startSshd({
      password: 'pass word',
      usePam: true,
      config: ['AuthenticationMethods publickey,keyboard-interactive'],
    });
    try {
      const agent = startAgent();
      if (from === 'agent') agent.add(strict.identityFile);
      const { prompter, asked } = person('pass word', 'pass word');
      const deps = testDeps({ prompter, ...(from === 'agent' ? withAgent(agent.socket) : {}) });
      const config = configWith([` IdentityFile ${from === 'agent' ? 'none' : strict.identityFile}`], strict);
      for (const time of [1, 2]) {
        const transport = await dial(hostOf(strict, { configFile: config }), deps);
        expect((await run(transport, 'echo in')).out).toBe('in\n');
        await transport.close();
        expect(asked).toHaveLength(time);
      }
    } finally {
      await strict.stop();
    }
  });
});
