/** Ways to a machine: over others, through a program, over slow and dead lines. */
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LAUNCH_COMMAND } from '../../src/launch/launcher.ts';
import type { LinkDeps } from '../../src/link/contract.ts';
import { makeKey } from '../harness/keys.ts';
import { withCommandLine } from '../harness/processes.ts';
import { startProxy } from '../harness/proxy.ts';
import { scratch } from '../harness/scratch.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { until } from '../harness/until.ts';
import { dial, failure, hostOf, hostPlan, knownAt, never, run, sshPlan, testDeps } from './ssh2-kit.ts';

let first: Sshd;
let second: Sshd;
let last: Sshd;
beforeAll(async () => {
  [first, second, last] = await Promise.all([startSshd(), startSshd(), startSshd()]);
});
afterAll(() => Promise.all([first, second, last].map((sshd) => sshd.stop())));

function config(...lines: string[]): string {
  const file = join(scratch(), 'config');
  writeFileSync(
    file,
    [...lines, ...[first, second, last].map((sshd) => `Match all\nInclude ${sshd.sshConfigFile}`), ''].join('\n'),
  );
  return file;
}

describe('over other machines', () => {
  it.each([
    ['two of a list', () => [`Host ${last.alias}\n ProxyJump ${first.alias},${second.alias}`]],
    [
      'two, each from its own configuration',
      () => [`Host ${last.alias}\n ProxyJump ${second.alias}`, `Host ${second.alias}\n ProxyJump ${first.alias}`],
    ],
  ])('%s', async (_how, lines) => {
    const transport = await dial(hostPlan(sshPlan(last.alias, { configFile: config(...lines()) })));
    expect((await run(transport, 'echo $SSH_CONNECTION')).out).toContain(` ${last.port}\n`);
    for (const sshd of [first, second, last]) expect(sshd.sessions().length, sshd.alias).toBeGreaterThan(0);
    expect(transport.identity).toBe(last.hostKeys[0]?.fingerprint);
    await transport.close();
    await until(() => [first, second, last].every((sshd) => sshd.sessions().length === 0), {
      what: 'every login on the way to end',
    });
  });

  it('as the hosts file says it', async () => {
    const transport = await dial(
      hostPlan(sshPlan(last.alias, { configFile: config(), proxyJump: `${first.user}@${first.alias}:${first.port}` })),
    );
    for (const sshd of [first, last]) expect(sshd.sessions().length, sshd.alias).toBeGreaterThan(0);
    expect(transport.identity).toBe(last.hostKeys[0]?.fingerprint);
    await transport.close();
  });

  it('one whose key is not known is refused, and nothing behind it is touched', async () => {
    // What earlier connections say as they end may still come in: only new ones count.
    const connections = (): number => last.log().match(/^Connection from /gmu)?.length ?? 0;
    const before = connections();
    expect(before).toBeGreaterThan(0);
    const file = join(scratch(), 'known_hosts');
    writeFileSync(file, '');
    const error = await failure(
      dial(
        hostPlan(
          sshPlan(last.alias, {
            configFile: config(
              `Host ${first.alias}\n UserKnownHostsFile ${file}`,
              `Host ${last.alias}\n ProxyJump ${first.alias}`,
            ),
          }),
        ),
      ),
    );
    expect(error.toJSON()).toMatchObject({ code: 'HOST_KEY_UNKNOWN', host: 'box' });
    expect(error.message).toContain(`[127.0.0.1]:${first.port}`);
    expect(connections()).toBe(before);
  });

  it('one that cannot reach the next says which', async () => {
    const error = await failure(
      dial(
        hostPlan(sshPlan(last.alias, { configFile: config(`Host ${last.alias}\n ProxyJump ${first.alias}`), port: 1 })),
      ),
    );
    expect(error.code).toBe('HOST_UNREACHABLE');
    expect(error.message).toMatch(new RegExp(`${first.port} could not connect to .*:1$`));
    await expect.poll(() => first.sessions()).toHaveLength(0);
  });

  it('the death of one on the way is the death of the connection', async () => {
    const transport = await dial(
      hostPlan(sshPlan(last.alias, { configFile: config(`Host ${last.alias}\n ProxyJump ${first.alias}`) })),
    );
    const channel = await transport.exec('sleep 1000', never());
    for (const pid of first.sessions()) process.kill(pid, 'SIGKILL');
    expect(await channel.ended).toMatchObject({ kind: 'lost', cause: { code: 'LINK_LOST' } });
  });

  it('a circle is an error of the configuration', async () => {
    const lines = [
      `Host ${first.alias}\n ProxyJump ${second.alias}`,
      `Host ${second.alias}\n ProxyJump ${first.alias}`,
    ];
    expect((await failure(dial(hostPlan(sshPlan(first.alias, { configFile: config(...lines) }))))).code).toBe(
      'SSH_CONFIG',
    );
  });
});

describe('through ProxyCommand', () => {
  const relay = (): string =>
    `${process.execPath} -e 'const s=require("net").connect(+process.argv[2],process.argv[1]);process.stdin.pipe(s);s.pipe(process.stdout)' %h %p`;

  it('a program is the connection, and ends with it', async () => {
    const mark = join(scratch(), 'proxy-mark');
    const transport = await dial(
      hostOf(last, { configFile: config(`Host ${last.alias}\n ProxyCommand ${relay()} ${mark}`) }),
    );
    expect((await run(transport, 'echo through')).out).toBe('through\n');
    expect(withCommandLine(mark)).toHaveLength(1);
    await transport.close();
    await until(() => last.sessions().length === 0 && withCommandLine(mark).length === 0, {
      what: 'the proxy program to end',
    });
  });

  it('a program gets the short list of variables, and no key of a cloud', async () => {
    const line = ` ProxyCommand sh -c 'echo "key: $CLOUD_KEY, language: $LANG" >&2; exit 1'`;
    const deps = testDeps();
    const env = { ...deps.env, CLOUD_KEY: 'k', LANG: 'C' };
    const plan = hostOf(last, { configFile: config(`Host ${last.alias}`, line) });
    const error = await failure(dial(plan, { ...deps, env }));
    expect(error.evidence).toContain('ProxyCommand: key: , language: C');
  });

  it('one that fails says why', async () => {
    const error = await failure(
      dial(
        hostOf(last, {
          configFile: config(`Host ${last.alias}\n ProxyCommand sh -c 'echo no route today >&2; exit 1'`),
        }),
      ),
    );
    expect(error.code).toBe('HOST_UNREACHABLE');
    expect(error.evidence).toContain('ProxyCommand: no route today');
  });
});

describe('lines', () => {
  it('a port where nobody listens is HOST_UNREACHABLE at once', async () => {
    const error = await failure(dial(hostOf(last, { port: 1 })));
    expect(error.toJSON()).toMatchObject({ code: 'HOST_UNREACHABLE', host: 'box' });
  });

  it('a name that does not resolve is HOST_UNREACHABLE', async () => {
    expect((await failure(dial(hostOf(last, { host: 'nowhere.invalid' })))).code).toBe('HOST_UNREACHABLE');
  });

  it('one that swallows everything is HOST_TIMEOUT after connectTimeoutMs, and nothing stays open', async () => {
    const proxy = await startProxy({ to: last.port });
    proxy.blackhole();
    const error = await failure(dial(hostOf(last, { port: proxy.port, connectTimeoutMs: 300 })));
    expect(error.code).toBe('HOST_TIMEOUT');
    await proxy.stop();
  });

  it('something that closes the connection before SSH began is HOST_BUSY', async () => {
    const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    expect((await failure(dial(hostOf(last, { port })))).code).toBe('HOST_BUSY');
    server.close();
  });

  it('algorithms that ssh2 lacks are SSH_NEGOTIATION, so that the system ssh can be tried', async () => {
    const modern = await startSshd({ config: ['KexAlgorithms sntrup761x25519-sha512@openssh.com'] });
    try {
      expect((await failure(dial(hostOf(modern)))).code).toBe('SSH_NEGOTIATION');
      const error = await failure(
        dial(
          hostOf(modern, {
            configFile: config(`Host ${modern.alias}\n Ciphers aes128-cbc`, `Include ${modern.sshConfigFile}`),
          }),
        ),
      );
      expect(error.code).toBe('SSH_NEGOTIATION');
    } finally {
      await modern.stop();
    }
  });

  it('aborting ends the attempt and the connection under it', async () => {
    const proxy = await startProxy({ to: last.port, delayMs: 300 });
    const controller = new AbortController();
    const { createSsh2Dialer } = await import('../../src/ssh2/dialer.ts');
    const dialling = createSsh2Dialer(
      hostOf(last, { port: proxy.port, knownHostsFiles: [knownAt(last, proxy.port)] }),
      testDeps(),
    ).dial(controller.signal);
    await expect.poll(() => proxy.connections).toBe(1);
    controller.abort(new Error('enough'));
    await expect(dialling).rejects.toThrow('enough');
    await expect.poll(() => proxy.connections).toBe(0);
    await proxy.stop();
  });
});

describe('round trips', () => {
  const RTT_MS = 400;

  /** How often the client had to wait for the machine before the first byte of a program: what it sent, in bursts. */
  async function bursts(deps: LinkDeps): Promise<number> {
    const sentAt: number[] = [];
    const proxy = await startProxy({ to: last.port, delayMs: RTT_MS / 2 });
    const tap = createServer({ noDelay: true }, (client) => {
      const onward = connect({ port: proxy.port, host: '127.0.0.1', noDelay: true });
      client.on('data', (bytes) => {
        sentAt.push(performance.now());
        onward.write(bytes);
      });
      onward.on('data', (bytes) => client.write(bytes));
      for (const [one, other] of [
        [client, onward],
        [onward, client],
      ] as const)
        one.on('close', () => other.destroy()).on('error', () => undefined);
    });
    await new Promise<void>((resolve) => tap.listen(tapPort, '127.0.0.1', resolve));
    tapPort = (tap.address() as { port: number }).port;
    const transport = await dial(hostOf(last, { port: tapPort, knownHostsFiles: [knownAt(last, tapPort)] }), deps);
    const channel = await transport.exec(LAUNCH_COMMAND, never());
    channel.input.write('unset L;echo x;exec cat\n');
    await new Promise((resolve) => channel.output.once('data', resolve));
    const count = sentAt.filter((at, index) => at - (sentAt[index - 1] ?? 0) > RTT_MS / 4).length;
    await transport.close();
    await proxy.stop();
    await new Promise((resolve) => tap.close(resolve));
    return count;
  }
  let tapPort = 0;

  it('to the first byte are few', async () => {
    // Identification and offers (half a round trip each), key exchange, service, key, signature, session, program, its first line.
    expect(await bursts(testDeps())).toBeLessThanOrEqual(9);
  });
});

describe('keys of another user', () => {
  it('a key nobody authorized on a machine on the way names that machine', async () => {
    const wrong = await makeKey(join(scratch(), 'wrong'));
    const lines = [
      `Host ${first.alias}\n IdentityFile ${wrong.path}\n HostName 127.0.0.1\n Port ${first.port}\n User ${first.user}\n UserKnownHostsFile ${first.knownHostsFile}`,
      `Host ${last.alias}\n ProxyJump ${first.alias}`,
    ];
    const file = join(scratch(), 'config');
    writeFileSync(file, `${lines.join('\n')}\nMatch all\nInclude ${last.sshConfigFile}\n`);
    const error = await failure(dial(hostPlan(sshPlan(last.alias, { configFile: file }))));
    expect(error.toJSON()).toMatchObject({ code: 'AUTH_FAILED', host: 'box' });
    expect(error.message).toContain(`:${first.port}`);
  });
});
