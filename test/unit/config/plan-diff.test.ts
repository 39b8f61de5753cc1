import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HostPlan, NamingPlan, Plan, ServerPlan } from '../../../src/config/plan.ts';
import { isUnchanged, type PlanDiff, planDiff } from '../../../src/config/plan-diff.ts';
import { planOf, serverPlan, toolsPlan } from '../catalog/kit.ts';

/** Plain objects, as the reader of the hosts file makes them. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true });

const ssh = (alias: string, port?: number): HostPlan['ssh'] => ({
  alias,
  host: undefined,
  user: undefined,
  port,
  identityFiles: [],
  proxyJump: undefined,
  configFile: undefined,
  knownHostsFiles: [],
  backend: 'auto',
  subsystem: undefined,
  reuseControlMaster: false,
  forwardAgent: false,
  connectTimeoutMs: 10_000,
});

const servers = (host: string): fc.Arbitrary<ServerPlan[]> =>
  fc
    .uniqueArray(
      record({
        name: fc.constantFrom('a', 'b', 'c'),
        command: fc.constantFrom('true', 'false'),
        env: fc.constantFrom(new Map(), new Map([['X', { pieces: ['1'] }]])),
        tools: fc.constantFrom(toolsPlan(), toolsPlan({ deny: ['x'] })),
        timeoutMs: fc.constantFrom(1_000, 2_000),
        idleMs: fc.constantFrom(1_000, Number.POSITIVE_INFINITY),
        enabled: fc.boolean(),
      }),
      { selector: ({ name }) => name, maxLength: 3 },
    )
    .map((all) => all.map(({ name, ...more }) => serverPlan(host, name, more)));

const host: fc.Arbitrary<HostPlan> = fc.constantFrom('one', 'two', 'three').chain((name) =>
  record({
    name: fc.constant(name),
    tags: fc.constantFrom<string[]>([], ['lab']),
    ssh: fc.constantFrom(undefined, ssh(name), ssh(name, 2222)),
    servers: servers(name),
  }),
);

const plan: fc.Arbitrary<Plan> = record({
  hosts: fc.uniqueArray(host, { selector: ({ name }) => name, maxLength: 3 }),
  naming: fc.constantFrom<NamingPlan[]>({ maxLength: 48, titles: 'place' }, { maxLength: 30, titles: 'keep' }),
  heartbeat: fc.constantFrom({ intervalMs: 5000, leaseMs: 60_000 }, { intervalMs: 1000, leaseMs: 60_000 }),
}).map((more) => planOf([], more));

const idOf = (server: ServerPlan): string => `${server.host}/${server.name}`;
const all = ({ hosts }: Plan): ServerPlan[] => hosts.flatMap((one) => one.servers);
const copy = (value: Plan): Plan => structuredClone(value);

/** What a fleet would have after it did as the diff says. */
function applied(before: Plan, diff: PlanDiff): Map<string, ServerPlan> {
  const running = new Map(all(before).map((server) => [idOf(server), server]));
  for (const server of diff.removedServers) running.delete(idOf(server));
  for (const server of diff.addedServers) running.set(idOf(server), server);
  for (const { after } of [...diff.restartedServers, ...diff.adjustedServers]) running.set(idOf(after), after);
  return running;
}

describe('the difference of two hosts files', () => {
  it('is nothing between two that say the same', () => {
    fc.assert(
      fc.property(plan, (before) => {
        const diff = planDiff(before, copy(before));
        expect(diff.plan).toBe(before);
        expect(isUnchanged(before, diff)).toBe(true);
        expect(Object.values({ ...diff, plan: [] }).flat()).toEqual([]);
      }),
    );
  });

  it('leads from one to the other', () => {
    fc.assert(
      fc.property(plan, plan, (before, after) => {
        const diff = planDiff(before, after);
        expect(diff.plan).toEqual(after);
        expect(applied(before, diff)).toEqual(new Map(all(after).map((server) => [idOf(server), server])));
        expect(isUnchanged(before, diff)).toBe(before === diff.plan);
      }),
    );
  });

  it('touches no server that is equal in both, on a host that is reached as before', () => {
    fc.assert(
      fc.property(plan, plan, (before, after) => {
        const diff = planDiff(before, after);
        const touched = new Set([
          ...diff.addedServers.map(idOf),
          ...diff.removedServers.map(idOf),
          ...[...diff.restartedServers, ...diff.adjustedServers].map((pair) => idOf(pair.after)),
        ]);
        const moved = new Set(diff.reconnectedHosts.map((pair) => pair.after.name));
        const earlier = new Map(all(before).map((server) => [idOf(server), server]));
        for (const server of all(diff.plan)) {
          if (moved.has(server.host)) continue;
          expect(touched.has(idOf(server))).toBe(earlier.get(idOf(server)) !== server);
        }
      }),
    );
  });

  it('restarts a server only for what its process depends on', () => {
    const before = planOf([serverPlan('box', 'a'), serverPlan('box', 'b')]);
    const edited = (more: Partial<ServerPlan>): PlanDiff =>
      planDiff(before, planOf([serverPlan('box', 'a', more), serverPlan('box', 'b')]));
    const restarting: Partial<ServerPlan>[] = [
      { command: 'x' },
      { args: [{ pieces: ['x'] }] },
      { env: new Map([['X', { pieces: [{ kind: 'env', name: 'Y' }] }]]) },
      { cwd: '/tmp' },
      { sharing: 'shared' },
      { enabled: false },
    ];
    for (const more of restarting) {
      const diff = edited(more);
      expect(diff.restartedServers.map((pair) => idOf(pair.after))).toEqual(['box/a']);
      expect(diff.adjustedServers).toEqual([]);
    }
    const adjusting: Partial<ServerPlan>[] = [
      { tools: toolsPlan({ allow: ['x'] }) },
      { tools: toolsPlan({ rename: new Map([['x', 'y']]) }) },
      { timeoutMs: 1 },
      { startTimeoutMs: 1 },
      { idleMs: 1 },
    ];
    for (const more of adjusting) {
      const diff = edited(more);
      expect(diff.adjustedServers.map((pair) => idOf(pair.after))).toEqual(['box/a']);
      expect(diff.restartedServers).toEqual([]);
    }
  });

  it('reconnects a host only for its ssh, and restarts all that runs there', () => {
    const at = (host: string, more: Partial<HostPlan>): HostPlan => ({
      name: host,
      tags: [],
      ssh: ssh(host),
      servers: [serverPlan(host, 'a'), serverPlan(host, 'b', { timeoutMs: 5 })],
      ...more,
    });
    const before = planOf([], { hosts: [at('one', {}), at('two', {})] });
    const tagged = planDiff(before, planOf([], { hosts: [at('one', { tags: ['lab'] }), at('two', {})] }));
    expect(tagged).toMatchObject({ reconnectedHosts: [], restartedServers: [], adjustedServers: [], settings: [] });
    expect(isUnchanged(before, tagged)).toBe(false);
    const moved = planDiff(before, planOf([], { hosts: [at('one', { ssh: ssh('one', 2222) }), at('two', {})] }));
    expect(moved.reconnectedHosts.map((pair) => pair.after.name)).toEqual(['one']);
    expect(moved.restartedServers.map((pair) => idOf(pair.after))).toEqual(['one/a', 'one/b']);
    expect(moved.plan.hosts[1]).toBe(before.hosts[1]);
  });

  it('names the settings that differ, those of later versions too', () => {
    const before = planOf([serverPlan('box', 'a')]);
    const after = { ...copy(before), naming: { maxLength: 20, titles: 'place' as const }, somethingElse: { x: 1 } };
    expect(planDiff(before, after).settings).toEqual(['naming', 'somethingElse']);
  });
});
