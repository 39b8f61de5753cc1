/** A real ssh-agent of the test's own. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { scratch } from '../harness/scratch.ts';
import { until } from '../harness/until.ts';

export interface TestAgent {
  readonly socket: string;
}

/** Runs until the test ends, with these private key files added. */
export async function startAgent(
  keys: readonly string[],
  socket: string = join(scratch(), 'agent'),
): Promise<TestAgent> {
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  onTestFinished(() => {
    agent.kill();
  });
  await until(() => existsSync(socket));
  for (const key of keys)
    execFileSync('ssh-add', ['-q', key], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'ignore' });
  return { socket };
}
