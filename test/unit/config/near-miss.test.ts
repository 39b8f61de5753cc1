import { expect, it } from 'vitest';
import { nearMiss } from '../../../src/config/near-miss.ts';

const KEYS = ['host', 'hosts', 'user', 'port', 'identityFile', 'proxyJump', 'timeoutMs', 'servers', 'env', 'enabled'];

it.each([
  ['hots', 'host'],
  ['Host', 'host'],
  ['prot', 'port'],
  ['pert', 'port'],
  ['identityfile', 'identityFile'],
  ['identity_file', 'identityFile'],
  ['identity-fiel', 'identityFile'],
  ['proxyjmp', 'proxyJump'],
  ['timeout', 'timeoutMs'],
  ['mcpServers', 'servers'],
  ['disabled', 'enabled'],
  ['jumpHost', 'proxyJump'],
  ['constructor', undefined],
  ['__proto__', undefined],
  ['banana', undefined],
  ['', undefined],
])('%s is %s', (written, meant) => {
  expect(nearMiss(written, KEYS)).toBe(meant);
});

it('never names what is not known', () => {
  expect(nearMiss('timeout', ['host'])).toBeUndefined();
  expect(nearMiss('x', [])).toBeUndefined();
});
