/** The bundle for Claude Desktop: packed, validated by its vendor's tool, unpacked, and started as the manifest says. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { unzipSync } from 'fflate';
import { expect, it, onTestFinished } from 'vitest';
import { bundleManifest } from '../../packaging/entry.ts';
import { pack } from '../../packaging/mcpb.ts';
import { fixture, writeHostsFile } from '../harness/hosts-file.ts';
import { makeSandbox } from '../harness/sandbox.ts';
import { scratch } from '../harness/scratch.ts';
import { startSshd } from '../harness/sshd.ts';

const TOOLS = fileURLToPath(new URL('../tools/node_modules/.bin', import.meta.url));

function unpacked(bytes: Uint8Array): string {
  const folder = scratch();
  for (const [name, content] of Object.entries(unzipSync(bytes))) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

it('is the same bytes each time, pure JavaScript, and valid', () => {
  const bytes = pack();
  expect(Buffer.from(pack()).equals(bytes)).toBe(true);
  const files = Object.keys(unzipSync(bytes));
  expect(files).toEqual(expect.arrayContaining(['manifest.json', 'dist/bin.js', 'node_modules/ssh2/lib/index.js']));
  expect(files.filter((file) => !/\.(js|cjs|json|txt)$|LICEN[CS]E/.test(file))).toEqual([]);
  const folder = unpacked(bytes);
  expect(JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'))).toEqual(bundleManifest);
  const said = execFileSync(process.execPath, [join(TOOLS, 'mcpb'), 'validate', join(folder, 'manifest.json')], {
    encoding: 'utf8',
  });
  expect(said).toContain('Manifest schema validation passes');
});

it('starts as its manifest says, and reaches a machine over ssh', async () => {
  const sshd = await startSshd();
  onTestFinished(() => sshd.stop());
  const hosts = writeHostsFile({ box: { sshd, servers: { echo: fixture(sshd, 'echo.mjs') } } });
  const folder = unpacked(pack());
  const { command, args } = bundleManifest.server.mcp_config;
  const filled = args.map((word) =>
    word.replace('${__dirname}', () => folder).replace('${user_config.hosts_file}', () => hosts.path),
  );
  expect(command).toBe('node');
  const client = new Client({ name: 'sdk', version: '1' }, { capabilities: {} });
  onTestFinished(() => client.close());
  const { env } = makeSandbox();
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args: filled, env: { ...env }, cwd: '/', stderr: 'pipe' }),
  );
  expect(client.getServerVersion()).toMatchObject({ version: bundleManifest.version });
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain('box__echo__echo');
  const result = await client.callTool({ name: 'box__echo__echo', arguments: { text: 'from the bundle' } });
  expect(JSON.stringify(result)).toContain('from the bundle');
});
