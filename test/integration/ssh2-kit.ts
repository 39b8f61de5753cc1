/** What the tests of the ssh2 link share: a plan and dependencies for a host of the harness. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { systemClock } from '../../src/base/clock.ts';
import { type AnywhereError, asAnywhereError } from '../../src/base/errors.ts';
import type { HostPlan, SshPlan } from '../../src/config/plan.ts';
import type { Channel, Prompter, Question, Transport } from '../../src/launch/contract.ts';
import type { LinkDeps } from '../../src/link/contract.ts';
import { createSsh2Dialer } from '../../src/ssh2/dialer.ts';
import type { Log } from '../../src/telemetry/log.ts';
import { scratch } from '../harness/scratch.ts';
import type { Sshd } from '../harness/sshd.ts';

export const quiet: Log = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  child: () => quiet,
};

export function testDeps(change: Partial<LinkDeps> = {}): LinkDeps {
  const folder = scratch();
  for (const name of ['home', 'cache', 'run']) mkdirSync(join(folder, name), { mode: 0o700 });
  return {
    clock: systemClock(),
    random: () => 0.5,
    log: quiet,
    prompter: nobody,
    env: { PATH: process.env['PATH'], HOME: join(folder, 'home'), SHELL: '/bin/sh' },
    homeDir: join(folder, 'home'),
    cacheDir: join(folder, 'cache'),
    runtimeDir: join(folder, 'run'),
    ...change,
  };
}

export const nobody: Prompter = () => Promise.resolve(undefined);

/** Answers in order and keeps the questions. */
export function person(...answers: string[]): { readonly prompter: Prompter; readonly asked: Question[] } {
  const asked: Question[] = [];
  return {
    asked,
    prompter: (question) => {
      asked.push(question);
      return Promise.resolve(answers[asked.length - 1]);
    },
  };
}

export function sshPlan(alias: string, change: Partial<SshPlan> = {}): SshPlan {
  return {
    alias,
    host: undefined,
    user: undefined,
    port: undefined,
    identityFiles: [],
    proxyJump: undefined,
    configFile: undefined,
    knownHostsFiles: [],
    backend: 'ssh2',
    subsystem: undefined,
    reuseControlMaster: false,
    forwardAgent: false,
    connectTimeoutMs: 10_000,
    ...change,
  };
}

export function hostPlan(ssh: SshPlan, name = 'box'): HostPlan {
  return { name, tags: [], ssh, servers: [] };
}

/** A host by the sshd's own ssh_config. */
export function hostOf(sshd: Sshd, change: Partial<SshPlan> = {}): HostPlan {
  return hostPlan(sshPlan(sshd.alias, { configFile: sshd.sshConfigFile, ...change }));
}

/** A known_hosts file that names the sshd's keys at another port (of a proxy before it). */
export function knownAt(sshd: Sshd, port: number): string {
  const file = join(scratch(), 'known_hosts');
  writeFileSync(file, sshd.hostKeys.map((key) => `[127.0.0.1]:${port} ${key.publicKey}\n`).join(''));
  return file;
}

export function dial(host: HostPlan, deps: LinkDeps = testDeps()): Promise<Transport> {
  return createSsh2Dialer(host, deps).dial(never());
}

export async function failure(work: Promise<Transport>): Promise<AnywhereError> {
  try {
    const transport = await work;
    await transport.close();
  } catch (error) {
    return asAnywhereError(error);
  }
  throw new Error('the connection was made');
}

export function never(): AbortSignal {
  return new AbortController().signal;
}

export async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** Runs a command to its end. */
export async function run(
  transport: Transport,
  command: string,
): Promise<{ channel: Channel; out: string; err: string }> {
  const channel = await transport.exec(command, never());
  channel.input.end();
  const [out, err] = await Promise.all([textOf(channel.output), textOf(channel.errors)]);
  return { channel, out, err };
}
