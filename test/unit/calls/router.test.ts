import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import { Scope } from '../../../src/base/scope.ts';
import { Router } from '../../../src/calls/router.ts';
import { ListingCache } from '../../../src/catalog/cache.ts';
import { Catalog } from '../../../src/catalog/catalog.ts';
import type { ServerPlan } from '../../../src/config/plan.ts';
import type { InstanceOwner } from '../../../src/upstream/instance.ts';
import { ServerUnit } from '../../../src/upstream/unit.ts';
import { ManualClock } from '../../harness/manual-clock.ts';
import { scratch } from '../../harness/scratch.ts';
import { bytesOf, planOf, serverPlan, tool } from '../catalog/kit.ts';
import { kept, settled } from '../protocol/kit.ts';
import { stateOf } from '../protocol/peer-kit.ts';
import { HELLO } from '../upstream/kit.ts';
import { ScriptedLink, UP } from './kit.ts';

const down = new AnywhereError('HOST_UNREACHABLE', 'connection refused by 192.0.2.1:22', { evidence: ['seen'] });

function routerKit(plan: Partial<ServerPlan> = {}) {
  const clock = new ManualClock();
  const server = serverPlan('box', 'files', plan);
  const owner: InstanceOwner = {
    clientInfo: '{}',
    capabilities: '{}',
    protocolVersion: '2025-11-25',
    serverRequest: () => undefined,
    serverNotification: () => undefined,
    instanceReady: () => undefined,
    instanceEnded: () => undefined,
  };
  const link = new ScriptedLink();
  const scope = new Scope((error) => {
    throw error;
  });
  const unit = new ServerUnit(server, link, owner, {
    clock,
    scope,
    maxMessageBytes: 1 << 20,
    random: () => 0.999,
    redact: (line) => line,
    onLine: () => undefined,
    resolveLaunch: () => Promise.resolve({ command: 'x', args: [], env: new Map(), cwd: undefined }),
  });
  const catalog = new Catalog(planOf([server]), new ListingCache(join(scratch(), 'c'), () => undefined), clock);
  const router = new Router(catalog, new Map([['box/files', unit]]), clock);
  const cancellation = new AbortController();
  const call = (): Promise<unknown> => kept(Promise.resolve(router.instance(server, owner, cancellation)));
  /** The server that was started answers initialize. */
  const answer = async (): Promise<void> => {
    await settled();
    await link.channels.at(-1)?.say({ id: 1, result: HELLO });
  };
  return { clock, server, link, unit, catalog, router, owner, cancellation, call, answer };
}

describe('a call', () => {
  it('finds the instance that is there at once, and starts none', async () => {
    const { link, router, server, owner, cancellation, call, answer } = routerKit();
    link.state = UP;
    const first = call();
    await answer();
    const instance = await first;
    expect(router.instance(server, owner, cancellation)).toBe(instance);
    expect(link.channels).toHaveLength(1);
  });

  it('shares an instance that is being started', async () => {
    const { link, call, answer } = routerKit();
    link.state = UP;
    const both = [call(), call()];
    await answer();
    const [one, other] = await Promise.all(both);
    expect([one === other, link.channels.length]).toEqual([true, 1]);
  });

  it('gets a new instance in the very moment the one before it was stopped', async () => {
    const { link, unit, call, answer } = routerKit();
    link.state = UP;
    const first = call();
    await answer();
    unit.stop('restart');
    const second = call();
    await answer();
    expect([(await second) === (await first), link.channels.length, unit.state.ready]).toEqual([false, 2, 1]);
  });

  it('wakes its host and waits until it is ready', async () => {
    const { link, call, answer, clock } = routerKit();
    link.state = { kind: 'waiting', retryAtMs: 0, attempt: 3, cause: down };
    const waiting = call();
    clock.advance(2_999);
    link.become(UP);
    await answer();
    await waiting;
    expect([link.wakes, clock.pending]).toEqual([['a call to box/files'], 0]);
  });

  it('waits for its host once, whatever it is that keeps it away', async () => {
    const { link, call, clock } = routerKit();
    const cause = new AnywhereError('LINK_LOST', 'the host has not answered for 15 s');
    link.state = { kind: 'waiting', retryAtMs: 0, attempt: 3, cause };
    const waiting = call();
    await settled();
    clock.advance(3_000);
    expect(await stateOf(waiting)).toMatchObject({ code: 'LINK_LOST', host: 'box' });
  });

  it('to a host that is refused fails at once, with the cause, and does not wake it', async () => {
    const { link, call } = routerKit();
    link.state = {
      kind: 'refused',
      cause: new AnywhereError('HOST_KEY_CHANGED', 'another key', { evidence: ['SHA256:…'] }),
    };
    expect(await stateOf(call())).toMatchObject({
      code: 'HOST_KEY_CHANGED',
      host: 'box',
      server: 'files',
      evidence: ['SHA256:…'],
      message: 'host box is not available: another key. MCP-Anywhere will not try again by itself',
    });
    expect(link.wakes).toEqual([]);
  });

  it('to a host that stays down fails after 3 s, and says when it is retried', async () => {
    const { link, call, clock } = routerKit();
    link.state = { kind: 'waiting', retryAtMs: clock.now() + 20_000, attempt: 3, cause: down };
    const waiting = call();
    clock.advance(3_000);
    expect(await stateOf(waiting)).toMatchObject({
      code: 'HOST_UNREACHABLE',
      message: 'host box is not available: connection refused by 192.0.2.1:22. MCP-Anywhere will try again in 17 s',
      evidence: ['seen'],
    });
    expect(clock.pending).toBe(0);
  });

  it('to a host that does not even answer says so once', async () => {
    const { link, call, clock } = routerKit();
    link.state = { kind: 'connecting', sinceMs: 0, attempt: 1, lastCause: undefined };
    const waiting = call();
    clock.advance(29_999);
    expect(await stateOf(waiting)).toBe('pending');
    clock.advance(1);
    expect(await stateOf(waiting)).toMatchObject({
      code: 'HOST_TIMEOUT',
      message: 'host box is not available: it does not answer. MCP-Anywhere is trying again now',
    });
  });

  it('fails with the attempt it waited for', async () => {
    const { link, call, clock } = routerKit();
    const waiting = call();
    await settled();
    link.become({ kind: 'waiting', retryAtMs: clock.now() + 1_000, attempt: 1, cause: down });
    expect(await stateOf(waiting)).toMatchObject({ code: 'HOST_UNREACHABLE' });
  });

  it('that is cancelled waits no longer', async () => {
    const { call, cancellation, clock } = routerKit();
    const waiting = call();
    await settled();
    const reason = new AnywhereError('CANCELLED', 'enough');
    cancellation.abort(reason);
    expect([await stateOf(waiting), clock.pending]).toEqual([reason, 0]);
  });

  it('waits no longer than its server is given', async () => {
    const { call, clock } = routerKit({ timeoutMs: 500 });
    const waiting = call();
    clock.advance(500);
    expect(await stateOf(waiting)).toMatchObject({ code: 'HOST_TIMEOUT' });
  });
});

describe('a name nobody offers', () => {
  it('may be right where its server has not been seen yet', () => {
    const { link, router } = routerKit();
    link.state = { kind: 'waiting', retryAtMs: 0, attempt: 1, cause: down };
    expect(router.whyUnknown('box__files__read')).toMatchObject({
      code: 'HOST_UNREACHABLE',
      host: 'box',
      server: 'files',
      tool: 'box__files__read',
    });
  });

  it('of a server that is switched off says so, and how it is switched on', () => {
    expect(routerKit({ enabled: false }).router.whyUnknown('box__files__read')).toMatchObject({
      code: 'TOOL_DENIED',
      message: 'box/files is switched off in the hosts file',
      hint: 'mcp-anywhere server enable box/files',
    });
  });

  it('is just wrong where its server has spoken, or there is none', () => {
    const { catalog, server, router } = routerKit();
    catalog.accept(server, bytesOf({ tools: [tool('x')] }), '', {
      instructions: undefined,
      capabilities: {},
      problems: [],
    });
    expect([router.whyUnknown('box__files__read'), router.named('tools', 'box__files__x')?.original]).toEqual([
      undefined,
      'x',
    ]);
    expect(routerKit().router.whyUnknown('box__file__read')).toBeUndefined();
  });
});

describe('a host that waits for a person', () => {
  it('is told as that, and not as one that does not answer', () => {
    const { link, catalog, unit, clock } = routerKit({});
    link.state = { kind: 'connecting', sinceMs: 0, attempt: 1, lastCause: undefined };
    const asks = new AnywhereError('NO_TTY', 'it waits for a person: Passphrase for /k', {
      hint: 'mcp-anywhere status',
    });
    const router = new Router(catalog, new Map([['box/files', unit]]), clock, { waitsFor: () => asks });
    expect(router.whyUnknown('box__files__read')).toMatchObject({
      code: 'NO_TTY',
      message: 'box/files has not listed its tools yet: it waits for a person: Passphrase for /k',
      hint: 'mcp-anywhere status',
    });
  });
});

describe('a server that does not come up', () => {
  it('is told with when it is tried again, and not as if its host were', async () => {
    const { link, router, unit, owner, clock } = routerKit();
    const why = (): string | undefined => router.whyUnknown('box__files__read')?.message;
    link.state = UP;
    link.refusal = new AnywhereError('SERVER_START_FAILED', 'box/files: x ended with exit code 3.');
    const said: (string | undefined)[] = [];
    for (let start = 0; start < 3; start += 1) {
      await unit.instanceFor(owner).ended;
      await settled();
      said.push(why());
    }
    const begin =
      'box/files has not listed its tools yet: box/files: x ended with exit code 3. MCP-Anywhere will try again';
    expect(said).toEqual([1, 2, 4].map((seconds) => `${begin} in ${seconds} s`));
    unit.stop('enough');
    expect(why()).toBe('box/files has not listed its tools yet');
    expect(clock.pending).toBe(0);
  });
});

describe('a server that is up and could not list', () => {
  it('is told with what it said', () => {
    const { link, catalog, unit, clock } = routerKit({});
    link.state = { kind: 'ready', sinceMs: 0, rttMs: undefined };
    const failed = new AnywhereError('SERVER_PROTOCOL', 'box/files: tools/list failed: db down', { evidence: ['E'] });
    const router = new Router(catalog, new Map([['box/files', unit]]), clock, { listingFailure: () => failed });
    expect(router.whyUnknown('box__files__read')).toMatchObject({
      code: 'SERVER_PROTOCOL',
      message: 'box/files: tools/list failed: db down',
      evidence: ['E'],
    });
  });
});
