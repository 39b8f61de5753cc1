/** Links to test machines, without a hosts file. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { HeartbeatPlan, HostPlan } from '../../src/config/plan.ts';
import type { Dialer, Launch } from '../../src/launch/contract.ts';
import type { LaunchedChannel, Link, LinkDeps } from '../../src/link/contract.ts';
import { createLink } from '../../src/link/link.ts';
import { createSsh2Dialer } from '../../src/ssh2/dialer.ts';
import type { Log } from '../../src/telemetry/log.ts';
import { scratch } from '../harness/scratch.ts';
import type { Sshd } from '../harness/sshd.ts';

export const NEVER = new AbortController().signal;
export const RECONNECT = { initialMs: 50, maxMs: 1_000, attempts: Number.POSITIVE_INFINITY };
export const HEARTBEAT: HeartbeatPlan = { intervalMs: 5_000, leaseMs: 60_000 };

export interface LinkOptions {
  /** Instead of the sshd's own port: a proxy's. */
  readonly port?: number;
  readonly heartbeat?: HeartbeatPlan;
  readonly cacheDir?: string;
  readonly subsystem?: string;
  readonly reconnect?: typeof RECONNECT;
}

export function silentLog(): Log {
  const log: Log = {
    error: () => undefined,
    warn: () => undefined,
    info: () => undefined,
    debug: () => undefined,
    child: () => log,
  };
  return log;
}

/** Everything of ours in `folder`. */
export function linkDeps(folder: string, cacheDir = folder): LinkDeps {
  return {
    clock: systemClock(),
    random: Math.random,
    log: silentLog(),
    prompter: () => Promise.resolve(undefined),
    env: { PATH: process.env['PATH'], HOME: folder, SHELL: '/bin/sh' },
    homeDir: folder,
    cacheDir,
    runtimeDir: folder,
  };
}

export function sshHost(sshd: Sshd, folder: string, options: LinkOptions = {}): HostPlan {
  const port = options.port ?? sshd.port;
  const knownHosts = join(folder, `known_hosts-${String(port)}`);
  writeFileSync(knownHosts, sshd.hostKeys.map((key) => `[127.0.0.1]:${String(port)} ${key.publicKey}\n`).join(''));
  return {
    name: 'box',
    tags: [],
    servers: [],
    ssh: {
      alias: sshd.alias,
      host: undefined,
      user: undefined,
      port,
      identityFiles: [],
      proxyJump: undefined,
      configFile: sshd.sshConfigFile,
      knownHostsFiles: [knownHosts],
      backend: 'ssh2',
      subsystem: options.subsystem,
      reuseControlMaster: false,
      forwardAgent: false,
      connectTimeoutMs: 10_000,
    },
  };
}

export const LOCAL_HOST: HostPlan = { name: 'here', tags: [], servers: [], ssh: undefined };

export function linkOver(dialer: Dialer, host: HostPlan, deps: LinkDeps, options: LinkOptions = {}): Link {
  return createLink(
    host,
    dialer,
    { reconnect: options.reconnect ?? RECONNECT, heartbeat: options.heartbeat ?? HEARTBEAT },
    deps,
  );
}

/** A link over ssh2, closed with the test. */
export function sshLink(sshd: Sshd, options: LinkOptions = {}): Link {
  const folder = scratch();
  const deps = linkDeps(folder, options.cacheDir);
  const host = sshHost(sshd, folder, options);
  const link = linkOver(createSsh2Dialer(host, deps), host, deps, options);
  onTestFinished(() => link.close());
  return link;
}

export function launchOf(command: string, args: readonly string[] = [], more: Partial<Launch> = {}): Launch {
  return { command, args, env: new Map(), cwd: undefined, ...more };
}

/** A fixture of test/fixtures/servers as it lies in `folder`. */
export function fixtureLaunch(folder: string, name: string, args: readonly string[] = []): Launch {
  return launchOf(name.endsWith('.mjs') ? process.execPath : '/bin/sh', [join(folder, name), ...args]);
}

/** All of its stdout; its stderr is read away. */
export async function outputOf(channel: LaunchedChannel): Promise<string> {
  channel.errors.resume();
  let text = '';
  for await (const chunk of channel.output) text += String(chunk);
  return text;
}

export async function errorsOf(channel: LaunchedChannel): Promise<string> {
  let text = '';
  for await (const chunk of channel.errors) text += String(chunk);
  return text;
}

/** Resolves when the output has brought `text`. Goes on reading. */
export function said(channel: LaunchedChannel, text: string): Promise<void> {
  channel.errors.resume();
  let seen = '';
  return new Promise((resolve, reject) => {
    channel.output.on('data', (chunk: Buffer) => {
      seen = (seen + chunk.toString()).slice(-100_000);
      if (seen.includes(text)) resolve();
    });
    channel.output.once('close', () => {
      reject(new Error(`it ended without saying ${text}; it said: ${seen}`));
    });
  });
}
