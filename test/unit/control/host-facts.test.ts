import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { HostPlan } from '../../../src/config/plan.ts';
import { ASK_FACTS, factSteps, factsIn, type HostFacts } from '../../../src/control/host-facts.ts';

const here: HostPlan = { name: 'here', tags: [], ssh: undefined, servers: [] };
const box: HostPlan = {
  ...here,
  name: 'box',
  ssh: {
    alias: 'box.example',
    host: undefined,
    user: undefined,
    port: undefined,
    identityFiles: [],
    proxyJump: undefined,
    configFile: undefined,
    knownHostsFiles: [],
    backend: 'auto',
    subsystem: undefined,
    reuseControlMaster: false,
    forwardAgent: false,
    connectTimeoutMs: 1,
  },
};

const DF = [
  'Filesystem     1024-blocks      Used Available Capacity Mounted on',
  '/dev/sda1        102400000  92400000  10000000      91% /home with blanks',
  'tmpfs                 2048      2048         0     100% /tmp',
  'tmpfs                 2048      2048         0     100% /tmp',
];

describe('the answer of a machine', () => {
  it('tells round trip, clock and disks', () => {
    const facts = factsIn(['1700000100', ...DF, 'end'], { askedMs: 10, answeredMs: 50, nowMs: 1_700_000_000_000 });
    expect(facts).toEqual({
      rttMs: 40,
      clockMs: 100_520,
      disks: [
        { path: '/home with blanks', freeBytes: 10_240_000_000 },
        { path: '/tmp', freeBytes: 0 },
      ],
      isWhole: true,
    });
  });

  it.each([
    ['nothing', [], undefined],
    ['no time', ['date: not found'], { askedMs: 0, answeredMs: 1, nowMs: 1 }],
  ])('may be %s', (_what, lines, timing) => {
    expect(factsIn(lines, timing)).toMatchObject({ clockMs: undefined, disks: [] });
  });

  it('comes from the program, which waits for a line', () => {
    const before = Date.now();
    const printed = execFileSync(ASK_FACTS.command, [...(ASK_FACTS.args as unknown as string[])], {
      input: '\n',
      encoding: 'utf8',
    });
    const lines = printed.trim().split('\n');
    const facts = factsIn(lines, { askedMs: 0, answeredMs: 0, nowMs: before });
    expect(Math.abs(facts.clockMs ?? Number.NaN)).toBeLessThan(30_000);
    expect(facts.disks[0]?.freeBytes).toBeGreaterThan(0);
  });
});

describe('the findings', () => {
  const fine: HostFacts = {
    rttMs: 12,
    clockMs: -300,
    disks: [{ path: '/', freeBytes: 40 * 1024 ** 3 }],
    isWhole: true,
  };
  it('are none where all is well', () => {
    expect(factSteps(box, fine)).toEqual([
      {
        host: 'box',
        check: 'machine',
        outcome: 'ok',
        text: 'round trip 12ms, clock as here, 40 GiB free at /',
        measured: { rttMs: 12, clockMs: -300, disks: [{ path: '/', freeBytes: 42949672960 }] },
        durationMs: 0,
      },
    ]);
    expect(factSteps(here, fine)[0]?.text).toBe('clock as here, 40 GiB free at /');
  });

  it.each([
    [{ clockMs: 3_600_000 }, 'CLOCK_WRONG', 'the clock is 1h ahead of the one here', 'timedatectl'],
    [
      { disks: [], isWhole: false },
      'HOST_TIMEOUT',
      'box did not say in time how full its disks are: a network folder there may no longer answer',
      'ssh box.example df',
    ],
    [{ clockMs: -90_000 }, 'CLOCK_WRONG', 'the clock is 90s behind the one here', 'timedatectl'],
    [
      { disks: [{ path: '/tmp', freeBytes: 3 * 1024 ** 2 }] },
      'DISK_FULL',
      'only 3 MiB are free at /tmp',
      'ssh box.example du',
    ],
    [
      { disks: [{ path: '/a b', freeBytes: 0 }] },
      'DISK_FULL',
      'only 0 MiB are free at /a b',
      String.raw`ssh box.example du -xh -d 2 ''\''/a b'\'''`,
    ],
  ])('%j is a warning with a fix', (found, code, text, hint) => {
    const [, warning, ...more] = factSteps(box, { ...fine, ...found });
    expect(warning).toMatchObject({ outcome: 'warning', text, cause: { code, host: 'box' } });
    expect(warning?.cause?.hint).toContain(hint);
    expect(more).toEqual([]);
  });
});
