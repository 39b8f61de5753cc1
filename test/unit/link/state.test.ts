import { describe, expect, it } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import type { LinkState } from '../../../src/link/contract.ts';
import { type LinkAction, reduceLink } from '../../../src/link/state.ts';

const cause = new AnywhereError('HOST_UNREACHABLE', 'no route');
const IDLE: LinkState = { kind: 'idle' };
const CONNECTING: LinkState = { kind: 'connecting', sinceMs: 1, attempt: 2, lastCause: cause };
const READY: LinkState = { kind: 'ready', sinceMs: 1, rttMs: undefined };
const WAITING: LinkState = { kind: 'waiting', retryAtMs: 9, attempt: 2, cause };
const REFUSED: LinkState = { kind: 'refused', cause };
const CLOSED: LinkState = { kind: 'closed' };

const DIAL: LinkAction = { type: 'dial', atMs: 5 };
const CONNECTED: LinkAction = { type: 'connected', atMs: 6 };
const ECHO: LinkAction = { type: 'echo', rttMs: 12 };
const FAILED: LinkAction = { type: 'failed', cause, retryAtMs: 7 };
const LOST: LinkAction = { type: 'lost', cause, retryAtMs: 8, attempt: 1 };
const REFUSE: LinkAction = { type: 'refused', cause };
const CLOSE: LinkAction = { type: 'closed' };

const WAYS: readonly [string, LinkState, LinkAction, LinkState][] = [
  ['a first dial', IDLE, DIAL, { kind: 'connecting', sinceMs: 5, attempt: 1, lastCause: undefined }],
  [
    'another dial counts on and keeps the cause',
    WAITING,
    DIAL,
    { kind: 'connecting', sinceMs: 5, attempt: 3, lastCause: cause },
  ],
  [
    'a dial that the user asked for counts anew',
    REFUSED,
    DIAL,
    { kind: 'connecting', sinceMs: 5, attempt: 1, lastCause: cause },
  ],
  ['a connection', CONNECTING, CONNECTED, { kind: 'ready', sinceMs: 6, rttMs: undefined }],
  ['an echo', READY, ECHO, { kind: 'ready', sinceMs: 1, rttMs: 12 }],
  ['a failure', CONNECTING, FAILED, { kind: 'waiting', retryAtMs: 7, attempt: 2, cause }],
  ['a loss', READY, LOST, { kind: 'waiting', retryAtMs: 8, attempt: 1, cause }],
  ['a refusal', CONNECTING, REFUSE, { kind: 'refused', cause }],
];

describe('reduceLink', () => {
  it.each(WAYS)('%s', (_name, from, action, to) => {
    expect(reduceLink(from, action)).toEqual(to);
  });

  const states = [IDLE, CONNECTING, READY, WAITING, REFUSED];
  const actions = [DIAL, CONNECTED, ECHO, FAILED, LOST, REFUSE];
  const others = states
    .flatMap((from) => actions.map((action) => [from, action] as const))
    .filter(([from, action]) => !WAYS.some(([, knownFrom, known]) => knownFrom === from && known === action));

  it.each(others.filter(([from, action]) => !(from === READY && action === REFUSE)))(
    '%j stays where it is on %j',
    (from, action) => {
      expect(reduceLink(from, action)).toBe(from);
    },
  );

  it('closes from everywhere, for good', () => {
    for (const state of states) expect(reduceLink(state, CLOSE)).toEqual(CLOSED);
    for (const action of actions) expect(reduceLink(CLOSED, action)).toBe(CLOSED);
  });
});
