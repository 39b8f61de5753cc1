/** A channel that the host closes because nothing was said on it (ChannelTimeout of sshd_config). */
import { expect, it } from 'vitest';
import type { ServerPlan } from '../../../src/config/plan.ts';
import type { Launch } from '../../../src/launch/contract.ts';
import { endCause, type LastWords } from '../../../src/upstream/server-errors.ts';

const server = { host: 'box', name: 'files' } as ServerPlan;
const launch = { command: 'files', args: [] } as unknown as Launch;
const silent: LastWords = {
  end: { kind: 'exited', code: undefined, signal: undefined },
  wasReady: true,
  isIdle: true,
  lines: [],
};

it.each([
  ['closed while idle: no crash', {}, 'SERVER_STOPPED'],
  ['closed in the middle of a call', { isIdle: false }, 'SERVER_EXITED'],
  ['exit code 0', { end: { kind: 'exited', code: 0, signal: undefined } }, 'SERVER_EXITED'],
  ['killed', { end: { kind: 'exited', code: undefined, signal: 'KILL' } }, 'SERVER_EXITED'],
] as const)('%s', (_what, change, code) => {
  expect(endCause(server, launch, { failure: undefined }, { ...silent, ...change }).code).toBe(code);
});
