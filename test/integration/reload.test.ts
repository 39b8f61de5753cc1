/** An edited hosts file, from the file to the clients: real files, real machines. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { GatewayEvent } from '../../src/api/events.ts';
import { createTrustStore } from '../../src/config/trust.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { openGateway } from '../../src/gateway/open.ts';
import { fixture, type HostEntry, writeHostsFile } from '../harness/hosts-file.ts';
import { type Proxy, startProxy } from '../harness/proxy.ts';
import { makeSandbox, type Sandbox } from '../harness/sandbox.ts';
import { scratch } from '../harness/scratch.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { until } from '../harness/until.ts';
import { StreamClient, silentLog } from '../unit/gateway/kit.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

interface Rig {
  readonly gateway: Gateway;
  readonly client: StreamClient;
  readonly events: readonly GatewayEvent[];
}

/** As `serve` and the daemon open it. */
async function opened(config: string | undefined, more: { sandbox?: Sandbox; cwd?: string } = {}): Promise<Rig> {
  const { env, home } = more.sandbox ?? makeSandbox();
  const gateway = await openGateway({ config, env, cwd: more.cwd ?? home, homeDir: home, log: silentLog });
  onTestFinished(() => gateway.close());
  const events: GatewayEvent[] = [];
  gateway.bus.on(({ event }) => events.push(event));
  gateway.start();
  const client = new StreamClient(gateway);
  await client.initialize();
  return { gateway, client, events };
}

async function proxied(): Promise<Proxy> {
  const proxy = await startProxy({ to: sshd.port });
  onTestFinished(() => proxy.stop());
  return proxy;
}

const echo = (): HostEntry['servers'] => ({ echo: fixture(sshd, 'echo.mjs') });

/** Resolves when the file's change is in force. */
function inForce({ events }: Rig, since: number): Promise<GatewayEvent> {
  return until(() => events.slice(since).find(({ type }) => type === 'hosts-file'), {
    withinMs: 8_000,
    what: 'the change to be in force',
  });
}

describe('the hosts file', () => {
  it('is followed: hosts and servers come and go by themselves', async () => {
    const file = writeHostsFile({ box: { sshd, servers: echo() } });
    const rig = await opened(file.path);
    await rig.client.offers('box__echo__echo');
    file.rewrite({ box: { sshd, servers: echo() }, far: { sshd, servers: { slow: fixture(sshd, 'slow.mjs') } } });
    await rig.client.offers('box__echo__echo', 'far__slow__sleep');
    const since = rig.events.length;
    file.rewrite({ far: { sshd, servers: { slow: fixture(sshd, 'slow.mjs') } } });
    expect(await inForce(rig, since)).toMatchObject({ changed: ['box: removed'] });
    expect(await rig.client.names()).not.toContain('box__echo__echo');
    expect(await rig.client.text('far__slow__sleep', { ms: 1 })).toBe('slept 1 ms');
  });

  it('with other ssh settings reconnects that host, and no other', async () => {
    const [one, two, other] = [await proxied(), await proxied(), await proxied()];
    const far: HostEntry = { sshd, port: other.port, servers: echo() };
    const at = ({ port }: Proxy): HostEntry => ({ sshd, port, servers: echo(), entry: { ssh: { port } } });
    const file = writeHostsFile({ box: at(one), far });
    const rig = await opened(file.path);
    await rig.client.offers('box__echo__echo', 'far__echo__echo');
    await until(() => one.connections === 1 && other.connections === 1);
    const running = await rig.client.text('far__echo__where');
    const since = rig.events.length;
    file.rewrite({ box: at(two), far });
    expect(await rig.gateway.reload()).toEqual({ changed: ['box: reconnects'] });
    expect(await rig.client.text('box__echo__echo')).toBe('{}');
    expect(await rig.client.text('far__echo__where')).toBe(running);
    await expect.poll(() => one.connections).toBe(0);
    expect([two.connections, other.accepted]).toEqual([1, 1]);
    const states = rig.events.slice(since).flatMap((event) => (event.type === 'host-state' ? [event] : []));
    expect(states.map(({ host, state }) => `${host} ${state}`)).toEqual(['box connecting', 'box ready']);
  });

  it('with a mistake changes nothing, and is reported with its line and column', async () => {
    const file = writeHostsFile({ box: { sshd, servers: echo() } });
    const rig = await opened(file.path);
    await rig.client.offers('box__echo__echo');
    const where = await rig.client.text('box__echo__where');
    writeFileSync(`${file.path}.tmp`, 'version: 1\nhosts:\n  box: { nonsense: true }\n');
    renameSync(`${file.path}.tmp`, file.path);
    const problem = await until(() => rig.gateway.hostsFileProblem, { withinMs: 8_000 });
    expect(problem).toMatchObject({ code: 'CONFIG_INVALID', hint: 'mcp-anywhere config validate' });
    expect(problem.evidence?.join('\n')).toContain(`${file.path}:3:10 hosts.box.nonsense`);
    expect(rig.events.at(-1)).toMatchObject({ type: 'problem', problem: { code: 'CONFIG_INVALID' } });
    expect(await rig.client.text('box__echo__where')).toBe(where);
    const since = rig.events.length;
    file.rewrite({ box: { sshd, servers: echo() } });
    await inForce(rig, since);
    expect(rig.gateway.hostsFileProblem).toBeUndefined();
    expect(await rig.client.text('box__echo__where')).toBe(where);
  });

  it('of a working folder that was edited is not in force before it is trusted again', async () => {
    const sandbox = makeSandbox();
    const cwd = scratch();
    const path = join(cwd, 'mcp-anywhere.config.yaml');
    const text = (...servers: string[]): string =>
      JSON.stringify({
        version: 1,
        hosts: { here: { local: true, servers: Object.fromEntries(servers.map((name) => [name, echo()['echo']])) } },
      });
    const trust = (content: string): Promise<void> =>
      createTrustStore({ stateDir: join(sandbox.stateDir, 'mcp-anywhere'), now: Date.now }).trust(
        path,
        Buffer.from(content),
      );
    writeFileSync(path, text('one'));
    await trust(text('one'));
    const rig = await opened(undefined, { sandbox, cwd });
    await rig.client.offers('here__one__echo');
    writeFileSync(path, text('one', 'two'));
    const problem = await until(() => rig.gateway.hostsFileProblem, { withinMs: 8_000 });
    expect(problem).toMatchObject({
      code: 'CONFIG_UNTRUSTED',
      hint: expect.stringContaining('config trust') as string,
    });
    expect((await rig.client.names()).some((name) => name.startsWith('here__two'))).toBe(false);
    expect(rig.gateway.units.length).toBe(1);
    await trust(text('one', 'two'));
    await rig.client.offers('here__one__echo', 'here__two__echo');
    expect(rig.gateway.hostsFileProblem).toBeUndefined();
  });
});
