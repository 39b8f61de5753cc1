/** `serve` as AI clients start it: the shim, from a command's options. It is their start-up time: keep it light. */
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
  /** As `--config`. */
  readonly config?: string | undefined;
  /** `host/server`: only this server, and nothing renamed. */
  readonly transparent?: string | undefined;
  /** Of a daemon that has to be started. */
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
        // Later daemons are for the file that was found first, whatever others would be found now.
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

/** A daemon that is stopped takes its socket along; one that crashes cannot. Pipes of Windows leave no trace. */
function isGone({ socket }: Endpoint): boolean {
  return process.platform !== 'win32' && !existsSync(socket);
}
