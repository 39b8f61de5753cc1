/** Whether a newer version is out is asked only where a person wants to know. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { printed } from '../../harness/control.ts';
import { writeHostsFile } from '../../harness/hosts-file.ts';
import { type Outcome, runProgram } from '../../harness/program.ts';
import { startRegistry, withLatest } from '../../harness/registry.ts';
import { makeSandbox } from '../../harness/sandbox.ts';

const SERVERS = fileURLToPath(new URL('../../fixtures/servers', import.meta.url));
const echo = { command: process.execPath, args: [join(SERVERS, 'echo.mjs')] };

const run = (url: string, ...args: readonly string[]): Promise<Outcome> =>
  runProgram(args, makeSandbox({ npm_config_registry: url }));

describe('--version --check', () => {
  it('prints the version, and says that a newer one is out', async () => {
    const { url, requests } = await startRegistry(withLatest('99.0.0'));
    const { code, stdout, stderr } = await run(url, '--version', '--check');
    expect(code).toBe(0);
    expect(stdout).toBe((await run(url, '--version')).stdout);
    expect(stderr).toBe('Version 99.0.0 is out. To install it: npm install -g mcp-anywhere@latest\n');
    expect(requests).toHaveLength(1);
  });

  it('says what could not be asked, and is no failure', async () => {
    const { code, stdout, stderr } = await run('http://127.0.0.1:1', '--check', '-V');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(stderr).toMatch(/^Could not find out whether a newer version is out: asking 127\.0\.0\.1:1 failed: .+\n$/);
  });

  it('prints JSON', async () => {
    const { url } = await startRegistry(withLatest('0.0.1'));
    const { stdout } = await run(url, '--version', '--check', '--json');
    expect(printed('version check', stdout)).toMatchObject({ newest: '0.0.1', isNewer: false });
  });
});

describe('doctor', () => {
  it('asks with --check, and never without', async () => {
    const { url, requests } = await startRegistry(withLatest('99.0.0'));
    const file = writeHostsFile({ here: { servers: { echo } } }).path;
    const silent = await run(url, 'doctor', '--config', file, '--json');
    expect(printed('doctor', silent.stdout).steps.map(({ check }) => check)).not.toContain('version');
    await run(url, '--version');
    await run(url, '--help');
    await run(url, 'tools', '--config', file);
    expect(requests).toEqual([]);
    const { code, stdout } = await run(url, 'doctor', '--check', '--config', file);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^! version {4}Version 99\.0\.0 is out\. To install it: npm install -g mcp-anywhere@latest/);
    expect(requests).toHaveLength(1);
  });
});
