import { describe, expect, it } from 'vitest';
import type { DoctorStep } from '../../../src/api/control.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { AnywhereError, reportOf } from '../../../src/base/errors.ts';
import { DEFAULTS } from '../../../src/config/defaults.ts';
import type { HostPlan, Plan, ServerPlan } from '../../../src/config/plan.ts';
import { type DoctorParts, runDoctor } from '../../../src/control/doctor.ts';
import { ManualClock } from '../../harness/manual-clock.ts';
import { settled } from '../protocol/kit.ts';

function server(host: string, name: string, enabled = true): ServerPlan {
  return {
    name,
    host,
    namedAs: [host, name],
    enabled,
    command: 'x',
    args: [],
    env: new Map(),
    inheritEnv: [],
    cwd: undefined,
    sharing: 'session',
    tools: { allow: [], deny: [], rename: new Map() },
    timeoutMs: 1,
    totalTimeoutMs: 1,
    pingMs: 0,
    startTimeoutMs: 1,
    idleMs: 1,
  };
}

function host(
  name: string,
  servers: readonly string[],
  ssh: Partial<NonNullable<HostPlan['ssh']>> | undefined = {},
): HostPlan {
  const plan = {
    alias: name,
    host: undefined,
    user: undefined,
    port: undefined,
    identityFiles: [],
    proxyJump: undefined,
    configFile: undefined,
    knownHostsFiles: [],
    backend: 'auto' as const,
    subsystem: undefined,
    reuseControlMaster: false,
    forwardAgent: false,
    connectTimeoutMs: 1,
  };
  return { name, tags: [], ssh: { ...plan, ...ssh }, servers: servers.map((each) => server(name, each)) };
}

function planOf(...hosts: HostPlan[]): Plan {
  return {
    file: '/hosts.yaml',
    hosts,
    pools: [],
    naming: { maxLength: 48, titles: 'place' },
    catalog: { ttlMs: 1 },
    reconnect: { initialMs: 1, maxMs: 1, attempts: 1 },
    heartbeat: { intervalMs: 1, leaseMs: 1 },
    limits: DEFAULTS.limits,
  };
}

const wellParts: DoctorParts = {
  clock: systemClock(),
  isAsking: () => false,
  inspect: async (_host, report) => report({ check: 'login', outcome: 'ok', text: 'publickey', durationMs: 1 }),
  probe: async () => ({
    system: 'Linux x86_64',
    shell: '/bin/bash',
    asked: '-ilc',
    variables: new Map([['PATH', '/bin:/usr/bin']]),
  }),
  ask: async () => ({ rttMs: 12, clockMs: 400, disks: [], isWhole: true }),
  startServer: async () => 4,
};

async function examine(plan: Plan, parts: Partial<DoctorParts> = {}, only?: string): Promise<readonly string[]> {
  const live: DoctorStep[] = [];
  const steps = await runDoctor(
    plan,
    { ...wellParts, ...parts },
    (step) => live.push(step),
    new AbortController().signal,
    only,
  );
  expect(live).toEqual(steps);
  return steps.map((step) =>
    [step.host, step.server, step.check, step.outcome].filter((part) => part !== undefined).join(' '),
  );
}

it('says that the hosts file as it stands now is not in force, and examines the hosts of the last good one', async () => {
  const problem = {
    code: 'CONFIG_INVALID',
    message: 'a.yaml has 1 mistake.',
    hint: 'mcp-anywhere config validate',
  } as const;
  const steps = await examine(planOf(host('gpu1', ['files'])), { hostsFileProblem: problem });
  expect(steps[0]).toBe('config failed');
  expect(steps).toContain('gpu1 files server ok');
});

const never = (): Promise<never> => new Promise(() => undefined);

/** Lets everything hang, and says after how many seconds the step was given up. */
async function givenUp(parts: Partial<DoctorParts>, ssh = { connectTimeoutMs: 20_000 }) {
  const clock = new ManualClock();
  const steps: DoctorStep[] = [];
  const plan = planOf(host('gpu1', ['files'], ssh));
  const all = { ...wellParts, ...parts, clock };
  const done = runDoctor(plan, all, (step) => steps.push(step), new AbortController().signal);
  let seconds = 0;
  while (steps.every(({ outcome }) => outcome !== 'failed')) {
    await settled();
    clock.advance(1_000);
    await settled();
    seconds += 1;
    if (seconds > 1_000) throw new Error('it hangs');
  }
  await done;
  return { seconds, failed: steps.find(({ outcome }) => outcome === 'failed'), pending: clock.pending };
}

it('where ssh can say more, the hint is the command that reaches this very machine', async () => {
  const ssh = { host: '192.0.2.7', user: 'first last', port: 2222, proxyJump: 'bastion', identityFiles: ['/k/id nas'] };
  const failing: DoctorParts['inspect'] = async (_host, report) => {
    const cause = reportOf(new AnywhereError('HOST_UNREACHABLE', 'nas: ECONNREFUSED', { host: 'nas' }));
    report({ check: 'login', outcome: 'failed', text: cause.message, cause, durationMs: 1 });
  };
  const steps = await runDoctor(
    planOf(host('nas', [], ssh)),
    { ...wellParts, inspect: failing },
    () => undefined,
    new AbortController().signal,
  );
  expect(steps.find(({ check }) => check === 'login')?.cause?.hint).toBe(
    "look at what ssh itself says: ssh -v -l 'first last' -o HostName=192.0.2.7 -o Port=2222 -o ProxyJump=bastion " +
      '-o \'IdentityFile="/k/id nas"\' nas',
  );
});

describe('what hangs is given up', () => {
  it.each<[string, Partial<DoctorParts>, number, object]>([
    ['an inspection', { inspect: never }, 50, { check: 'ssh-config', cause: { hint: 'ssh -v gpu1' } }],
    ['a probe', { probe: never }, 80, { check: 'probe', cause: { hint: 'ssh -v gpu1 true' } }],
    ['a question', { ask: never }, 15, { check: 'machine', cause: { hint: 'ssh gpu1 true' } }],
    ['a server', { startServer: never }, 41, { check: 'server', cause: { hint: 'mcp-anywhere logs gpu1/files' } }],
  ])('%s', async (_what, parts, within, failed) => {
    const found = await givenUp(parts);
    expect(found).toMatchObject({ failed: { ...failed, cause: { code: 'HOST_TIMEOUT', host: 'gpu1' } }, pending: 0 });
    expect(found.failed).toMatchObject(failed);
    expect(found.seconds).toBeGreaterThan(within - 3);
    expect(found.seconds).toBeLessThanOrEqual(within);
  });

  it('with each step that was done its time begins anew, and the next one is blamed', async () => {
    const inspect: DoctorParts['inspect'] = (_host, report) => {
      report({ check: 'agent', outcome: 'ok', text: 'agent', durationMs: 1 });
      return never();
    };
    expect((await givenUp({ inspect })).failed).toMatchObject({ check: 'login' });
  });

  it('while a person is asked no time is over', async () => {
    let asked = 0;
    const isAsking = (): boolean => {
      asked += 1;
      return asked <= 3;
    };
    const { seconds } = await givenUp({ inspect: never, isAsking });
    expect(seconds).toBeGreaterThanOrEqual(199);
    expect(seconds).toBeLessThanOrEqual(201);
  });
});

describe('the doctor', () => {
  it('goes from the hosts file to each server', async () => {
    expect(await examine(planOf(host('gpu1', ['files', 'git'])))).toEqual([
      'config ok',
      'gpu1 login ok',
      'gpu1 probe ok',
      'gpu1 machine ok',
      'gpu1 files server ok',
      'gpu1 git server ok',
    ]);
  });

  it('does not try what lies behind a failed step, and goes on with other hosts', async () => {
    const steps = await examine(planOf(host('nas', ['media']), host('gpu1', ['files'])), {
      inspect: async ({ name }, report) =>
        report({ check: 'host-key', outcome: name === 'nas' ? 'failed' : 'ok', text: '', durationMs: 0 }),
    });
    expect([...steps].sort()).toEqual(
      [
        'config ok',
        'nas host-key failed',
        'nas probe skipped',
        'nas media server skipped',
        'gpu1 host-key ok',
        'gpu1 probe ok',
        'gpu1 machine ok',
        'gpu1 files server ok',
      ].sort(),
    );
  });

  it('reports what a server failed of, with its place', async () => {
    const plan = planOf(host('gpu1', ['files']));
    const startServer = async (): Promise<never> => {
      throw new AnywhereError('COMMAND_NOT_FOUND', 'npx does not exist');
    };
    const steps = await runDoctor(plan, { ...wellParts, startServer }, () => undefined, new AbortController().signal);
    expect(steps.at(-1)).toMatchObject({
      host: 'gpu1',
      server: 'files',
      outcome: 'failed',
      cause: { code: 'COMMAND_NOT_FOUND', host: 'gpu1', server: 'files' },
    });
  });

  it('turns an inspection that throws into a finding', async () => {
    const inspect = async (): Promise<never> => {
      throw new AnywhereError('SSH_MISSING', 'no ssh here');
    };
    expect(await examine(planOf(host('gpu1', ['files'])), { inspect })).toEqual([
      'config ok',
      'gpu1 ssh-config failed',
      'gpu1 probe skipped',
      'gpu1 files server skipped',
    ]);
  });

  it('asks no ssh of this machine itself, and probes no forced-command host', async () => {
    const here: HostPlan = { ...host('here', ['notes']), ssh: undefined };
    expect(await examine(planOf(here))).toEqual([
      'config ok',
      'here probe ok',
      'here machine ok',
      'here notes server ok',
    ]);
    const forced = host('nas', ['media'], { subsystem: 'mcp' });
    expect(await examine(planOf(forced))).toEqual([
      'config ok',
      'nas login ok',
      'nas probe skipped',
      'nas media server ok',
    ]);
  });

  it('leaves disabled servers alone', async () => {
    const gpu1 = { ...host('gpu1', []), servers: [server('gpu1', 'off', false)] };
    expect(await examine(planOf(gpu1))).toContain('gpu1 off server skipped');
  });

  it('examines only the host that is named, and knows a near miss', async () => {
    const plan = planOf(host('gpu1', ['files']), host('nas', ['media']));
    expect((await examine(plan, {}, 'nas')).filter((step) => step.startsWith('gpu1'))).toEqual([]);
    await expect(examine(plan, {}, 'gpu')).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('did you mean gpu1?') as string,
    });
  });
});

it('tells what it waits for, and how long at most, before each step is done', async () => {
  const told: string[] = [];
  const parts: DoctorParts = {
    ...wellParts,
    waiting: ({ host: name, server: of, check, limitMs }) => {
      expect(limitMs).toBeGreaterThan(0);
      told.push(`wait ${name}${of === undefined ? '' : `/${of}`} ${check}`);
    },
  };
  const report = ({ host: name = '', server: of, check }: DoctorStep): void => {
    told.push(`step ${name}${of === undefined ? '' : `/${of}`} ${check}`);
  };
  await runDoctor(planOf(host('a', ['s'])), parts, report, new AbortController().signal);
  expect(told.indexOf('wait a ssh-config')).toBeGreaterThanOrEqual(0);
  for (const place of ['a probe', 'a/s server'])
    expect([told.includes(`wait ${place}`), told.indexOf(`wait ${place}`) < told.indexOf(`step ${place}`)]).toEqual([
      true,
      true,
    ]);
});
