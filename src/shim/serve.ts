/** `serve` for AI clients: runs the shim with the options of the command. Must load little, because clients wait for its start. */
import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { type Clock, systemClock } from '../base/clock.ts';
import type { Environment } from '../config/paths.ts';
import {
  connectOrStart,
  type Endpoint,
  type Hello,
  type Located,
  locateDaemon,
  type ProgramFiles,
} from '../daemon/start.ts';
import { listenForStop } from '../gateway/stop-signals.ts';
import { runShim } from './shim.ts';

export interface ShimServeOptions {
  /** The value of `--config`. */
  readonly config?: string | undefined;
  /** `host/server`: offers only this server, and renames nothing. */
  readonly transparent?: string | undefined;
  /** The log level of a daemon that the shim starts. */
  readonly logLevel?: string | undefined;
  readonly env: Environment;
  readonly cwd: string;
  readonly homeDir: string;
  readonly program: ProgramFiles & { readonly version: string };
  readonly input: Readable;
  readonly output: Writable;
}

/** Resolves when the client is gone, a signal came or the parent died. @throws AnywhereError CONFIG_*, NO_DAEMON */
export async function serveThroughDaemon(options: ShimServeOptions): Promise<void> {
  const clock = systemClock();
  const stop = listenForStop(clock, process);
  let first: Located | undefined;
  try {
    await runShim({
      input: options.input,
      output: options.output,
      clock,
      random: Math.random,
      connect: async (signal) => {
        const { version } = options.program;
        // Later daemons use the file that was found first.
        const config = first?.found.file ?? options.config;
        const located = await locateDaemon({ ...options, config, platform: process.platform, version });
        first ??= located;
        return await connect({ ...located, found: first.found }, options, clock, signal);
      },
      wasStopped: () => first !== undefined && isGone(first.endpoint),
      stopped: stop.stopped,
    });
  } finally {
    stop.dispose();
  }
}

function connect(
  { endpoint, found, hello }: Located,
  { env, program, transparent, logLevel }: ShimServeOptions,
  clock: Clock,
  signal: AbortSignal,
): Promise<Socket> {
  const ours: Hello = { ...hello, role: 'mcp', ...(transparent === undefined ? {} : { transparent }) };
  return connectOrStart({ endpoint, hello: ours, words: { ...found, logLevel }, program, env, clock }, signal);
}

/** A stopped daemon removes its socket; a crashed one cannot. On Windows a pipe leaves no trace. */
function isGone({ socket }: Endpoint): boolean {
  return process.platform !== 'win32' && !existsSync(socket);
}
