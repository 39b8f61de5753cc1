/** A process that holds a connection of the openssh backend, to be killed: prints "ready", then waits. */

import { systemClock } from '../../src/base/clock.ts';
import type { HostPlan } from '../../src/config/plan.ts';
import { createOpensshDialer } from '../../src/openssh/dialer.ts';
import type { Log } from '../../src/telemetry/log.ts';

const { host, runtimeDir, command } = JSON.parse(process.argv[2] ?? '{}') as {
  host: HostPlan;
  runtimeDir: string;
  command: string;
};
const log: Log = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  child: () => log,
};
const dialer = createOpensshDialer(host, {
  clock: systemClock(),
  random: Math.random,
  log,
  prompter: () => Promise.resolve(undefined),
  env: process.env,
  homeDir: runtimeDir,
  cacheDir: runtimeDir,
  runtimeDir,
});
const signal = new AbortController().signal;
const transport = await dialer.dial(signal);
const channel = await transport.exec(command, signal);
channel.output.once('data', () => process.stdout.write(`ready ${dialer.backend()}\n`));
