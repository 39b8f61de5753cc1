import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LOOK_AROUND, machineFrom, machineText, offersFor } from '../../../src/setup/machine.ts';
import { scratch } from '../../harness/scratch.ts';

const PRINTED = [
  'Welcome to the machine',
  'system Linux x86_64',
  'home /home/me',
  'node v22.1.0',
  'npx ',
  'uv uv 0.5.1 (f4bb6ab 2026-10-01)',
  'uvx ',
  'git ',
  'docker Docker version 27.0.3, build 7d4bcd8',
  '',
].join('\n');

describe('what is installed on a machine', () => {
  it('is read from the answer of the script', () => {
    const machine = machineFrom(PRINTED);
    expect(machine.home).toBe('/home/me');
    expect([...machine.programs.keys()]).toEqual(['node', 'npx', 'uv', 'uvx', 'git', 'docker']);
    expect(machineText(machine)).toBe('Linux x86_64, node 22.1.0, uv 0.5.1, docker 27.0.3');
    expect(machineText(machineFrom('system Darwin arm64\n'))).toBe('Darwin arm64, no node, uv or docker');
  });

  it('shows no steering characters of the machine', () => {
    expect(machineText(machineFrom('system Linux\u001b[2J\u202e x\n'))).toBe('Linux x, no node, uv or docker');
  });

  it('is what the script finds on the PATH, also where a program fails', () => {
    const bin = scratch();
    const program = (name: string, text: string): void => {
      writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
      chmodSync(join(bin, name), 0o755);
    };
    program('node', 'echo v20.19.0');
    program('npx', 'exit 3');
    program('docker', 'echo no daemon >&2; exit 1');
    program('uname', 'echo Linux x86_64');
    program('head', 'read -r line; echo "$line"');
    const printed = execFileSync('/bin/sh', LOOK_AROUND.args.map(String), {
      env: { PATH: bin, HOME: '/home/with space' },
      encoding: 'utf8',
    });
    const machine = machineFrom(printed);
    expect(machine.home).toBe('/home/with space');
    expect([...machine.programs]).toEqual([
      ['node', '20.19.0'],
      ['npx', ''],
      ['docker', ''],
    ]);
  });
});

describe('the servers that are offered', () => {
  it('are those whose programs are there, with pinned versions', () => {
    const offers = offersFor('gpu1', machineFrom(PRINTED));
    expect(offers.map(({ name }) => name)).toEqual(['files', 'git', 'fetch', 'time', 'memory']);
    expect(offers.filter(({ isUsual }) => isUsual).map(({ name }) => name)).toEqual(['files', 'git']);
    expect(offers[0]?.server.entry['args']).toContain('/home/me');
    for (const { server } of offers) expect(JSON.stringify(server.entry)).toMatch(/@\d{4}\.\d+\.\d+/);
  });

  it('need their programs', () => {
    const machine = machineFrom('system Linux x86_64\nhome /root\nuvx \n');
    expect(offersFor('gpu1', machine).map(({ name }) => name)).toEqual(['fetch', 'time']);
  });

  it.each(['', '/', 'relative', '/home/${env:SECRET}', '/home/\u001b[2J'])('give nobody the files of %j', (home) => {
    const machine = machineFrom(`system Linux\nhome ${home}\nnode v22.0.0\nnpx \n`);
    expect(offersFor('gpu1', machine).map(({ name }) => name)).not.toContain('files');
  });
});
