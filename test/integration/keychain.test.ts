/** Secrets in a real keychain: gnome-keyring on a session bus of its own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { filesBelow } from '../harness/files.ts';
import { fixture, writeHostsFile } from '../harness/hosts-file.ts';
import { BIN, initialize, type Outcome, runProgram, startServe } from '../harness/program.ts';
import { makeSandbox, type Sandbox } from '../harness/sandbox.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { callText, offers } from '../harness/tools.ts';
import { until } from '../harness/until.ts';
import { watchCommandLines } from '../harness/watch-command-lines.ts';

const SECRET = 'from-the-keychain-4711';

function ended(child: ChildProcess): void {
  onTestFinished(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
}

/** A session bus with an unlocked keychain. */
async function startKeychain(): Promise<{ readonly sandbox: Sandbox; readonly keyring: ChildProcess }> {
  const { env } = makeSandbox();
  const bus = spawn('dbus-daemon', ['--session', '--nofork', '--print-address'], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  ended(bus);
  let address = '';
  bus.stdout.on('data', (text: Buffer) => {
    address += text.toString();
  });
  await until(() => address.includes('\n'), { what: 'the address of the session bus' });
  const sandbox = makeSandbox({ ...env, DBUS_SESSION_BUS_ADDRESS: address.trim(), MCP_ANYWHERE_KEYCHAIN: 'on' });
  mkdirSync(join(sandbox.home, '.local/share'), { recursive: true });
  const keyring = spawn('gnome-keyring-daemon', ['--foreground', '--unlock', '--components=secrets'], {
    env: sandbox.env,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  ended(keyring);
  keyring.stdin.end('password of the keychain');
  return { sandbox, keyring };
}

function piped(sandbox: Sandbox, input: string, ...args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [BIN, ...args], { env: sandbox.env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
    child.stdin?.end(input);
  });
}

/** The keychain takes a moment to start. */
function storedThere(sandbox: Sandbox): Promise<Outcome> {
  return until(async () => {
    const one = await piped(sandbox, `${SECRET}\n`, 'secret', 'set', 'echo.A', '--json');
    return one.stdout.includes('"keychain"') ? one : undefined;
  });
}

describe('with a keychain', () => {
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await startSshd();
    return () => sshd.stop();
  });

  it('secrets live there, and in no file, from set to a server that uses them to rm', async () => {
    const { sandbox } = await startKeychain();
    const stored = await storedThere(sandbox);
    expect(stored.stderr).toBe('');
    const off = { ...sandbox, env: { ...sandbox.env, MCP_ANYWHERE_KEYCHAIN: 'off' } };
    expect(filesBelow(sandbox.stateDir).filter(({ path }) => path.endsWith('.secret'))).toEqual([]);
    const servers = { echo: fixture(sshd, 'echo.mjs', [], { env: { A: '${keychain:echo.A}' } }) };
    const { path } = writeHostsFile({ box: { sshd, servers } });
    const { client } = startServe(path, sandbox);
    await initialize(client);
    await offers(client, ['box__echo__where']);
    expect(await callText(client, 'box__echo__where', { variables: ['A'] })).toContain(SECRET);
    // A value from a session without a keychain is newer, and counts until the next one goes into the keychain.
    await piped(off, 'newer-value-0815', 'secret', 'set', 'echo.A');
    const places = async (): Promise<string> => (await runProgram(['secret', 'ls'], sandbox)).stdout;
    expect(await places()).toContain('echo.A  file');
    await piped(sandbox, 'newest-value-42', 'secret', 'set', 'echo.A');
    expect(await places()).toContain('echo.A  keychain');
    expect(filesBelow(sandbox.stateDir).filter((one) => one.path.endsWith('.secret'))).toEqual([]);
    expect((await runProgram(['secret', 'rm', 'echo.A'], sandbox)).code).toBe(0);
    expect(await places()).toContain('No secret is stored');
    await client.close();
  });

  it('that hangs fails only the servers that need it, in their time, and is asked by no command line', async () => {
    const { sandbox, keyring } = await startKeychain();
    await storedThere(sandbox);
    const env = { A: '${keychain:echo.A}' };
    const servers = {
      needs: fixture(sshd, 'echo.mjs', [], { env, startTimeoutMs: 3_000 }),
      free: fixture(sshd, 'echo.mjs'),
    };
    const { path } = writeHostsFile({ box: { sshd, servers } });
    keyring.kill('SIGSTOP');
    const watch = watchCommandLines([SECRET]);
    const { client } = startServe(path, sandbox);
    await initialize(client);
    await offers(client, ['box__free__where']);
    expect(await callText(client, 'box__free__where', { variables: ['A'] })).toContain('"A":null');
    const { stdout } = await runProgram(['doctor', '--config', path, '--json'], sandbox);
    expect(stdout).toContain('${keychain:echo.A} could not be resolved: the lookup took longer');
    keyring.kill('SIGCONT');
    const again = await runProgram(
      ['call', 'box__needs__where', '--json-args', '{"variables":["A"]}', '--config', path],
      sandbox,
    );
    expect(again.stdout).toContain(SECRET);
    watch.stop();
    expect(watch.found).toEqual([]);
    await client.close();
  });
});
