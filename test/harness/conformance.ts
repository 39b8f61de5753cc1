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

/** Runs all suites. The checks of each scenario, INFO left out. */
export async function conformance(
  url: string,
  scenarios: readonly string[],
): Promise<ReadonlyMap<string, readonly Check[]>> {
  const folder = scratch();
  const { stdout, stderr } = await run(['server', '--url', url, '--suite', 'all', '-o', folder]);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('checks.json'),
  );
  if (files.length === 0) throw new Error(`no checks were written: ${stdout}${stderr}`);
  return new Map(scenarios.map((scenario) => [scenario, checksOf(folder, files, scenario)]));
}

/** Each scenario has a folder, named by it and the time. */
function checksOf(folder: string, files: readonly string[], scenario: string): Check[] {
  const file = files.find((name) => new RegExp(`(^|-)${scenario}-\\d{4}-`, 'u').test(name));
  if (file === undefined) return [];
  return (JSON.parse(readFileSync(join(folder, file), 'utf8')) as Check[]).filter(({ status }) => status !== 'INFO');
}

/** Its exit code says that a check failed, which the checks say better. */
function run(args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    const env = { PATH: process.env['PATH'] ?? '' };
    execFile(
      join(TOOLS, 'node'),
      [join(TOOLS, 'conformance'), ...args],
      { env, timeout: 150_000, maxBuffer: 1 << 26 },
      (_error, stdout, stderr) => {
        resolve({ stdout, stderr });
      },
    );
  });
}
