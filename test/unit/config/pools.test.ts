import { describe, expect, it } from 'vitest';
import type { PoolPlan } from '../../../src/config/plan.ts';
import { formatProblem } from '../../../src/config/problem.ts';
import { planOf, problemsIn } from './helpers.ts';

const HOSTS = `
defaults: { servers: { logs: { command: l } }, tags: [all] }
hosts:
  gpu1: { tags: [lab, fast], servers: { render: { command: r }, notes: { command: n } } }
  gpu2: { tags: [lab], servers: { render: { command: r } } }
  nas: { servers: { render-2: { command: r } } }
  fixed: { ssh: { subsystem: mcp }, servers: { only: {} } }
`;

function pools(text: string): readonly PoolPlan[] {
  return planOf(`${HOSTS}pools:\n  ${text}\n`).pools;
}

function members(...patterns: string[]): readonly string[] | undefined {
  return pools(`p: { members: ${JSON.stringify(patterns)} }`)[0]?.members;
}

/** Lines and columns count from where the pools begin. */
function mistakes(text: string): readonly string[] {
  return problemsIn(`pools:\n  ${text}\n${HOSTS}`).map((problem) =>
    formatProblem(problem).replace('/etc/hosts-files/mine.yaml:', ''),
  );
}

describe('pools of the hosts file', () => {
  it('are none unless it says so', () => {
    expect(planOf('hosts: {}').pools).toEqual([]);
    expect(planOf('hosts: {}\npools:\n').pools).toEqual([]);
  });

  it('have a strategy, and the rest filled in', () => {
    expect(pools('p: { members: ["gpu*/render"] }')).toEqual([
      {
        name: 'p',
        members: ['gpu1/render', 'gpu2/render'],
        patterns: ['gpu*/render'],
        strategy: 'least-busy',
        pin: false,
      },
    ]);
    expect(pools('p: { members: [nas/render-2], strategy: failover, pin: true }')).toEqual([
      {
        name: 'p',
        members: ['nas/render-2'],
        patterns: ['nas/render-2'],
        strategy: 'failover',
        pin: true,
      },
    ]);
  });

  it('find members by patterns and by tags, those of defaults too', () => {
    expect(members('*/render*')).toEqual(['gpu1/render', 'gpu2/render', 'nas/render-2']);
    expect(members('tag:lab/render')).toEqual(['gpu1/render', 'gpu2/render']);
    expect(members('tag:fa*/*')).toEqual(['gpu1/logs', 'gpu1/render', 'gpu1/notes']);
    expect(members('tag:all/*')).toEqual(['nas/logs', 'nas/render-2', 'fixed/only']);
    // What runs on every other host does not run where one subsystem does.
    expect(members('*/logs')).toEqual(['gpu1/logs', 'gpu2/logs', 'nas/logs']);
  });

  it('keep the order of their patterns, and name each member once', () => {
    expect(members('nas/*', 'gpu2/render', '*/render')).toEqual([
      'nas/logs',
      'nas/render-2',
      'gpu2/render',
      'gpu1/render',
    ]);
  });

  it.each([
    ['p: {}', /^2:3 pools\.p\.members: expected a list of patterns, found nothing/],
    ['p: { members: [] }', /^2:17 pools\.p\.members: expected at least one pattern like `gpu\*\/render`/],
    ['p: { members: gpu1/render }', /^2:17 pools\.p\.members: expected a list of patterns.*write it as a list/],
    ['p: { members: [gpu1] }', /^2:18 pools\.p\.members\[0\]: expected `host\/server` .*write `gpu1\/\*`/],
    ['p: { members: [gpu1/render/x] }', /^2:18 pools\.p\.members\[0\]: expected `host\/server`/],
    ['p: { members: [gpu1/rendr] }', /^2:18 pools\.p\.members\[0\]: expected a server of this file.*`gpu1\/render`\?/],
    [
      'p: { members: ["x*/y"] }',
      /^2:17 pools\.p\.members: expected patterns that match a server.*patterns that match none/,
    ],
    [
      'p: { members: ["*/render"], strategy: random }',
      /^2:41 pools\.p\.strategy: expected one of least-busy, .*"random"/,
    ],
    ['p: { members: ["*/render"], sticky: true }', /^2:31 pools\.p\.sticky: expected one of members, strategy, pin/],
    ['gpu1: { members: ["*/render"] }', /^2:3 pools\.gpu1: expected a name that no host has.*`gpu1-pool`/],
    ['a__b: { members: ["*/render"] }', /^2:3 pools\.a__b: expected a name of letters.*`a_b`/],
    [
      'p: { members: [gpu1/render] }\n  q: { members: ["*/render"] }',
      /^3:17 pools\.q\.members: expected servers that are in no other pool, found `gpu1\/render`, which is also in `p`/,
    ],
  ])('say what is wrong: %s', (text, says) => {
    expect(mistakes(text)).toHaveLength(1);
    expect(mistakes(text)[0]).toMatch(says);
  });

  it('may have a pattern that names nobody yet beside one that does', () => {
    expect(members('lab*/render', 'gpu1/render')).toEqual(['gpu1/render']);
  });
});
