/** The runner of @modelcontextprotocol/conformance. It and the Node it needs come from test/tools. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { scratch } from './scratch.ts';

const TOOLS = fileURLToPath(new URL('../tools/node_modules/.bin', import.meta.url));

export interface Check {
  readonly id: string;
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
  readonly errorMessage?: string;
}

/** Names of all server scenarios, those of the pending suite included. */
export async function serverScenarios(): Promise<string[]> {
  const { stdout } = await run(['list', '--server']);
  return stdout.split('\n').flatMap((line) => /^\s+- (\S+)/u.exec(line)?.[1] ?? []);
}

/** The checks of one scenario, INFO left out. */
export async function conformance(url: string, scenario: string): Promise<Check[]> {
  const folder = scratch();
  const { stdout, stderr } = await run(['server', '--url', url, '--scenario', scenario, '-o', folder]);
  const [found] = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('checks.json'));
  if (found === undefined) throw new Error(`${scenario} wrote no checks: ${stdout}${stderr}`);
  const checks = JSON.parse(readFileSync(join(folder, found), 'utf8')) as Check[];
  return checks.filter(({ status }) => status !== 'INFO');
}

/** Its exit code says that a check failed, which the checks say better. */
function run(args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    const env = { PATH: process.env['PATH'] ?? '' };
    execFile(join(TOOLS, 'node'), [join(TOOLS, 'conformance'), ...args], { env, timeout: 40_000, maxBuffer: 1 << 26 }, (_error, stdout, stderr) => {
      resolve({ stdout, stderr });
    });
  });
}
