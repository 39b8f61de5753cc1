import { describe, expect, it } from 'vitest';
import type { DoctorStep } from '../../../src/api/control.ts';
import { livePicture, reportPicture } from '../../../src/cli/doctor-picture.ts';
import { chooseStyle } from '../../../src/cli/style.ts';

const plain = chooseStyle({ color: false, isTTY: true, env: {} });

function step(host: string | undefined, more: Partial<DoctorStep> = {}): DoctorStep {
  return {
    ...(host === undefined ? {} : { host }),
    check: 'login',
    outcome: 'ok',
    text: 'fine',
    durationMs: 0,
    ...more,
  };
}

function refused(host: string, text = `${host}: the login was refused`): DoctorStep {
  const cause = { code: 'AUTH_FAILED', message: text, hint: 'ssh-add -l', host } as const;
  return step(host, { outcome: 'failed', text, cause });
}

const waitingFor = (host: string, sinceMs: number, server?: string) => ({
  ...{ host, check: 'server' as const, limitMs: 60_000, sinceMs },
  ...(server === undefined ? {} : { server }),
});

describe('while it looks', () => {
  const live = (steps: readonly DoctorStep[], waits: Parameters<typeof livePicture>[1], columns = 80, rows = 24) =>
    livePicture(steps, waits, { columns, rows }, 30_000, plain);

  it('names what it waits for, the longest wait first', () => {
    const waits = [waitingFor('nas', 25_000), waitingFor('gpu1', 20_000, 'late'), waitingFor('gpu1', 7000, 'noise')];
    expect(live([step(undefined), step('gpu1'), refused('old')], waits)).toEqual([
      '1 passed, 2 under way, 1 failed',
      '✖ old: login: the login was refused',
      '◐ gpu1/noise, 23 s of 60, and 1 more',
      '◐ nas server, 5 s of 60',
    ]);
  });

  it.each([
    [40, 10],
    [80, 24],
    [120, 35],
  ])('keeps 50 hosts within %i columns and %i rows, and says how many are hidden', (columns, rows) => {
    const names = Array.from({ length: 50 }, (_, at) => `machine-with-a-long-name-${at}`);
    const failing = names.slice(0, 25).map((name) => refused(name, `${'very '.repeat(30)}long`));
    const lines = live(
      failing,
      names.slice(25).map((name) => waitingFor(name, 0)),
      columns,
      rows,
    );
    expect(lines.length).toBeLessThan(rows);
    expect(lines.filter((line) => line.length >= columns)).toEqual([]);
    expect(lines.some((line) => line.startsWith('✖')) && lines.some((line) => line.startsWith('◐'))).toBe(true);
    const shown = lines.filter((line) => /^[✖◐]/.test(line)).length;
    expect(lines.at(-1)?.trim()).toBe(`… and ${50 - shown} more`);
  });
});

describe('in the end', () => {
  const report = (steps: readonly DoctorStep[], columns = 80): readonly string[] =>
    reportPicture(steps, columns, plain).split('\n').slice(0, -1);

  it('what passed is folded, and trouble is open', () => {
    const skipped = step('nas', { check: 'server', server: 'media', outcome: 'skipped' });
    const served = step('gpu1', { check: 'server', server: 'files', durationMs: 1400 });
    expect(
      report([step(undefined), step('nas', { check: 'agent' }), refused('nas'), skipped, step('gpu1'), served]),
    ).toEqual([
      '✓ this machine: 1 check passed',
      '✓ gpu1: 2 checks passed, 1 server, 1.4s',
      '✖ nas  1 passed, 1 not tried',
      '  ✖ login: the login was refused',
      '    Fix: ssh-add -l',
    ]);
  });

  it('each cause is there once, for hosts and for servers', () => {
    const failing = (server: string): DoctorStep => ({
      ...refused('x', `x/${server}: it broke`),
      check: 'server',
      server,
    });
    const lines = report([refused('a10'), refused('a1'), failing('one'), refused('a2'), failing('two')]);
    expect(lines).toEqual([
      '✖ a1',
      '  ✖ login: the login was refused',
      '    Fix: ssh-add -l',
      '  the same: a2, a10',
      '✖ x',
      '  ✖ one, two: it broke',
      '    Fix: ssh-add -l',
    ]);
  });

  it('many hosts that passed take one line, and nothing is wider than the screen', () => {
    const many = Array.from({ length: 50 }, (_, at) => step(`gpu${at}`));
    const long = refused(
      'nas',
      'a long text that goes on and on, with words that must be broken somewhere, and 界界界',
    );
    const lines = report([...many, long], 40);
    expect(lines[0]).toMatch(/^✓ 50 hosts passed: gpu0, gpu1.*…$/);
    expect(lines.length).toBeLessThan(9);
    expect(lines.filter((line) => line.length >= 40)).toEqual([]);
  });

  it('shows nothing that steers the terminal', () => {
    const evil = 'a\u001b[2J\u202eb';
    const text = report([refused('nas', evil), { ...step(evil), outcome: 'warning', text: evil }]).join('');
    expect(text).not.toMatch(/[\u001b\u202e]/);
  });
});
