/** The order of a login's attempts. */
import { describe, expect, it } from 'vitest';
import {
  type LoginState,
  loginMethods,
  nextAttempt,
  startLogin,
  withoutQuestions,
} from '../../../src/ssh2/attempts.ts';
import type { Identity } from '../../../src/ssh2/identities.ts';

const raw = (options: Record<string, string> = {}) => ({
  raw: new Map(Object.entries(options).map(([name, value]) => [name, [value]])),
});
const key = (label: string): Identity => ({
  label,
  fingerprint: label,
  source: 'file',
  isNamed: true,
  publicKey: () => Promise.reject(new Error()),
  sign: () => Promise.reject(new Error()),
});

/** What is tried when the machine always answers so. */
function attempts(state: LoginState, methods: readonly string[]): string[] {
  const made: string[] = [];
  let answer: readonly string[] | undefined;
  for (let current = state; made.length < 20; answer = methods) {
    const [attempt, next] = nextAttempt(current, { methods: answer });
    made.push(attempt.kind === 'publickey' ? attempt.identity.label : attempt.kind);
    if (attempt.kind === 'give-up') break;
    current = next;
  }
  return made;
}

describe('attempts', () => {
  it('keys first, then questions as often as ssh asks, never a method the machine does not offer', () => {
    const state = startLogin(raw({ numberofpasswordprompts: '2' }), [key('a'), key('b')]);
    expect(attempts(state, ['publickey', 'keyboard-interactive', 'password'])).toEqual([
      'a',
      'b',
      'keyboard-interactive',
      'keyboard-interactive',
      'password',
      'password',
      'give-up',
    ]);
    expect(attempts(state, ['publickey'])).toEqual(['a', 'b', 'give-up']);
    expect(attempts(state, ['password'])).toEqual(['a', 'password', 'password', 'give-up']);
  });

  it('without a key it asks what there is, once', () => {
    expect(attempts(startLogin(raw(), []), ['publickey'])).toEqual(['none', 'give-up']);
  });

  it('heeds PreferredAuthentications, BatchMode and what is switched off', () => {
    expect(loginMethods(raw({ preferredauthentications: 'password,gssapi-with-mic,publickey' }))).toEqual([
      'password',
      'publickey',
    ]);
    expect(loginMethods(raw({ batchmode: 'yes' }))).toEqual(['publickey']);
    expect(loginMethods(raw({ pubkeyauthentication: 'false', passwordauthentication: 'no' }))).toEqual([
      'keyboard-interactive',
    ]);
  });

  it('nobody is asked again after a no', () => {
    expect(attempts(withoutQuestions(startLogin(raw(), [key('a')])), ['publickey', 'password'])).toEqual([
      'a',
      'give-up',
    ]);
  });
});
