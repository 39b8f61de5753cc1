/** A face of a real daemon, in the test's own process: what dashboards and commands have. */

import { onTestFinished } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { ControlClient } from '../../src/control/client.ts';
import { connectOrStart, locateDaemon } from '../../src/daemon/start.ts';
import { programVersion } from '../../src/gateway/open.ts';
import { BIN } from './program.ts';
import type { Sandbox } from './sandbox.ts';

/** Connected to the daemon of the hosts file, which is started where none runs. Closed after the test at the latest. */
export async function openFace(hostsFile: string, sandbox: Sandbox): Promise<ControlClient> {
  const { env, home } = sandbox;
  const platform = process.platform;
  const version = programVersion();
  const { found, endpoint, hello } = await locateDaemon({
    config: hostsFile,
    env,
    cwd: home,
    homeDir: home,
    platform,
    version,
  });
  const program = { node: process.execPath, file: BIN };
  const start = { endpoint, hello, words: { ...found }, program, env, clock: systemClock() };
  const client = new ControlClient(await connectOrStart(start, new AbortController().signal));
  closeAfterTest(client);
  return client;
}

function closeAfterTest(client: ControlClient): void {
  try {
    onTestFinished(() => client.close());
  } catch {
    // Not inside a test: it ends with the daemon.
  }
}
