/** `serve` as a shim: many AI clients on one daemon, and what they notice when that goes. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sdkClient } from '../../harness/client.ts';
import { fixture, writeHostsFile } from '../../harness/hosts-file.ts';
import { descendants, gone, isAlive, type ProcessInfo, signalPid, withVariable } from '../../harness/processes.ts';
import { BIN, initialize, runProgram, type ServeOptions, startServe } from '../../harness/program.ts';
import { startProxy } from '../../harness/proxy.ts';
import { RawClient } from '../../harness/raw-client.ts';
import { makeSandbox, type Sandbox } from '../../harness/sandbox.ts';
import { scratch } from '../../harness/scratch.ts';
import { type Sshd, startSshd } from '../../harness/sshd.ts';
import { call, callText, offers, textOf, toolNames } from '../../harness/tools.ts';
import { until } from '../../harness/until.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

const local = () =>
  writeHostsFile({ here: { servers: { echo: fixture(sshd, 'echo.mjs'), slow: fixture(sshd, 'slow.mjs') } } });

/** Found by their environment: whatever they say of themselves. */
const daemonsOf = (sandbox: Sandbox): ProcessInfo[] =>
  withVariable('XDG_RUNTIME_DIR', sandbox.runtimeDir).filter(({ commandLine }) => / daemon( |$)/.test(commandLine));

/** The one that runs now. */
function daemonOf(sandbox: Sandbox): ProcessInfo {
  const found = daemonsOf(sandbox);
  const [daemon] = found;
  if (daemon === undefined || found.length > 1) throw new Error(`${found.length} daemons run`);
  return daemon;
}

function shim(hostsFile: string, sandbox: Sandbox = makeSandbox(), options: ServeOptions = {}) {
  return startServe(hostsFile, sandbox, { ...options, throughDaemon: true });
}

/** A shim whose client has been served. */
async function served(hostsFile: string = local().path, sandbox: Sandbox = makeSandbox(), options: ServeOptions = {}) {
  const { client } = shim(hostsFile, sandbox, options);
  await initialize(client);
  await offers(client, ['here__echo__echo', 'here__slow__sleep']);
  return { client, sandbox, daemon: daemonOf(sandbox), hostsFile };
}

describe('many clients', () => {
  it('at once share one daemon, and so one connection to a host', async () => {
    const proxy = await startProxy({ to: sshd.port });
    const file = writeHostsFile({ box: { sshd, port: proxy.port, servers: { echo: fixture(sshd, 'echo.mjs') } } });
    const sandbox = makeSandbox();
    try {
      const clients = Array.from({ length: 10 }, () => shim(file.path, sandbox).client);
      await Promise.all(
        clients.map(async (client, index) => {
          await initialize(client);
          await offers(client, ['box__echo__echo']);
          expect(await callText(client, 'box__echo__echo', { message: String(index) })).toBe(`{"message":"${index}"}`);
        }),
      );
      expect(daemonsOf(sandbox)).toHaveLength(1);
      // Ten sessions need eleven channels: at most as many connections as MaxSessions (10) demands.
      expect(proxy.accepted).toBeLessThanOrEqual(2);
    } finally {
      await proxy.stop();
    }
  });

  it('find a socket that a daemon left behind, and start one', async () => {
    const { client, sandbox, daemon, hostsFile } = await served();
    client.kill('SIGKILL');
    await client.ended;
    signalPid(daemon.pid, 'SIGKILL');
    await gone(() => daemonsOf(sandbox));
    const folder = join(sandbox.runtimeDir, 'mcp-anywhere');
    expect(readdirSync(folder).filter((name) => name.endsWith('.sock'))).toHaveLength(1);
    const clients = Array.from({ length: 20 }, () => shim(hostsFile, sandbox).client);
    await Promise.all(clients.map((one) => initialize(one)));
    expect(daemonsOf(sandbox)).toHaveLength(1);
    await Promise.all(clients.map((one) => callText(one, 'here__echo__echo')));
  });

  it('works with the official SDK', async () => {
    const client = await sdkClient(local().path, makeSandbox(), { throughDaemon: true });
    await until(async () => (await client.listTools()).tools.some(({ name }) => name === 'here__echo__echo'));
    const result = await client.callTool({ name: 'here__echo__echo', arguments: { message: 'hi' } });
    expect(result.content).toEqual([{ type: 'text', text: '{"message":"hi"}' }]);
  });

  it('passes every byte on as it came', async () => {
    const json = '{"content":[],"big":12345678901234567890123,"one":1.0,"esc":"\\u00e4\\/","nested":{"x":[1e400]}}';
    const { client } = await served();
    const id = client.ask('tools/call', { name: 'here__echo__result', arguments: { json } });
    expect((await client.reply(id)).line).toContain(json);
  });
});

describe('a daemon that is killed', () => {
  it('leaves the outcome of a call unknown, and the next call works', async () => {
    const { client, sandbox, daemon } = await served();
    const id = client.ask('tools/call', { name: 'here__slow__sleep', arguments: { ms: 60_000 } });
    // The call is under way: it has reached the daemon before this one was answered.
    await callText(client, 'here__echo__echo');
    signalPid(daemon.pid, 'SIGKILL');
    const { message } = await client.reply(id);
    expect(message.result).toMatchObject({ isError: true });
    expect(JSON.stringify(message.result)).toMatch(/outcome unknown: tool here__slow__sleep, after \d+\.\d s/);
    expect(await callText(client, 'here__echo__echo', { message: 'again' })).toBe('{"message":"again"}');
    const after = daemonsOf(sandbox);
    expect(after).toHaveLength(1);
    expect(after[0]?.pid).not.toBe(daemon.pid);
    // Nothing but what the client may see: no reply to a request it never made.
    const known = client.received.filter(
      ({ message: { id: one, method } }) => one !== undefined && method === undefined,
    );
    expect(known.every(({ message: { id: one } }) => typeof one === 'number')).toBe(true);
    await expect.poll(() => client.notifications('notifications/tools/list_changed').length).toBeGreaterThan(0);
  });

  it('again and again is followed by another each time', async () => {
    const { client, sandbox } = await served();
    for (let round = 0; round < 3; round += 1) {
      const { pid } = daemonOf(sandbox);
      signalPid(pid, 'SIGKILL');
      // A call that is sent before the shim has seen the end has an unknown outcome too.
      await expect.poll(async () => (await call(client, 'here__echo__echo')).isError).not.toBe(true);
      expect(daemonOf(sandbox).pid).not.toBe(pid);
    }
  });

  async function standing() {
    const sandbox = makeSandbox();
    const file = writeHostsFile({ here: { servers: { one: fixture(sshd, 'standing.mjs') } } });
    const { client } = shim(file.path, sandbox);
    await initialize(client, '2025-11-25', { sampling: {} });
    await offers(client, ['here__one__sample', 'here__one__log']);
    const replace = async (): Promise<void> => {
      const before = daemonOf(sandbox).pid;
      signalPid(before, 'SIGKILL');
      await until(() => daemonsOf(sandbox).some(({ pid }) => pid !== before), { what: 'another daemon' });
    };
    return { client, replace };
  }

  it('is followed by one that is told what stood: subscriptions and log level', async () => {
    const { client, replace } = await standing();
    const updates = () => client.notifications('notifications/resources/updated').length;
    await client.request('resources/subscribe', { uri: 'standing://one' });
    await client.request('logging/setLevel', { level: 'error' });
    await expect.poll(() => updates()).toBe(1);
    await replace();
    await expect.poll(() => updates(), { message: 'the subscription with the other daemon' }).toBe(2);
    await callText(client, 'here__one__log');
    expect(client.notifications('notifications/message')).toEqual([]);
    await client.request('logging/setLevel', { level: 'info' });
    await callText(client, 'here__one__log');
    await expect.poll(() => client.notifications('notifications/message')).toHaveLength(1);
    const replies = client.received.filter(({ message: { id, method } }) => id !== undefined && method === undefined);
    expect(replies.filter(({ message }) => typeof message.id !== 'number')).toEqual([]);
  });

  it('is followed by one whose questions are not mistaken for its own', async () => {
    const { client, replace } = await standing();
    const asked = (index: number) =>
      until(() => client.received.filter(({ message }) => message.method === 'sampling/createMessage')[index]);
    const answer = (id: unknown, answered: string): void => {
      const result = { role: 'assistant', model: 'm', content: { type: 'text', text: answered } };
      client.send(JSON.stringify({ result, jsonrpc: '2.0', id }));
    };
    const first = client.ask('tools/call', { name: 'here__one__sample', arguments: {} });
    const { message: before } = await asked(0);
    await replace();
    expect(JSON.stringify((await client.reply(first)).message)).toContain('outcome unknown');
    expect(client.notifications('notifications/cancelled')).toMatchObject([{ params: { requestId: before.id } }]);
    const second = client.ask('tools/call', { name: 'here__one__sample', arguments: {} });
    const { message: after } = await asked(1);
    expect(after.id).not.toBe(before.id);
    answer(before.id, 'too late');
    answer(after.id, 'in time');
    expect((await client.reply(second)).message.result).toMatchObject({ content: [{ text: 'in time' }] });
  });
});

describe('a daemon that is stopped', () => {
  it('is not missed until its client wants something', async () => {
    const { client, sandbox, daemon } = await served();
    signalPid(daemon.pid, 'SIGTERM');
    await gone(() => daemonsOf(sandbox));
    expect(isAlive(client.pid)).toBe(true);
    expect(await callText(client, 'here__echo__echo', { message: 'on' })).toBe('{"message":"on"}');
    expect(daemonsOf(sandbox)).toHaveLength(1);
  });
});

describe('a daemon that cannot start', () => {
  async function refused(hostsFile: string) {
    const sandbox = makeSandbox();
    const { client } = shim(hostsFile, sandbox);
    const id = client.ask('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'x', version: '1' },
    });
    const { message } = await client.reply(id);
    return { error: message.error, exit: await client.ended, stderr: client.stderr, sandbox };
  }

  it('because there is no hosts file says so to the client, and ends with its exit code', async () => {
    const { error, exit, stderr } = await refused('/no/such/config.yaml');
    expect(error).toMatchObject({ code: -32603, data: { code: 'CONFIG_NOT_FOUND' } });
    expect(error?.message).toContain('/no/such/config.yaml');
    expect(stderr).toContain('CONFIG_NOT_FOUND');
    expect(exit).toEqual({ code: 6, signal: null });
  });

  it('because the hosts file has mistakes names each of them', async () => {
    const path = join(scratch(), 'config.yaml');
    writeFileSync(path, 'version: 1\nhosts:\n  here:\n    lokal: true\n    servers: {}\n');
    const { error, exit, stderr, sandbox } = await refused(path);
    expect(error).toMatchObject({ data: { code: 'CONFIG_INVALID' } });
    expect(JSON.stringify(error)).toContain(`${path}:4:5`);
    expect(stderr).toContain(`${path}:4:5`);
    expect(exit.code).toBe(6);
    await gone(() => daemonsOf(sandbox));
  });

  it('because the file of a working folder is not trusted starts nothing', async () => {
    const folder = scratch();
    const mark = join(folder, 'started');
    const text = `version: 1\nhosts: { here: { local: true, servers: { bad: { command: touch, args: [${mark}] } } } }\n`;
    writeFileSync(join(folder, 'mcp-anywhere.config.yaml'), text);
    const sandbox = makeSandbox();
    const outcome = await runProgram(['serve'], sandbox, { cwd: folder });
    expect(outcome).toMatchObject({ code: 6, stdout: '' });
    expect(outcome.stderr).toContain('CONFIG_UNTRUSTED');
    await gone(() => daemonsOf(sandbox));
    expect(existsSync(mark)).toBe(false);
  });
});

describe('the end of a shim', () => {
  it.each(['stdin EOF', 'SIGTERM', 'SIGHUP'] as const)(
    'comes with %s; the daemon stays, its servers go',
    async (how) => {
      const { client, daemon } = await served();
      await callText(client, 'here__echo__echo');
      const servers = (): ProcessInfo[] =>
        descendants(daemon.pid).filter(({ commandLine }) => commandLine.includes('echo.mjs'));
      expect(servers().length).toBeGreaterThan(0);
      if (how === 'stdin EOF') client.endInput();
      else client.kill(how);
      expect(await client.ended).toEqual({ code: 0, signal: null });
      await gone(servers);
      expect(isAlive(daemon.pid)).toBe(true);
    },
  );

  it('comes with the death of its parent, though stdin stays open', async () => {
    const { client, sandbox } = await served(undefined, undefined, { belowAnother: true });
    const shims = (): ProcessInfo[] =>
      withVariable('XDG_RUNTIME_DIR', sandbox.runtimeDir).filter(
        ({ pid, commandLine }) => pid !== client.pid && commandLine.includes(`${BIN} serve`),
      );
    expect(shims()).toHaveLength(1);
    signalPid(client.pid, 'SIGKILL');
    await gone(shims);
  });

  it('answers first what was asked before EOF', async () => {
    const { client } = shim(local().path);
    client.ask('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'x', version: '1' },
    });
    client.ask('ping');
    client.endInput();
    expect(await client.ended).toEqual({ code: 0, signal: null });
    expect(client.received.map(({ message }) => message.id)).toEqual([1, 2]);
  });
});

it('needs nothing of the environment of an AI client', async () => {
  const sandbox = makeSandbox();
  // HOME is left out: the folders would be the developer's own.
  const { XDG_CONFIG_HOME, XDG_CACHE_HOME, XDG_STATE_HOME, XDG_RUNTIME_DIR } = sandbox.env;
  const env = { XDG_CONFIG_HOME, XDG_CACHE_HOME, XDG_STATE_HOME, XDG_RUNTIME_DIR } as Record<string, string>;
  mkdirSync(join(sandbox.configDir, 'mcp-anywhere'), { mode: 0o700 });
  writeFileSync(
    join(sandbox.configDir, 'mcp-anywhere/config.yaml'),
    JSON.stringify({ version: 1, hosts: { here: { local: true, servers: { echo: fixture(sshd, 'echo.mjs') } } } }),
    { mode: 0o600 },
  );
  const client = new RawClient({ command: process.execPath, args: [BIN], env, cwd: '/' });
  try {
    await initialize(client);
    await expect.poll(() => toolNames(client)).toContain('here__echo__echo');
    expect(textOf(await call(client, 'here__echo__echo', { message: 'bare' }))).toBe('{"message":"bare"}');
  } finally {
    await client.close();
  }
});
