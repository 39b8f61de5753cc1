import { describe, expect, it } from 'vitest';
import type { GatewayEvent } from '../../../src/api/events.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { AnywhereError } from '../../../src/base/errors.ts';
import { until } from '../../harness/until.ts';
import { proves } from '../../requirements.ts';
import { connected, inline, openGateway, StreamClient, server, textOf } from './kit.ts';

const echo = server('box/echo', 'echo.mjs');

describe('a gateway', () => {
  it('tells what happens as events', async () => {
    const events: GatewayEvent[] = [];
    const gateway = openGateway([echo]);
    gateway.bus.on(({ event }) => events.push(event));
    const client = new StreamClient(gateway);
    await client.initialize();
    await client.offers('box__echo__echo');
    await client.call('box__echo__fail');
    await client.call('box__echo__exit', { code: 2 });
    const ended = events.flatMap((event) => (event.type === 'call-ended' ? [[event.tool, event.outcome]] : []));
    expect(ended).toEqual([
      ['fail', 'tool-error'],
      ['exit', 'error'],
    ]);
    const states = events.flatMap((event) => (event.type === 'server-state' ? [event.state] : []));
    expect(states.slice(0, 3)).toEqual(['starting', 'ready', 'failed']);
    expect(events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['client-joined', 'tools-changed', 'call-started', 'host-state']),
    );
  });

  it('keeps secrets out of what it says of a server that failed', async () => {
    const program = `process.stderr.write('bad token ' + process.env.TOKEN + '\\n', () => process.exit(1))`;
    const leaky = inline('box/leaky', program, {
      env: new Map([['TOKEN', { pieces: [{ kind: 'env', name: 'MY_TOKEN' } as const] }]]),
    });
    const gateway = openGateway([leaky], {
      secrets: {
        resolve: (template) =>
          Promise.resolve(
            template.pieces.map((piece) => (typeof piece === 'string' ? piece : 'hunter2-hunter2')).join(''),
          ),
      },
    });
    const client = new StreamClient(gateway);
    await client.initialize();
    const said = textOf(await client.call('box__leaky__x'));
    const [unit] = gateway.units;
    await until(() => unit?.state.cause);
    const report = JSON.stringify(unit?.state.cause);
    expect(report).toContain('bad token [redacted]');
    expect(`${said}${report}`).not.toContain('hunter2');
  });

  it(proves('holds the first list no longer than 8 s, whatever the wall clock does', 'first-list'), async () => {
    const real = systemClock();
    let shiftMs = 0;
    const waits: number[] = [];
    const clock = {
      ...real,
      now: () => real.now() + shiftMs,
      after: (ms: number, task: () => void, options?: { readonly background?: boolean }) => {
        waits.push(ms);
        return real.after(ms, task, options);
      },
    };
    const gateway = openGateway([server('box/late', 'slow.mjs', { argv: ['--start-after', '300'] })], { clock });
    const client = new StreamClient(gateway);
    await client.initialize();
    shiftMs = -3_600_000;
    waits.length = 0;
    await client.names();
    expect(waits.filter((ms) => ms > 8_000 && ms < 4_000_000 && ms > 3_000_000)).toEqual([]);
  });

  it(proves('ends every process of a client when it leaves, and of all when it ends', 'client-leaves'), async () => {
    const { gateway, client } = await connected([echo], ['box__echo__echo']);
    const other = new StreamClient(gateway);
    await other.initialize();
    const pidOf = async (one: StreamClient): Promise<number> =>
      (JSON.parse(await one.text('box__echo__where')) as { pid: number }).pid;
    const [first, second] = [await pidOf(client), await pidOf(other)];
    expect(first).not.toBe(second);
    client.input.end();
    gateway.closeSession(client.door.session, await client.door.ended);
    await until(() => !isRunning(first));
    expect(await pidOf(other)).toBe(second);
    await gateway.close();
    await until(() => !isRunning(second));
  });

  it('lets one shared server serve all, under the requests of each', async () => {
    const { gateway, client } = await connected([{ ...echo, sharing: 'shared' }], ['box__echo__where']);
    const other = new StreamClient(gateway);
    await other.initialize();
    const [one, two] = await Promise.all(
      [client, other].map(async (each) => JSON.parse(await each.text('box__echo__where')) as { pid: number }),
    );
    expect(one?.pid).toBe(two?.pid);
    gateway.closeSession(other.door.session, new AnywhereError('CANCELLED', 'left'));
    expect((JSON.parse(await client.text('box__echo__where')) as { pid: number }).pid).toBe(one?.pid);
  });

  it('names a host that is not there', () => {
    expect(() => openGateway([echo]).link('none')).toThrow(expect.objectContaining({ code: 'USAGE', host: 'none' }));
  });
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
