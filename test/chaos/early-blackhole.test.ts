/** The line goes silent before anybody watches it from the other side: what was started there ends all the same. */
import { connect, createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { openGateway } from '../../src/gateway/open.ts';
import { fixture, writeHostsFile } from '../harness/hosts-file.ts';
import { makeSandbox } from '../harness/sandbox.ts';
import { startSshd } from '../harness/sshd.ts';
import { until } from '../harness/until.ts';
import { StreamClient, silentLog } from '../unit/gateway/kit.ts';

/** A line whose far end never learns that the near one is gone, as after a lost route. */
class HalfOpen {
  readonly #pairs = new Map<Socket, Socket>();
  readonly #server = createServer({ allowHalfOpen: true });
  port = 0;

  async start(to: number): Promise<void> {
    this.#server.on('connection', (near) => {
      const far = connect({ port: to, host: '127.0.0.1', allowHalfOpen: true });
      this.#pairs.set(near, far);
      for (const socket of [near, far]) socket.on('error', () => undefined);
      near.pipe(far);
      far.pipe(near);
    });
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (typeof address === 'object' && address !== null) this.port = address.port;
  }

  loseRoute(): void {
    for (const [near, far] of this.#pairs) {
      near.unpipe(far);
      far.unpipe(near);
      far.resume();
      near.destroy();
    }
  }

  stop(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
    this.#server.close();
  }
}

it('with the next connection', { timeout: 60_000 }, async () => {
  const sshd = await startSshd();
  onTestFinished(() => sshd.stop());
  const line = new HalfOpen();
  await line.start(sshd.port);
  onTestFinished(() => {
    line.stop();
  });
  const { env, home } = makeSandbox();
  const hosts = { box: { sshd, port: line.port, servers: { echo: fixture(sshd, 'sh-echo.sh') } } };
  const file = writeHostsFile(hosts, { reconnect: { initialMs: 20, maxMs: 100 } });
  const gateway = await openGateway({ config: file.path, env, cwd: home, homeDir: home, log: silentLog });
  onTestFinished(() => gateway.close());
  gateway.start();
  const client = new StreamClient(gateway);
  const servers = (): number[] =>
    sshd.programs().flatMap(({ pid, commandLine }) => (commandLine.includes('sh-echo.sh') ? [pid] : []));
  await client.initialize();
  const lost = await until(() => (servers().length > 0 ? servers() : undefined), { everyMs: 1 });
  line.loseRoute();
  await until(() => !servers().some((pid) => lost.includes(pid)), {
    withinMs: 20_000,
    what: () => `${lost.join()} of ${servers().join()} to end`,
  });
  expect(gateway.link('box').state.kind).toBe('ready');
});
