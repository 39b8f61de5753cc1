import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type EndpointOptions, endpointOf } from '../../../src/daemon/endpoint.ts';

const BASE: EndpointOptions = {
  paths: { runtimeDir: '/run/user/1000/mcp-anywhere', stateDir: '/home/me/.local/state/mcp-anywhere' },
  version: '1.2.3',
  file: '/home/me/hosts.yaml',
  platform: 'linux',
  uid: 1000,
};

describe('endpointOf', () => {
  it('names the socket by version and hosts file', () => {
    const name = createHash('sha256').update('1.2.3\0/home/me/hosts.yaml').digest('hex').slice(0, 16);
    const { socket, folder, lock, record, log } = endpointOf(BASE);
    expect(socket).toBe(`/run/user/1000/mcp-anywhere/${name}.sock`);
    expect([folder, lock, record]).toEqual([
      '/run/user/1000/mcp-anywhere',
      `/run/user/1000/mcp-anywhere/${name}.lock`,
      `/run/user/1000/mcp-anywhere/${name}.pid`,
    ]);
    expect(log).toBe(`/home/me/.local/state/mcp-anywhere/daemon/${name}.log`);
  });

  it('another version and another hosts file have another socket', () => {
    const sockets = [BASE, { ...BASE, version: '1.2.4' }, { ...BASE, file: '/home/me/other.yaml' }].map(
      (options) => endpointOf(options).socket,
    );
    expect(new Set(sockets).size).toBe(3);
  });

  it('a folder too deep for a socket gives way to a short one of the user', () => {
    const runtimeDir = `/home/${'deep/'.repeat(20)}run`;
    const { socket, lock } = endpointOf({ ...BASE, paths: { ...BASE.paths, runtimeDir } });
    expect(socket).toMatch(/^\/tmp\/mcpa-1000\/[0-9a-f]{16}\.sock$/);
    expect(lock.startsWith('/tmp/mcpa-1000/')).toBe(true);
    expect(Buffer.byteLength(socket)).toBeLessThanOrEqual(100);
  });

  it('exactly 100 bytes still fit; one more does not', () => {
    const folder = (bytes: number): string => `/${'x'.repeat(bytes - 1 - '/0123456789abcdef.sock'.length)}`;
    const at = (bytes: number): string =>
      endpointOf({ ...BASE, paths: { ...BASE.paths, runtimeDir: folder(bytes) } }).socket;
    expect(Buffer.byteLength(at(100))).toBe(100);
    expect(at(101).startsWith('/tmp/mcpa-1000/')).toBe(true);
    // Bytes, not characters.
    const runtimeDir = `/${'ü'.repeat(60)}`;
    expect(endpointOf({ ...BASE, paths: { ...BASE.paths, runtimeDir } }).socket.startsWith('/tmp/')).toBe(true);
  });

  it('on Windows it is a pipe, told apart by user', () => {
    const windows = { ...BASE, platform: 'win32', uid: undefined } as const;
    const { socket } = endpointOf(windows);
    expect(socket).toMatch(/^\\\\\.\\pipe\\mcp-anywhere-[0-9a-f]{8}-[0-9a-f]{16}$/);
    const other = endpointOf({ ...windows, paths: { ...BASE.paths, stateDir: 'C:\\Users\\other' } });
    expect(other.socket).not.toBe(socket);
  });
});
