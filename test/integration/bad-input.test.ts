/** Bad input of every kind at once: each has its own clear error on its own host or server, and all others work. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StatusSnapshot } from '../../src/api/status.ts';
import type { ErrorReport } from '../../src/base/errors.ts';
import { doctorOf, hostIn, serverIn, statusOf } from '../harness/control.ts';
import { fixture, type HostEntry, type HostsFile, writeHostsFile } from '../harness/hosts-file.ts';
import { type KeyPair, makeKey } from '../harness/keys.ts';
import { freePort } from '../harness/port.ts';
import { initialize, runProgram, startServe } from '../harness/program.ts';
import { makeSandbox } from '../harness/sandbox.ts';
import { scratch } from '../harness/scratch.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { callText, listTools, offers } from '../harness/tools.ts';

const SERVERS = ['exits', 'garbage', 'silent', 'flood', 'bad', 'missing', 'nowhere'] as const;
const HOSTS = [
  'unknown',
  'refused',
  'wrongkey',
  'changed',
  'changed-system',
  'stranger',
  'stranger-system',
  'dead-jump',
] as const;

let sshd: Sshd;
let guarded: Sshd;
let other: KeyPair;
let changedFile: string;
let file: HostsFile;
let snapshot: StatusSnapshot & { readonly exit: number };

beforeAll(async () => {
  [sshd, guarded] = await Promise.all([startSshd(), startSshd()]);
  const folder = scratch();
  other = await makeKey(join(folder, 'other'));
  changedFile = join(folder, 'changed_known_hosts');
  writeFileSync(changedFile, `# the first line is a comment\n[127.0.0.1]:${guarded.port} ${other.publicKey}\n`);
  const emptyFile = join(folder, 'empty_known_hosts');
  writeFileSync(emptyFile, '');
  const servers = { echo: fixture(sshd, 'echo.mjs') };
  const at = (more: Partial<HostEntry>): HostEntry => ({ sshd: guarded, servers, ...more });
  file = writeHostsFile(
    {
      good: { sshd, servers: { echo: fixture(sshd, 'echo.mjs'), sh: fixture(sshd, 'sh-echo.sh') } },
      bad: {
        sshd,
        servers: {
          exits: fixture(sshd, 'exits-at-once.sh'),
          garbage: fixture(sshd, 'garbage.mjs', [], { startTimeoutMs: 3000 }),
          silent: fixture(sshd, 'silent.sh', [], { startTimeoutMs: 2000 }),
          flood: fixture(sshd, 'flood.mjs', ['--at-start'], { startTimeoutMs: 6000 }),
          bad: fixture(sshd, 'bad-tools.mjs'),
          missing: { command: 'no-such-command-4711' },
          nowhere: fixture(sshd, 'echo.mjs', [], { cwd: '/no/such/folder' }),
          echo: fixture(sshd, 'echo.mjs'),
        },
      },
      unknown: at({ entry: { ssh: { host: 'no-such-host.invalid' } } }),
      refused: at({ port: await freePort() }),
      wrongkey: at({ identityFile: other.path }),
      changed: at({ knownHostsFile: changedFile, entry: { ssh: { backend: 'ssh2' } } }),
      'changed-system': at({ knownHostsFile: changedFile, entry: { ssh: { backend: 'openssh' } } }),
      stranger: at({ knownHostsFile: emptyFile, entry: { ssh: { backend: 'ssh2' } } }),
      'stranger-system': at({ knownHostsFile: emptyFile, entry: { ssh: { backend: 'openssh' } } }),
      'dead-jump': at({ sshConfig: [`ProxyJump nobody@127.0.0.1:${await freePort()}`] }),
    },
    { reconnect: { initialMs: 200, maxMs: 1000 } },
  );
  snapshot = await statusOf(file.path, makeSandbox());
});
afterAll(() => Promise.all([sshd.stop(), guarded.stop()]));

const everything = (report: ErrorReport | undefined): string => JSON.stringify(report);

describe('hosts', () => {
  const cause = (host: string): ErrorReport | undefined => hostIn(snapshot, host).cause;

  it.each([
    ['unknown', 'waiting', ['HOST_UNREACHABLE'], /no-such-host\.invalid/],
    ['refused', 'waiting', ['HOST_UNREACHABLE'], /refused/i],
    ['wrongkey', 'refused', ['AUTH_FAILED'], /key|publickey|identit/i],
    ['dead-jump', 'waiting', ['HOST_UNREACHABLE'], /127\.0\.0\.1/],
  ] as const)('%s is %s', (host, state, codes, text) => {
    expect(hostIn(snapshot, host).state).toBe(state);
    expect(codes).toContain(cause(host)?.code);
    expect(cause(host)?.host).toBe(host);
    expect(everything(cause(host))).toMatch(text);
    expect(cause(host)?.hint).not.toMatch(/[{}]/);
  });

  it.each(['changed', 'changed-system'])('%s shows both fingerprints, file and line, and never logs in', (host) => {
    expect(hostIn(snapshot, host).state).toBe('refused');
    expect(cause(host)?.code).toBe('HOST_KEY_CHANGED');
    expect(everything(cause(host))).toContain(other.fingerprint);
    expect(everything(cause(host))).toContain(guarded.hostKeys[0]?.fingerprint);
    expect(everything(cause(host))).toContain(`${changedFile}:2`);
  });

  it.each(['stranger', 'stranger-system'])('%s is refused with the command that trusts it', (host) => {
    expect(hostIn(snapshot, host).state).toBe('refused');
    expect(cause(host)?.code).toBe('HOST_KEY_UNKNOWN');
    expect(everything(cause(host))).toContain(`mcp-anywhere trust ${host}`);
    expect(everything(cause(host))).toContain(guarded.hostKeys[0]?.fingerprint);
  });

  it('whose key is not the known one never saw a login', () => {
    expect(guarded.log()).not.toMatch(/Accepted publickey/);
    expect(sshd.log()).toMatch(/Accepted publickey/);
  });

  it('with refused logins are not asked again and again', () => {
    expect(guarded.log().split('Connection closed by authenticating user').length - 1).toBeLessThanOrEqual(2);
  });
});

describe('servers', () => {
  const cause = (server: string): ErrorReport | undefined => serverIn(snapshot, 'bad', server).cause;

  it.each([
    ['exits', ['SERVER_START_FAILED'], /cannot open database \/var\/lib\/absent\.db/],
    ['exits', ['SERVER_START_FAILED'], /23/],
    ['garbage', ['SERVER_START_TIMEOUT', 'SERVER_PROTOCOL'], /GARBAGE 4711/],
    ['silent', ['SERVER_START_TIMEOUT'], /startTimeoutMs/],
    ['flood', ['SERVER_START_TIMEOUT', 'SERVER_PROTOCOL', 'MESSAGE_TOO_LARGE'], /./],
    ['missing', ['COMMAND_NOT_FOUND'], /no-such-command-4711/],
    ['nowhere', ['CWD_MISSING'], /\/no\/such\/folder/],
  ] as const)('%s fails with %s and says why', (server, codes, text) => {
    expect(['failed', 'crash-loop']).toContain(serverIn(snapshot, 'bad', server).state);
    expect(codes).toContain(cause(server)?.code);
    expect(cause(server)).toMatchObject({ host: 'bad', server });
    expect(everything(cause(server))).toMatch(text);
    expect(cause(server)?.hint).not.toMatch(/[{}]/);
  });

  it('with bad tools work, and each that is withheld or mended is named with its reason', () => {
    const server = serverIn(snapshot, 'bad', 'bad');
    expect(server.state).toBe('ready');
    const problems = server.problems.map(({ message }) => message);
    const about = (name: string, what: string): void => {
      expect(problems).toContainEqual(expect.stringContaining(`"${name}": ${what}`));
    };
    for (const name of ['string_schema', 'array_schema', 'twice']) about(name, 'withheld: ');
    for (const name of ['no_schema', 'true_property']) about(name, 'mended: ');
    about('array_output', 'offered without its outputSchema: ');
    for (const problem of server.problems) expect(problem).toMatchObject({ host: 'bad', server: 'bad' });
  });

  it('beside them, and their host, are well', () => {
    expect(hostIn(snapshot, 'bad').state).toBe('ready');
    expect(serverIn(snapshot, 'bad', 'echo')).toMatchObject({ state: 'ready', problems: [] });
    expect(hostIn(snapshot, 'good').servers.map((server) => server.state)).toEqual(['ready', 'ready']);
    expect(snapshot.exit).toBe(8);
  });
});

/** MB of a process, at its peak (VmHWM of proc(5)). */
function peakMemory(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

describe('one gateway with all of it', () => {
  it('offers and runs everything that works', async () => {
    const { client } = startServe(file.path);
    await initialize(client);
    const names = await offers(client, ['good__echo__echo', 'good__sh__echo', 'bad__echo__echo', 'bad__bad__good']);
    for (const tool of ['no_schema', 'true_property', 'array_output']) expect(names).toContain(`bad__bad__${tool}`);
    for (const host of HOSTS) expect(names.filter((name) => name.startsWith(`${host}__`))).toEqual([]);
    for (const server of SERVERS.filter((one) => one !== 'bad'))
      expect(names.filter((name) => name.startsWith(`bad__${server}__`))).toEqual([]);
    expect(await callText(client, 'good__echo__echo', { a: 1 })).toBe('{"a":1}');
    expect(await callText(client, 'bad__echo__echo', { a: 2 })).toBe('{"a":2}');
    expect(await callText(client, 'bad__bad__good')).toBe('called good');
    for (const { line, message } of client.received) expect(message, line).toHaveProperty('jsonrpc', '2.0');
    // The flood of 100 MB is over by now; at most three times its size was ever held.
    expect(peakMemory(client.pid)).toBeLessThan(400);
  });

  it('gives clients only definitions that the MCP schema allows', async () => {
    const { client } = startServe(file.path);
    await initialize(client);
    await offers(client, ['bad__bad__good']);
    const tools = await listTools(client);
    for (const tool of tools) {
      expect(tool.name).toMatch(/^[A-Za-z0-9_-]{1,48}$/);
      expect(tool['inputSchema']).toMatchObject({ type: 'object' });
      expect(
        Object.values((tool['inputSchema'] as { properties?: object }).properties ?? {}).every(
          (value) => typeof value === 'object',
        ),
      ).toBe(true);
      if (tool['outputSchema'] !== undefined) expect(tool['outputSchema']).toMatchObject({ type: 'object' });
    }
    expect(tools.find((tool) => tool.name === 'bad__bad__good')).toMatchObject({ 'x-future': { kept: true } });
  });
});

describe('doctor', () => {
  it('finds the first thing that is wrong with a host, and skips what needs it', async () => {
    const { steps, exit } = await doctorOf(file.path, makeSandbox(), 'changed');
    const failed = steps.filter((step) => step.outcome === 'failed');
    expect(failed.map((step) => step.check)).toEqual(['host-key']);
    expect(steps.some((step) => step.check === 'login' && step.outcome === 'ok')).toBe(false);
    expect(exit).toBe(3);
  });

  it.each([
    ['wrongkey', 3],
    ['refused', 4],
    ['unknown', 4],
    ['stranger', 3],
    ['good', 0],
  ])('ends for %s with exit code %i', async (host, exit) => {
    expect((await doctorOf(file.path, makeSandbox(), host)).exit).toBe(exit);
  });
});

describe('a hosts file that is broken', () => {
  const broken = (text: string): string => {
    const path = join(scratch(), 'config.yaml');
    writeFileSync(path, text);
    return path;
  };

  it.each([
    ['YAML', 'version: 1\nhosts:\n  a: {servers: {x: {command: y}\n  b: [\n', /config\.yaml:\d+:\d+/],
    ['an unknown key', 'version: 1\nhosts:\n  a:\n    servers:\n      x: { comand: y }\n', /:5:\d+.*comand.*command/s],
    ['a later feature', 'version: 1\nhosts: {}\npolicy: { rules: [] }\n', /:3:1.*policy/s],
    [
      'a wrong type',
      'version: 1\nhosts:\n  a:\n    servers:\n      x: { command: y, timeoutMs: soon }\n',
      /:5:\d+.*timeoutMs.*milliseconds/s,
    ],
  ])('by %s opens nothing and says where', async (_what, text, where) => {
    const path = broken(text);
    const validate = await runProgram(['config', 'validate', '--config', path], makeSandbox());
    expect(validate.code).toBe(6);
    expect(validate.stdout + validate.stderr).toMatch(where);
    const serve = await runProgram(['serve', '--in-process', '--config', path], makeSandbox());
    expect(serve.code).toBe(6);
    expect(serve.stdout).toBe('');
    expect(serve.stderr).toMatch(where);
  });

  it('shows all mistakes at once', async () => {
    const path = broken(
      'version: 2\nhosts:\n  a__b: {}\n  c:\n    ssh: { prot: 22 }\n    servers: { x: { args: 1 } }\n',
    );
    const { stderr, stdout } = await runProgram(['config', 'validate', '--config', path], makeSandbox());
    for (const line of [1, 3, 5, 6]) expect(stdout + stderr).toMatch(new RegExp(`:${line}:\\d+`));
  });

  it('by a missing file ends with 6', async () => {
    const { code, stderr } = await runProgram(
      ['serve', '--in-process', '--config', '/no/such/config.yaml'],
      makeSandbox(),
    );
    expect(code).toBe(6);
    expect(stderr).toContain('/no/such/config.yaml');
  });
});
