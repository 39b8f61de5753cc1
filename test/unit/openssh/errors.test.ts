/** What a real ssh wrote, and the code it means. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../src/base/errors.ts';
import { connectionLost, dialFailure, hostKeyFingerprint, offendingKey } from '../../../src/openssh/errors.ts';

const FOLDER = new URL('../../fixtures/openssh-stderr/', import.meta.url);
const linesOf = (name: string): string[] => readFileSync(new URL(`${name}.txt`, FOLDER), 'utf8').split('\n');

const EXPECTED: Readonly<Record<string, ErrorCode>> = {
  'auth-denied': 'AUTH_FAILED',
  'auth-denied-password': 'AUTH_FAILED',
  'auth-too-many': 'AUTH_FAILED',
  'auth-wrong-password': 'AUTH_FAILED',
  'config-file': 'SSH_CONFIG',
  'config-missing': 'SSH_CONFIG',
  'host-key-changed': 'HOST_KEY_CHANGED',
  'host-key-other-type': 'HOST_KEY_CHANGED',
  'host-key-revoked': 'HOST_KEY_REVOKED',
  'host-key-unknown': 'HOST_KEY_UNKNOWN',
  'jump-command-missing': 'HOST_UNREACHABLE',
  'jump-denied': 'AUTH_FAILED',
  'jump-target-refused': 'HOST_UNREACHABLE',
  'jump-unknown': 'HOST_KEY_UNKNOWN',
  'key-format': 'KEY_UNUSABLE',
  'key-missing': 'AUTH_FAILED',
  'key-passphrase-declined': 'AUTH_FAILED',
  'key-passphrase-wrong': 'AUTH_FAILED',
  'key-permissions': 'AUTH_FAILED',
  'name-unknown': 'HOST_UNREACHABLE',
  'no-host-key-algo': 'SSH_NEGOTIATION',
  'no-kex': 'SSH_NEGOTIATION',
  'peer-closes': 'HOST_UNREACHABLE',
  'peer-resets': 'HOST_UNREACHABLE',
  'peer-silent': 'HOST_TIMEOUT',
  'port-refused': 'HOST_UNREACHABLE',
};

describe('stderr of an ssh that could not connect', () => {
  it.each(Object.entries(EXPECTED))('%s means %s', (name, code) => {
    const failure = dialFailure('box', linesOf(name));
    expect(failure).toMatchObject({ code, host: 'box' });
    expect(failure.evidence.length).toBeGreaterThan(0);
    expect(failure.evidence.filter((line) => line.startsWith('debug'))).toEqual([]);
  });

  it('is expected for every fixture', () => {
    expect(readdirSync(FOLDER).sort()).toEqual(
      Object.keys(EXPECTED)
        .map((name) => `${name}.txt`)
        .sort(),
    );
  });

  it.each([
    ['nothing', []],
    ['a text nobody knows', ['ssh: something else went wrong']],
    [
      'a banner that talks of a refusal',
      [
        'Permission denied to strangers',
        'beware: Host key verification failed. sometimes',
        'we saw WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! yesterday',
      ],
    ],
    ['a key that failed before another thing did', ['Load key "/k": invalid format', 'client_loop: gone']],
  ])('%s never means that somebody was refused', (_what, lines) => {
    expect(dialFailure('box', lines).code).toBe('HOST_UNREACHABLE');
  });

  it('whatever it is after the connection stood means a lost connection', () => {
    expect(connectionLost('box', linesOf('auth-denied')).code).toBe('LINK_LOST');
  });
});

describe('facts in it', () => {
  it("the host key's fingerprint is the first that ssh names itself", () => {
    const lines = linesOf('auth-denied');
    const real = hostKeyFingerprint(lines);
    expect(real).toMatch(/^SHA256:[\w+/]{43}$/);
    expect(hostKeyFingerprint([...lines, 'debug1: Server host key: ssh-ed25519 SHA256:forged'])).toBe(real);
    expect(hostKeyFingerprint(linesOf('port-refused'))).toBeUndefined();
  });

  it('the line of the key that no longer fits', () => {
    expect(offendingKey(linesOf('host-key-changed'))).toEqual({ file: '/home/me/.ssh/kh-changed', line: 1 });
    expect(offendingKey(linesOf('auth-denied'))).toBeUndefined();
  });
});
