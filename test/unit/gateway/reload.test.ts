/** The hosts file changes while clients are there: real servers, and clients on streams. */
import { describe, expect, it } from 'vitest';
import type { GatewayEvent } from '../../../src/api/events.ts';
import { AnywhereError } from '../../../src/base/errors.ts';
import { DEFAULTS } from '../../../src/config/defaults.ts';
import type { Plan, ServerPlan } from '../../../src/config/plan.ts';
import type { Gateway } from '../../../src/gateway/gateway.ts';
import { isAlive } from '../../harness/processes.ts';
import { until } from '../../harness/until.ts';
import { planOf, toolsPlan } from '../catalog/kit.ts';
import { openGateway, type RigOptions, StreamClient, server, textOf } from './kit.ts';

const echo = server('box/echo', 'echo.mjs');
const slow = server('box/slow', 'slow.mjs');
const far = server('far/echo', 'echo.mjs');

/** A gateway over a hosts file that the test edits. */
class Rig {
  readonly gateway: Gateway;
  readonly client: StreamClient;
  readonly events: GatewayEvent[] = [];
  #content: Plan | AnywhereError;

  constructor(servers: readonly ServerPlan[], options: RigOptions = {}) {
    this.#content = planOf(servers);
    const load = (): Promise<Plan> =>
      this.#content instanceof AnywhereError ? Promise.reject(this.#content) : Promise.resolve(this.#content);
    this.gateway = openGateway(servers, { hostsFile: { load, watch: () => Promise.resolve() }, ...options });
    this.gateway.bus.on(({ event }) => this.events.push(event));
    this.client = new StreamClient(this.gateway);
  }

  edit(servers: readonly ServerPlan[] | AnywhereError, more: Partial<Plan> = {}): ReturnType<Gateway['reload']> {
    this.#content = servers instanceof AnywhereError ? servers : planOf(servers, more);
    return this.gateway.reload();
  }

  async pid(tool: string): Promise<number> {
    return (JSON.parse(await this.client.text(tool)) as { pid: number }).pid;
  }

  listChanges(): number {
    return this.client.received.filter(({ method }) => method === 'notifications/tools/list_changed').length;
  }
}

async function serving(
  servers: readonly ServerPlan[],
  tools: readonly string[],
  options: RigOptions = {},
): Promise<Rig> {
  const rig = new Rig(servers, options);
  await rig.client.initialize();
  await rig.client.offers(...tools);
  return rig;
}

describe('an edited hosts file', () => {
  it('that says the same changes nothing, and nobody is told', async () => {
    const rig = await serving([echo], ['box__echo__echo']);
    const [pid, told] = [await rig.pid('box__echo__where'), rig.listChanges()];
    expect(await rig.edit([structuredClone(echo)])).toEqual({ changed: [] });
    expect(await rig.pid('box__echo__where')).toBe(pid);
    expect(rig.listChanges()).toBe(told);
    expect(rig.events.filter(({ type }) => type === 'hosts-file')).toEqual([]);
  });

  it('adds a server and a host, which appear by themselves', async () => {
    const rig = await serving([echo], ['box__echo__echo']);
    const pid = await rig.pid('box__echo__where');
    const { changed } = await rig.edit([echo, slow, far]);
    expect(changed).toEqual(['far: added', 'box/slow: added']);
    await rig.client.waitFor(({ method }) => method === 'notifications/tools/list_changed');
    await rig.client.offers('box__echo__echo', 'box__slow__sleep', 'far__echo__echo');
    expect(await rig.client.text('far__echo__echo', { a: 1 })).toBe('{"a":1}');
    expect(await rig.pid('box__echo__where')).toBe(pid);
    expect(rig.gateway.units.map(({ plan }) => `${plan.host}/${plan.name}`)).toEqual([
      'box/echo',
      'box/slow',
      'far/echo',
    ]);
  });

  it('removes a server: its calls are answered first, its tools are gone at once', async () => {
    const rig = await serving([echo, slow], ['box__echo__echo', 'box__slow__sleep']);
    const running = rig.client.ask('tools/call', { name: 'box__slow__sleep', arguments: { ms: 600 } });
    await until(() => rig.gateway.units.some((unit) => unit.isBusy));
    const [unit] = rig.gateway.units.slice(1);
    expect((await rig.edit([echo])).changed).toEqual(['box/slow: removed']);
    expect(await rig.client.names()).not.toContain('box__slow__sleep');
    expect((await rig.client.call('box__slow__sleep')).error).toMatchObject({ code: -32602 });
    expect(textOf(await rig.client.reply(running))).toBe('slept 600 ms');
    await expect.poll(() => unit?.state.ready).toBe(0);
    expect(() => rig.gateway.server('box/slow')).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  it('removes a host: its calls are answered, then its link closes', async () => {
    const rig = await serving([echo, server('far/slow', 'slow.mjs')], ['box__echo__echo', 'far__slow__sleep']);
    const link = rig.gateway.link('far');
    const running = rig.client.ask('tools/call', { name: 'far__slow__sleep', arguments: { ms: 400 } });
    await until(() => rig.gateway.units.some((unit) => unit.isBusy));
    expect((await rig.edit([echo])).changed).toEqual(['far: removed']);
    expect(link.state.kind).toBe('ready');
    expect(textOf(await rig.client.reply(running))).toBe('slept 400 ms');
    await expect.poll(() => link.state.kind).toBe('closed');
    expect(() => rig.gateway.link('far')).toThrow(expect.objectContaining({ code: 'USAGE' }));
    expect(rig.events.filter((event) => event.type === 'host-state').at(-1)).toMatchObject({
      host: 'far',
      state: 'closed',
    });
  });

  it('restarts an edited server, and no other', async () => {
    const other = server('box/other', 'echo.mjs');
    const rig = await serving([echo, other], ['box__echo__echo', 'box__other__echo']);
    const [edited, kept] = [await rig.pid('box__echo__where'), await rig.pid('box__other__where')];
    const env = new Map([['COLOUR', { pieces: ['green'] }]]);
    expect((await rig.edit([{ ...echo, env }, other])).changed).toEqual(['box/echo: restarts']);
    expect(await rig.client.names()).toContain('box__echo__echo');
    const where = JSON.parse(await rig.client.text('box__echo__where', { variables: ['COLOUR'] })) as {
      pid: number;
      variables: object;
    };
    expect(where.variables).toEqual({ COLOUR: 'green' });
    expect(where.pid).not.toBe(edited);
    expect(await rig.pid('box__other__where')).toBe(kept);
    await expect.poll(() => isAlive(edited)).toBe(false);
  });

  it('lets calls of an edited server end, while others are answered by the one that takes its place', async () => {
    const rig = await serving([slow], ['box__slow__sleep']);
    const running = rig.client.ask('tools/call', { name: 'box__slow__sleep', arguments: { ms: 800 } });
    await until(() => rig.gateway.units.some((unit) => unit.isBusy));
    const [before] = rig.gateway.units;
    await rig.edit([{ ...slow, cwd: '/' }]);
    expect(await rig.client.text('box__slow__sleep', { ms: 1 })).toBe('slept 1 ms');
    expect(textOf(await rig.client.reply(running))).toBe('slept 800 ms');
    await expect.poll(() => before?.state.ready).toBe(0);
  });

  it('does not wait for ever: a call that goes on has an outcome nobody knows', async () => {
    const rig = await serving([slow], ['box__slow__never'], { drainMs: 200 });
    const running = rig.client.ask('tools/call', { name: 'box__slow__never' });
    await until(() => rig.gateway.units.some((unit) => unit.isBusy));
    const [before] = rig.gateway.units;
    await rig.edit([]);
    const reply = await rig.client.reply(running);
    expect(reply.result).toMatchObject({ isError: true });
    expect(textOf(reply)).toMatch(/outcome unknown: host box, after .* the hosts file was changed/u);
    await expect.poll(() => before?.state.ready).toBe(0);
  });

  it('filters anew what a running server offers, and guards its calls at once', async () => {
    const rig = await serving([echo], ['box__echo__echo', 'box__echo__raw']);
    const pid = await rig.pid('box__echo__where');
    const tools = toolsPlan({ deny: ['raw'], rename: new Map([['echo', 'say']]) });
    expect((await rig.edit([{ ...echo, tools, timeoutMs: 5_000 }])).changed).toEqual(['box/echo: adjusted']);
    expect((await rig.client.call('box__echo__raw')).error).toMatchObject({ code: -32602 });
    const names = await rig.client.names();
    expect(names).toContain('box__echo__say');
    expect(names).not.toContain('box__echo__raw');
    expect(await rig.client.text('box__echo__say', { a: 1 })).toBe('{"a":1}');
    expect(await rig.pid('box__echo__where')).toBe(pid);
  });

  it('with another time limit applies it to the calls of a running server', async () => {
    const rig = await serving([slow], ['box__slow__never']);
    await rig.client.text('box__slow__cancelled');
    await rig.edit([{ ...slow, timeoutMs: 200 }]);
    expect(textOf(await rig.client.call('box__slow__never'))).toContain('within 0.2 s');
  });

  it('with other limits applies them to the calls of a running server', async () => {
    const rig = await serving([slow], ['box__slow__sleep']);
    await rig.client.text('box__slow__cancelled');
    await expect.poll(() => rig.gateway.instancesOf(rig.client.door.session)[0]?.peer.inFlight).toBe(0);
    const limits = { ...DEFAULTS.limits, callsPerServer: 1, waitingPerServer: 0 };
    expect((await rig.edit([slow], { limits })).changed).toEqual(['limits: changed']);
    const running = rig.client.ask('tools/call', { name: 'box__slow__sleep', arguments: { ms: 500 } });
    expect(textOf(await rig.client.call('box__slow__sleep'))).toContain('1 calls are under way and 0 wait already');
    expect(textOf(await rig.client.reply(running))).toBe('slept 500 ms');
    await rig.edit([slow]);
    const both = [1, 2].map(() => rig.client.text('box__slow__sleep', { ms: 1 }));
    expect(await Promise.all(both)).toEqual(['slept 1 ms', 'slept 1 ms']);
  });

  it('with another log volume keeps to it in logs that are open', async () => {
    const rig = await serving([echo], ['box__echo__echo']);
    const say = (): boolean =>
      rig.gateway.logs.append({ atMs: 0, host: 'box', server: 'echo', stream: 'stderr', line: 'x' });
    expect(say()).toBe(true);
    await rig.edit([echo], { limits: { ...DEFAULTS.limits, logLinesPerSecond: 1 } });
    expect([1, 2, 3, 4, 5, 6].map(say)).toEqual([true, true, true, true, false, false]);
  });

  it('with another idle time ends a running server that nobody uses', async () => {
    const rig = await serving([echo], ['box__echo__echo']);
    const pid = await rig.pid('box__echo__where');
    await rig.edit([{ ...echo, idleMs: 100 }]);
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  it('with another name length renames', async () => {
    const long = server('box/echo-with-a-long-name', 'echo.mjs');
    const rig = await serving([long], ['box__echo-with-a-long-name__echo']);
    expect((await rig.edit([long], { naming: { maxLength: 24, titles: 'keep' } })).changed).toEqual([
      'naming: changed',
    ]);
    await rig.client.waitFor(({ method }) => method === 'notifications/tools/list_changed');
    expect((await rig.client.names()).every((name) => name.length <= 24)).toBe(true);
  });

  it('switches a server off and on again', async () => {
    const rig = await serving([echo, slow], ['box__echo__echo', 'box__slow__sleep']);
    const pid = await rig.pid('box__echo__where');
    await rig.edit([{ ...echo, enabled: false }, slow]);
    const states = rig.events.flatMap((event) =>
      event.type === 'server-state' ? [`${event.server} ${event.state}`] : [],
    );
    expect(states.at(-1)).toBe('echo disabled');
    expect(await rig.client.names()).not.toContain('box__echo__echo');
    await expect.poll(() => isAlive(pid)).toBe(false);
    await rig.edit([echo, slow]);
    expect(await rig.client.names()).toContain('box__echo__echo');
    expect(await rig.client.text('box__echo__echo')).toBe('{}');
  });

  it('keeps what was switched by hand', async () => {
    const rig = await serving([echo, slow], ['box__echo__echo', 'box__slow__sleep']);
    rig.gateway.setEnabled('box/slow', false);
    expect(await rig.client.names()).not.toContain('box__slow__sleep');
    expect((await rig.edit([echo, slow, far])).changed).toEqual(['far: added']);
    expect(await rig.client.names()).not.toContain('box__slow__sleep');
    rig.gateway.setEnabled('box/slow', true);
    expect(await rig.client.names()).toContain('box__slow__sleep');
    expect(() => {
      rig.gateway.setEnabled('box/none', true);
    }).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  it('gives whoever subscribed the updates of the server that takes its place', async () => {
    const full = server('box/full', './full.mjs');
    const rig = new Rig([full]);
    await rig.client.initialize();
    await expect
      .poll(async () => ((await rig.client.request('resources/list')).result?.['resources'] as object[]).length)
      .toBeGreaterThan(0);
    const { result } = await rig.client.request('resources/list');
    const [{ uri }] = result?.['resources'] as [{ uri: string }];
    await rig.client.request('resources/subscribe', { uri });
    const [before] = rig.gateway.units;
    await rig.edit([{ ...full, cwd: '/' }]);
    const [after] = rig.gateway.units;
    expect(after).not.toBe(before);
    await expect.poll(() => after?.current(rig.client.door.session)?.subscriptions.uris).toContain(uri);
  });

  it('aliases resources as soon as there are two servers', async () => {
    const full = server('box/full', './full.mjs');
    const rig = new Rig([full]);
    await rig.client.initialize();
    const uris = async (): Promise<string[]> =>
      ((await rig.client.request('resources/list')).result?.['resources'] as { uri: string }[]).map(({ uri }) => uri);
    const [own = ''] = await until(async () => ((await uris()).length > 0 ? uris() : undefined));
    await rig.edit([full, echo]);
    expect(await uris()).toContain(`mcpa://box/full/${own}`);
    await rig.edit([full]);
    expect(await uris()).toContain(own);
  });

  it('tells a client that waits for the first list not to wait for a server that is gone', async () => {
    const late = server('box/late', 'slow.mjs', { argv: ['--start-after', '20000'] });
    const rig = new Rig([echo, late]);
    await rig.client.initialize();
    const asked = rig.client.ask('tools/list');
    await until(() => rig.gateway.units.every((unit) => unit.state.starting + unit.state.ready > 0));
    const startedMs = performance.now();
    await rig.edit([echo]);
    await rig.client.reply(asked);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });

  it('fails a call that waits for a server that is gone, and says why', async () => {
    const late = server('box/late', 'slow.mjs', { argv: ['--start-after', '20000'] });
    const rig = new Rig([echo, late]);
    await rig.client.initialize();
    const waiting = rig.client.ask('tools/call', { name: 'box__late__sleep' });
    await until(() => rig.gateway.units.every((unit) => unit.state.starting + unit.state.ready > 0));
    const startedMs = performance.now();
    await rig.edit([echo]);
    expect((await rig.client.reply(waiting)).error).toMatchObject({ message: 'unknown tool: box__late__sleep' });
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });

  it('fails a call that waits for an edited server to come up, and says what to do', async () => {
    const rig = await serving([slow], ['box__slow__sleep']);
    const late = server('box/slow', 'slow.mjs', { argv: ['--start-after', '20000'] });
    await rig.edit([late]);
    const waiting = rig.client.ask('tools/call', { name: 'box__slow__sleep' });
    await expect.poll(() => rig.gateway.units[0]?.state.starting).toBe(1);
    await rig.edit([slow]);
    expect(textOf(await rig.client.reply(waiting))).toMatch(
      /box\/slow was stopped: the hosts file was changed.*call the tool again/su,
    );
    expect(await rig.client.text('box__slow__sleep', { ms: 1 })).toBe('slept 1 ms');
  });

  it('leaves nothing behind, however often it changes', async () => {
    const rig = await serving([echo], ['box__echo__echo']);
    for (let round = 0; round < 20; round += 1) {
      await rig.edit([
        { ...echo, env: new Map([['ROUND', { pieces: [String(round)] }]]) },
        ...(round % 2 === 0 ? [far] : []),
      ]);
      const said = await rig.client.text('box__echo__where', { variables: ['ROUND'] });
      expect(JSON.parse(said)).toMatchObject({ variables: { ROUND: String(round) } });
    }
    await rig.edit([echo]);
    const { catalog, keeper } = rig.gateway;
    expect([catalog.changes.size, keeper.progress.size]).toEqual([2, 0]);
    expect(rig.gateway.units.length).toBe(1);
  });
});

describe('a gateway that has ended', () => {
  it('starts nothing, whatever the hosts file says then', async () => {
    const rig = new Rig([echo]);
    await rig.gateway.close();
    expect(await rig.edit([echo, far])).toEqual({ changed: [] });
    expect(() => rig.gateway.link('far')).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

describe('a hosts file with a mistake', () => {
  const broken = (text: string): AnywhereError =>
    new AnywhereError('CONFIG_INVALID', '/hosts.yaml has 1 mistake.', { evidence: [`/hosts.yaml:3:5 ${text}`] });

  it('changes nothing, is reported once, and is forgotten once it is put right', async () => {
    const rig = await serving([echo], ['box__echo__echo']);
    const pid = await rig.pid('box__echo__where');
    const report = await rig.edit(broken('hosts: expected a mapping'));
    expect(report).toMatchObject({ changed: [], problem: { code: 'CONFIG_INVALID' } });
    expect(report.problem?.evidence).toEqual(['/hosts.yaml:3:5 hosts: expected a mapping']);
    expect(rig.gateway.hostsFileProblem).toEqual(report.problem);
    await rig.gateway.reload();
    expect(await rig.pid('box__echo__where')).toBe(pid);
    const told = (): object[] => rig.events.filter(({ type }) => type === 'problem' || type === 'hosts-file');
    expect(told()).toMatchObject([{ type: 'problem', problem: { code: 'CONFIG_INVALID' } }]);
    expect(await rig.edit([echo])).toEqual({ changed: [] });
    expect(rig.gateway.hostsFileProblem).toBeUndefined();
    expect(told().slice(1)).toMatchObject([{ type: 'hosts-file', file: '/hosts.yaml', changed: [] }]);
  });

  it('is told again where its mistake is another one', async () => {
    const rig = new Rig([echo]);
    await rig.edit(broken('a'));
    await rig.edit(broken('b'));
    expect(rig.events.filter(({ type }) => type === 'problem').length).toBe(2);
  });
});
