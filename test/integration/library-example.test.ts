/** The program in examples/library, started as an AI client starts it, over a real machine. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { expect, it, onTestFinished } from 'vitest';
import { fixture, writeHostsFile } from '../harness/hosts-file.ts';
import { makeSandbox } from '../harness/sandbox.ts';
import { scratch } from '../harness/scratch.ts';
import { startSshd } from '../harness/sshd.ts';

const PROGRAM = fileURLToPath(new URL('../../examples/library/accounting.mjs', import.meta.url));

it('writes a line for each call and passes the answer on', async () => {
  const sshd = await startSshd();
  onTestFinished(() => sshd.stop());
  const hosts = writeHostsFile({ box: { sshd, servers: { echo: fixture(sshd, 'echo.mjs') } } });
  const file = join(scratch(), 'calls.jsonl');
  const { env } = makeSandbox();
  const client = new Client({ name: 'test', version: '1' });
  onTestFinished(() => client.close());
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [PROGRAM, hosts.path, file],
      env: { ...env },
      stderr: 'inherit',
    }),
  );
  const answer = await client.callTool({ name: 'box__echo__echo', arguments: { text: 'hello' } });
  expect(JSON.stringify(answer)).toContain('hello');
  const [line, ...more] = readFileSync(file, 'utf8').trimEnd().split('\n');
  expect(more).toEqual([]);
  const written = JSON.parse(line ?? '') as { at: string; tool: string; ms: number; bytes: number };
  expect(written.tool).toBe('box__echo__echo');
  expect(new Date(written.at).getTime()).toBeGreaterThan(Date.now() - 60_000);
  expect(written.bytes).toBeGreaterThan('hello'.length);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});
