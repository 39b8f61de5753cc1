/**
 * What on this side decides whether a host accepts a login: the ssh configuration, known host keys, key files, the agent's keys.
 *
 * Only content counts, as digests, never the time of a file: another machine's line in known_hosts, or a key file that was only
 * touched, is no reason for another attempt.
 */
import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { AnywhereError } from '../base/errors.ts';
import { readSmallFile } from '../base/small-file.ts';
import type { SshPlan } from '../config/plan.ts';
import { agentKeys } from '../ssh/agent.ts';
import type { SshSettings } from '../ssh/config.ts';
import { configFileOf, stampOf } from '../ssh/config-memo.ts';
import { knownHostsName, lookupKnownHost } from '../ssh/known-hosts.ts';
import { type ResolveSettings, type Route, resolveRoute, routeDigest } from '../ssh/route.ts';
import type { LinkDeps } from './contract.ts';

export interface Evidence {
  /** For people: what a new digest means has changed. */
  readonly what: string;
  /** Undefined where there is nothing that could make the login work. */
  readonly digest: string | undefined;
  /** Wall clock; undefined where unknown. */
  readonly changedMs: number | undefined;
}

/** Looks at everything that counts; called again and again. */
export type Look = (signal: AbortSignal) => Promise<readonly Evidence[]>;

/** The changes that could undo a refusal. */
export type Remedies = (cause: AnywhereError) => Look;

/** Longer than an answer of `ssh -G` is kept, so that each look asks again. */
const ASK_SSH_EVERY_MS = 15_000;

/** An agent that holds keys is asked at a new socket, and otherwise this often, because it may have to ask a smart card. */
const ASK_AGENT_EVERY_MS = 15_000;

export function sshRemedies(
  plan: SshPlan,
  resolve: ResolveSettings,
  deps: Pick<LinkDeps, 'clock' | 'env' | 'homeDir' | 'refreshEnv'>,
): Remedies {
  return (cause) => {
    const config = new ConfigLook(plan, resolve, deps);
    const agents = new AgentLook(deps);
    return async (signal) => {
      if (cause.code === 'SSH_MISSING') return [sshProgram(deps.env['PATH'])];
      const evidence = await config.look(signal);
      const more = cause.code.startsWith('HOST_KEY_')
        ? await Promise.all(config.route.map(knownKeys))
        : [...(await keyFiles(config.route)), ...(await agents.look(config.route, signal))];
      return [evidence, ...more];
    };
  };
}

/** Asks ssh again where its main file has changed, and now and then for included files. */
class ConfigLook {
  readonly #plan: SshPlan;
  readonly #resolve: ResolveSettings;
  readonly #deps: Pick<LinkDeps, 'clock' | 'homeDir'>;
  #stamp: string | undefined;
  #askedMs = Number.NEGATIVE_INFINITY;
  #digest: string | undefined;
  route: Route = [];

  constructor(plan: SshPlan, resolve: ResolveSettings, deps: Pick<LinkDeps, 'clock' | 'homeDir'>) {
    this.#plan = plan;
    this.#resolve = resolve;
    this.#deps = deps;
  }

  async look(signal: AbortSignal): Promise<Evidence> {
    const file = configFileOf(this.#plan, this.#deps.homeDir);
    const [stamp, nowMs] = [stampOf(file), this.#deps.clock.monotonic()];
    if (stamp !== this.#stamp || nowMs - this.#askedMs >= ASK_SSH_EVERY_MS) {
      this.#stamp = stamp;
      this.#askedMs = nowMs;
      await this.#ask(signal);
    }
    return { what: 'the ssh configuration', digest: this.#digest, changedMs: latestOf([file]) };
  }

  async #ask(signal: AbortSignal): Promise<void> {
    try {
      this.route = await resolveRoute(this.#plan, this.#resolve, signal);
      this.#digest = routeDigest(this.route);
    } catch {
      signal.throwIfAborted();
      this.#digest = undefined;
    }
  }
}

/** It may be installed, or an old one replaced. */
function sshProgram(path = ''): Evidence {
  const what = 'the OpenSSH client';
  const files = path.split(delimiter).flatMap((folder) => [join(folder, 'ssh'), join(folder, 'ssh.exe')]);
  const file = files.find((candidate) => existsSync(candidate));
  if (file === undefined) return { what, digest: undefined, changedMs: undefined };
  return { what, digest: digestOf(stampOf(file)), changedMs: changedMs(file) };
}

async function knownKeys(settings: SshSettings): Promise<Evidence> {
  const what = `known_hosts for ${knownHostsName(settings)}`;
  try {
    const latestMs = latestOf([...settings.userKnownHostsFiles, ...settings.globalKnownHostsFiles]);
    const { keys, withoutPort, revoked, authorities } = await lookupKnownHost(settings);
    const trusted = [keys, withoutPort, authorities].map((list) => list.map(({ fingerprint }) => fingerprint));
    const digest = digestOf(JSON.stringify([...trusted, revoked.map(({ fingerprint }) => fingerprint)]));
    return { what, digest: trusted.flat().length === 0 ? undefined : digest, changedMs: latestMs };
  } catch {
    return { what, digest: undefined, changedMs: undefined };
  }
}

async function keyFiles(route: Route): Promise<readonly Evidence[]> {
  const files = route.flatMap(({ identityFiles, certificateFiles }) => [
    ...identityFiles.flatMap((file) => [file, `${file}-cert.pub`]),
    ...certificateFiles,
  ]);
  return Promise.all([...new Set(files)].map(keyFile));
}

/** The mode counts too: a key that others can read is not used. */
async function keyFile(path: string): Promise<Evidence> {
  try {
    const { mode, uid } = statSync(path);
    const digest = digestOf(`${String(mode)} ${String(uid)} ${await readSmallFile(path, 'latin1')}`);
    return { what: path, digest, changedMs: changedMs(path) };
  } catch {
    return { what: path, digest: undefined, changedMs: undefined };
  }
}

interface Asked {
  readonly socket: string;
  readonly stamp: string;
  readonly atMs: number;
  readonly digest: string | undefined;
}

class AgentLook {
  readonly #deps: { readonly clock: Clock } & Pick<LinkDeps, 'env' | 'refreshEnv'>;
  #asked: readonly Asked[] = [];
  #searchedMs = Number.NEGATIVE_INFINITY;

  constructor(deps: Pick<LinkDeps, 'clock' | 'env' | 'refreshEnv'>) {
    this.#deps = deps;
  }

  async look(route: Route, signal: AbortSignal): Promise<readonly Evidence[]> {
    await this.#search(signal);
    const sockets = new Set(route.flatMap((settings) => this.#socketOf(settings) ?? []));
    this.#asked = await Promise.all([...sockets].map((socket) => this.#ask(socket, signal)));
    return this.#asked.map(({ socket, digest }) => {
      // The time of the socket is the start of the agent.
      return { what: 'the keys of the ssh agent', digest, changedMs: latestOf([socket]) };
    });
  }

  /** The agent may have been started again at another socket. */
  async #search(signal: AbortSignal): Promise<void> {
    const nowMs = this.#deps.clock.monotonic();
    if (nowMs - this.#searchedMs < ASK_AGENT_EVERY_MS) return;
    this.#searchedMs = nowMs;
    await this.#deps.refreshEnv?.(signal);
  }

  #socketOf({ raw, identityAgent }: SshSettings): string | undefined {
    const option = raw.get('identityagent')?.[0];
    return option === undefined || option === 'SSH_AUTH_SOCK' ? this.#deps.env['SSH_AUTH_SOCK'] : identityAgent;
  }

  async #ask(socket: string, signal: AbortSignal): Promise<Asked> {
    const { clock } = this.#deps;
    const [stamp, atMs] = [stampOf(socket), clock.monotonic()];
    const last = this.#asked.find((asked) => asked.socket === socket);
    const isFresh = last?.stamp === stamp && atMs - last.atMs < ASK_AGENT_EVERY_MS;
    if (isFresh && last.digest !== undefined) return last;
    const keys = (await agentKeys(socket, clock, signal)) ?? [];
    const digest = keys.length === 0 ? undefined : digestOf(Buffer.concat(keys).toString('latin1'));
    return { socket, stamp, atMs, digest };
  }
}

function latestOf(paths: readonly string[]): number {
  return Math.max(0, ...paths.map(changedMs));
}

function changedMs(path: string): number {
  try {
    const { mtimeMs, ctimeMs } = statSync(path);
    return Math.max(mtimeMs, ctimeMs);
  } catch {
    return 0;
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('hex');
}
