import { describe, expect, it } from 'vitest';
import type { DoctorStep } from '../../../src/api/control.ts';
import { doctorExit } from '../../../src/cli/doctor.ts';
import { stepText } from '../../../src/cli/doctor-text.ts';
import { chooseStyle } from '../../../src/cli/style.ts';

const plain = chooseStyle({ color: false, isTTY: true, env: {} });
const unknownKey = {
  code: 'HOST_KEY_UNKNOWN',
  message: 'No known_hosts file names nas.',
  hint: 'mcp-anywhere trust {host}',
  host: 'nas',
  evidence: ['ssh-ed25519 SHA256:abc'],
} as const;
const fine: DoctorStep = { check: 'config', outcome: 'ok', text: 'fine', durationMs: 0 };

function step(host: string, outcome: DoctorStep['outcome'], more: Partial<DoctorStep> = {}): DoctorStep {
  return { host, check: 'login', outcome, text: 'text', durationMs: 0, ...more };
}

describe('one step', () => {
  it('names cause and fix', () => {
    const failed = step('nas', 'failed', { check: 'host-key', text: 'unknown', cause: unknownKey, durationMs: 41.7 });
    expect(stepText(failed, plain).split('\n')).toEqual([
      '✖ host-key   nas: unknown 42ms',
      '    Why: No known_hosts file names nas.',
      '         ssh-ed25519 SHA256:abc',
      '    Fix: mcp-anywhere trust nas',
      '',
    ]);
  });

  it('says nothing twice', () => {
    const cause = { ...unknownKey, message: 'login failed', evidence: ['connect ECONNREFUSED', 'and more'] };
    const text = stepText(step('nas', 'failed', { text: 'login failed: connect ECONNREFUSED', cause }), plain);
    expect(text).toContain('    Why: and more\n    Fix:');
    expect(text.split('ECONNREFUSED')).toHaveLength(2);
  });

  it('never sends a person who has just been here here', () => {
    const hint = 'ssh-add -l; mcp-anywhere doctor {host}';
    const text = stepText(step('nas', 'failed', { cause: { ...unknownKey, hint } }), plain);
    expect(/Fix: (.*)/.exec(text)?.[1]).toBe('ssh-add -l');
  });

  it.each([
    ['ok', '✓'],
    ['warning', '!'],
    ['skipped', '○'],
  ] as const)('%s is marked %s', (outcome, mark) => {
    expect(stepText(step('a', outcome), plain)).toBe(`${mark} login      a: text\n`);
  });
});

describe('the exit code', () => {
  const refused = step('nas', 'failed', { cause: unknownKey });
  const server = (outcome: DoctorStep['outcome']): DoctorStep =>
    step('gpu1', outcome, {
      check: 'server',
      ...(outcome === 'failed' ? { cause: { ...unknownKey, code: 'SERVER_EXITED' } } : {}),
    });
  it.each([
    ['all well', [fine, step('gpu1', 'ok')], 0],
    ['warnings only', [fine, step('gpu1', 'warning')], 0],
    ['nothing works', [fine, refused], 3],
    ['one host of two', [fine, refused, step('gpu1', 'ok')], 8],
    ['one server of two', [fine, server('ok'), server('failed')], 8],
    ['no server', [fine, server('failed')], 5],
    ['the hosts file', [step('', 'failed', { check: 'config', cause: { ...unknownKey, code: 'CONFIG_INVALID' } })], 6],
    ['a failure without a cause', [step('gpu1', 'failed')], 1],
  ])('%s', (_name, steps, exit) => {
    expect(doctorExit(steps)).toBe(exit);
  });
});
