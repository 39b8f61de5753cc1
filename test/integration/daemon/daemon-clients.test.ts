/** What the clients of one daemon share, and what they do not. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { clientAt, endpointFor, faceAt, helloFor, servingDaemon } from '../../harness/daemon-process.ts';
import { fixture, type HostEntry, writeHostsFile } from '../../harness/hosts-file.ts';
import { makeKey } from '../../harness/keys.ts';
import { gone, withVariable } from '../../harness/processes.ts';
import { initialize } from '../../harness/program.ts';
import { startProxy } from '../../harness/proxy.ts';
import type { RawClient } from '../../harness/raw-client.ts';
import { makeSandbox } from '../../harness/sandbox.ts';
import { scratch } from '../../harness/scratch.ts';
import { type Sshd, startSshd } from '../../harness/sshd.ts';
import { call, callText, offers, textOf } from '../../harness/tools.ts';
import { startAgent } from '../openssh-agent.ts';
import { daemonOf, localHostsFile, SERVERS } from './kit.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

/** A hosts file with one host that only a key of an agent opens. */
function onlyWithAgent(): string {
  const identityFile = join(scratch(), 'no-such-key');
  const file = writeHostsFile({ box: { sshd, identityFile, servers: { echo: fixture(sshd, 'echo.mjs') } } });
  const text = readFileSync(file.sshConfigFile, 'utf8');
  writeFileSync(file.sshConfigFile, text.replace('IdentitiesOnly yes', 'IdentitiesOnly no'));
  return file.path;
}

describe('its clients', () => {
  it('share the connections of a host, as few as its MaxSessions allows', async () => {
    const own = await startSshd({ maxSessions: 4 });
    onTestFinished(() => own.stop());
    const proxy = await startProxy({ to: own.port });
    onTestFinished(() => proxy.stop());
    const host: HostEntry = { sshd: own, port: proxy.port, servers: { echo: fixture(own, 'echo.mjs') } };
    const { client } = await daemonOf(writeHostsFile({ box: host }).path);
    const [first, second] = [await client(), await client()];
    await offers(first, ['box__echo__where']);
    const where = async (one: RawClient): Promise<number> =>
      (JSON.parse(await callText(one, 'box__echo__where')) as { pid: number }).pid;
    // Two servers, one connection.
    expect(await where(first)).not.toBe(await where(second));
    expect(proxy.connections).toBe(1);
    const more = await Promise.all(Array.from({ length: 8 }, () => client()));
    await Promise.all(more.map(where));
    // Ten instances and the lease's own session, four to a connection.
    expect(proxy.connections).toBe(Math.ceil(11 / 4));
    // A client that leaves takes its own server with it, and no other's.
    await second.close();
    await expect
      .poll(() => own.programs().filter(({ commandLine }) => commandLine.includes('echo.mjs')).length)
      .toBeLessThan(10 * 3);
    expect(await where(first)).toBeGreaterThan(0);
  });

  it('have environments of their own, whoever came first', async () => {
    const env = { TOKEN: '${env:TOK:-none}' };
    const server = { command: process.execPath, args: [join(SERVERS, 'echo.mjs')], env };
    const file = writeHostsFile({
      here: { entry: { local: true }, servers: { own: server, all: { ...server, sharing: 'shared' } } },
    }).path;
    const { client } = await daemonOf(file, { env: { TOK: 'of-daemon' } });
    const token = async (one: RawClient, name: string): Promise<unknown> => {
      const text = await callText(one, `here__${name}__where`, { variables: ['TOKEN'] });
      return (JSON.parse(text) as { variables: { TOKEN: string } }).variables.TOKEN;
    };
    const first = await client({ TOK: 'of-first' });
    await offers(first, ['here__own__where', 'here__all__where']);
    const second = await client({ TOK: 'of-second' });
    const bare = await client();
    expect(await token(first, 'own')).toBe('of-first');
    expect(await token(second, 'own')).toBe('of-second');
    // It has none: neither another client's nor the daemon's is put upon it.
    expect(await token(bare, 'own')).toBe('none');
    // Started when the first came; whoever has the same value shares it, and nobody else does.
    const third = await client({ TOK: 'of-first' });
    expect(await token(first, 'all')).toBe('of-first');
    expect(await token(third, 'all')).toBe('of-first');
    expect(await token(second, 'all')).toBe('of-second');
    const pid = async (one: RawClient): Promise<string> =>
      (/"pid":\d+/.exec(await callText(one, 'here__all__where')) ?? [''])[0];
    expect(await pid(third)).toBe(await pid(first));
  });

  it('give a server on this machine the short list and what the hosts file names, each its own values', async () => {
    const names = ['CLOUD_KEY', 'NODE_OPTIONS', 'SSH_AUTH_SOCK', 'PICKED', 'LANG', 'LC_TIME', 'HOME', 'ASKED', 'FILED'];
    const env = { ASKED: '${cmd:printf %s "$LANG/$CLOUD_KEY"}', FILED: '${file:~/secret}' };
    const file = localHostsFile('echo.mjs', { env, inheritEnv: ['PICKED'] });
    const daemonEnv = { CLOUD_KEY: 'daemon', PICKED: 'daemon', LC_TIME: 'daemon', NODE_OPTIONS: '--no-warnings' };
    const { client } = await daemonOf(file, { env: daemonEnv });
    const homes = ['a', 'b'].map((text) => {
      const home = scratch();
      writeFileSync(join(home, 'secret'), `file of ${text}`);
      return home;
    });
    const [first, second] = [
      await client({ CLOUD_KEY: 'first', PICKED: 'p1', LANG: 'l1', HOME: homes[0] ?? '', SSH_AUTH_SOCK: '/agent' }),
      await client({ CLOUD_KEY: 'second', LANG: 'l2', HOME: homes[1] ?? '', NODE_OPTIONS: '--no-warnings' }),
    ];
    const given = async (one: RawClient): Promise<unknown> =>
      (JSON.parse(await callText(one, 'here__one__where', { variables: names })) as { variables: unknown }).variables;
    const none = { CLOUD_KEY: null, NODE_OPTIONS: null, SSH_AUTH_SOCK: null, LC_TIME: null };
    const ofFirst = { PICKED: 'p1', LANG: 'l1', HOME: homes[0], ASKED: 'l1/', FILED: 'file of a' };
    const ofSecond = { PICKED: null, LANG: 'l2', HOME: homes[1], ASKED: 'l2/', FILED: 'file of b' };
    expect(await given(first)).toEqual({ ...none, ...ofFirst });
    expect(await given(second)).toEqual({ ...none, ...ofSecond });
  });

  it('bring their agent: a host that no key opened is open when a client comes that has one', async () => {
    const { client, endpoint, hello } = await daemonOf(onlyWithAgent());
    const bare = await client();
    const face = await faceAt(endpoint, hello('control'));
    const state = async (): Promise<string | undefined> => (await face.request('status', {})).hosts[0]?.state;
    await expect.poll(() => state()).toBe('refused');
    const agent = await startAgent([sshd.identityFile]);
    const rich = await client({ SSH_AUTH_SOCK: agent.socket });
    await offers(rich, ['box__echo__where']);
    expect(textOf(await call(bare, 'box__echo__where'))).toContain('"pid"');
  });

  it('are not logged in with the agent of another: its keys are not even asked for', async () => {
    const { client } = await daemonOf(onlyWithAgent());
    const other = await startAgent([(await makeKey(join(scratch(), 'other'))).path]);
    const own = await startAgent([sshd.identityFile]);
    const spied = join(scratch(), 'spied');
    const seen: string[] = [];
    const spy = createServer((socket) => {
      seen.push('asked');
      socket.pipe(connect(other.socket)).pipe(socket);
    }).listen(spied);
    onTestFinished(() => void spy.close());
    const first = await client({ SSH_AUTH_SOCK: own.socket });
    await offers(first, ['box__echo__where']);
    await client({ SSH_AUTH_SOCK: spied });
    for (const pid of sshd.sessions()) process.kill(pid, 'SIGKILL');
    // A call that crosses the end of the line has no known outcome.
    await expect.poll(async () => textOf(await call(first, 'box__echo__where'))).toContain('"pid"');
    expect(seen).toEqual([]);
  });

  it('need no SSH_AUTH_SOCK where an agent listens at a place that is known', async () => {
    const file = onlyWithAgent();
    const sandbox = makeSandbox();
    const socket = join(sandbox.runtimeDir, 'keyring', 'ssh');
    mkdirSync(dirname(socket), { mode: 0o700 });
    await startAgent([sshd.identityFile], socket);
    await servingDaemon(file, sandbox);
    const client = clientAt(endpointFor(file, sandbox), helloFor('mcp', file, sandbox));
    await initialize(client);
    expect(await offers(client, ['box__echo__where'])).toContain('box__echo__where');
  });

  it('cost the daemon at most 5 MB each', async () => {
    const servers = { a: fixture(sshd, 'echo.mjs'), b: fixture(sshd, 'echo.mjs') };
    const { client, daemon } = await daemonOf(writeHostsFile({ box: { sshd, servers } }).path);
    const working = async (): Promise<void> => {
      const one = await client();
      await offers(one, ['box__a__echo', 'box__b__echo']);
      for (const name of ['box__a__echo', 'box__b__echo']) await callText(one, name, { message: 'x'.repeat(10_000) });
    };
    for (let index = 0; index < 3; index += 1) await working();
    const before = residentBytes(daemon.pid);
    for (let index = 0; index < 10; index += 1) await working();
    const each = (residentBytes(daemon.pid) - before) / 10;
    console.log(`a client costs the daemon ${(each / 1024 / 1024).toFixed(2)} MB, of ${before / 1024 / 1024} MB`);
    expect(each).toBeLessThan(5 * 1024 * 1024);
  });

  it('leave nothing behind in the daemon', async () => {
    const file = localHostsFile('echo.mjs', { env: { MARK: '${env:MARK}' } });
    const { client, endpoint, hello } = await daemonOf(file);
    const face = await faceAt(endpoint, hello('control'));
    const mark = `m${String(process.pid)}`;
    for (let index = 0; index < 3; index += 1) {
      const one = await client({ MARK: mark });
      await callText(one, 'here__one__echo');
      expect(withVariable('MARK', mark).length).toBeGreaterThan(0);
      await one.close();
      await gone(() => withVariable('MARK', mark));
    }
    expect((await face.request('status', {})).clients).toEqual([]);
  });
});

function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}
