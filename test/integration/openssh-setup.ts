/** What the tests of the openssh backend need: its dependencies, plans for a test sshd, and whole programs over it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { HostPlan, SshPlan } from '../../src/config/plan.ts';
import type { Channel, ChannelEnd, Question, Transport } from '../../src/launch/contract.ts';
import type { LinkDeps } from '../../src/link/contract.ts';
import type { Log } from '../../src/telemetry/log.ts';
import { scratch } from '../harness/scratch.ts';
import type { Sshd } from '../harness/sshd.ts';

export const never = new AbortController().signal;

function quietLog(): Log {
  const log: Log = {
    error: () => undefined,
    warn: () => undefined,
    info: () => undefined,
    debug: () => undefined,
    child: () => log,
  };
  return log;
}

/** `answers`: what the person says, in order; then nobody is there. */
export function testDeps(
  options: { readonly answers?: readonly string[]; readonly env?: Readonly<Record<string, string>> } = {},
): LinkDeps & { readonly asked: Question[] } {
  const answers = [...(options.answers ?? [])];
  const asked: Question[] = [];
  const home = scratch();
  return {
    clock: systemClock(),
    random: () => 0.5,
    log: quietLog(),
    asked,
    prompter: (question) => {
      asked.push(question);
      return Promise.resolve(answers.shift());
    },
    env: { PATH: process.env['PATH'], HOME: home, ...options.env },
    homeDir: home,
    cacheDir: join(home, 'cache'),
    runtimeDir: shortFolder(),
  };
}

/** Names of sockets are short, so this one lies right below the temp folder. */
function shortFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'oss-'));
  onTestFinished(() => {
    rmSync(path, { recursive: true, force: true });
  });
  return path;
}

export function hostPlan(sshd: Pick<Sshd, 'alias' | 'sshConfigFile'>, ssh: Partial<SshPlan> = {}): HostPlan {
  const plan: SshPlan = {
    alias: sshd.alias,
    host: undefined,
    user: undefined,
    port: undefined,
    identityFiles: [],
    proxyJump: undefined,
    configFile: sshd.sshConfigFile,
    knownHostsFiles: [],
    backend: 'openssh',
    subsystem: undefined,
    reuseControlMaster: false,
    forwardAgent: false,
    connectTimeoutMs: 10_000,
    ...ssh,
  };
  return { name: 'box', tags: [], ssh: plan, servers: [] };
}

export interface Ran {
  readonly output: string;
  readonly errors: string;
  readonly end: ChannelEnd;
}

/** Runs a command to its end. */
export async function run(transport: Transport, command: string, input = ''): Promise<Ran> {
  const channel = await transport.exec(command, never);
  channel.input.end(input);
  return collect(channel);
}

export async function collect(channel: Channel): Promise<Ran> {
  const [output, errors, end] = await Promise.all([text(channel.output), text(channel.errors), channel.ended]);
  return { output, errors, end };
}

export async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

/** The transport, closed with the test. */
export async function owned(dialing: Promise<Transport>): Promise<Transport> {
  const transport = await dialing;
  onTestFinished(() => transport.close());
  return transport;
}
