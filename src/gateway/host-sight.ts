/**
 * What the AI clients' files on one host name. Looked at over the host's own connection; kept in memory with everything that a
 * launch needs, and on disk only with what may be shown.
 */
import * as z from 'zod';
import { deadline, orAbort } from '../base/abort.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { AnywhereError, asAnywhereError } from '../base/errors.ts';
import type { Memory } from '../base/memory.ts';
import type { Scope } from '../base/scope.ts';
import { Turns } from '../base/turns.ts';
import type { DiscoverPlan } from '../config/plan.ts';
import { type FoundServer, whyNotStarted } from '../discovery/found.ts';
import type { Look } from '../discovery/look.ts';
import { type MergedServer, mergedServers } from '../discovery/merge.ts';
import { shapeOf, written } from '../discovery/shown.ts';
import { type FileProblem, type Sighting, serversOf } from '../discovery/sighting.ts';
import { type Start, secretsOf, startOf } from '../discovery/start.ts';
import type { Launch } from '../launch/contract.ts';
import type { Link } from '../link/contract.ts';
import { lookThrough } from './look-through.ts';

const text = z.string();

/** What may be shown and kept of a server. */
const KNOWN = z.object({
  name: text,
  /** The ids of the clients that name the server. */
  from: z.tuple([text], text),
  file: text,
  /** Why it cannot be started; absent: it can. */
  whyNot: text.optional(),
  isEnabled: z.boolean(),
  /** The program, and what it runs. */
  shape: z.array(text),
  /** Names of variables. */
  env: z.array(text),
  cwd: text.optional(),
  /** The server answered as MCP-Anywhere itself. */
  isOurselves: z.boolean(),
});

/** On disk. */
export const REMEMBERED = z.object({ format: z.literal(1), servers: z.array(KNOWN) });

/** `revision` counts the changes of what is not shown. */
export type KnownServer = z.infer<typeof KNOWN> & { readonly revision: number };

export interface SightDeps {
  readonly clock: Clock;
  readonly scope: Scope;
  readonly memory: Memory<z.infer<typeof REMEMBERED>>;
  /** The machine, the login and what is looked for. */
  readonly subject: readonly string[];
  /** The variables that the look and a launch get on this machine; undefined on others. */
  readonly inherited: () => Launch['inherited'];
  readonly ttlMs: () => number;
  /** Gets every literal value that may be a secret. */
  readonly learn: (value: string) => void;
  /** The servers are others than before, or the host was looked at for the first time. */
  readonly onChange: () => void;
  readonly onProblem: (problem: FileProblem) => void;
  readonly onFailure: (error: AnywhereError) => void;
}

/** A host that is slow to answer one script. */
const LOOK_MS = 30_000;
/** Of what is shown of an entry. */
const MOST_WORDS = 64;
/** Between two looks, whatever `catalog.ttlMs` says. */
const SHORTEST_MS = 5_000;
const AFTER_FAILURE_MS = 30_000;

export class HostSight {
  readonly host: string;
  readonly settings: DiscoverPlan;
  readonly #deps: SightDeps;
  readonly #turns = new Turns(1);
  #link: Link | undefined;
  #unsubscribe: () => void = () => undefined;
  #cancelNext: CancelTimer = () => undefined;
  #known: readonly KnownServer[];
  /** Undefined before the first look of this run. */
  #merged: ReadonlyMap<string, MergedServer> | undefined;
  #sighting: Sighting | undefined;
  #problems: readonly FileProblem[] = [];
  #failure: AnywhereError | undefined;
  #wasSeen: boolean;

  constructor(host: string, settings: DiscoverPlan, deps: SightDeps) {
    this.host = host;
    this.settings = settings;
    this.#deps = deps;
    const remembered = deps.memory.recall(deps.subject);
    this.#wasSeen = remembered !== undefined;
    this.#known = (remembered?.servers ?? []).map((server) => ({ ...server, revision: 0 }));
  }

  /** As of the last look, in this run or an earlier one. */
  get known(): readonly KnownServer[] {
    return this.#known;
  }

  /** Files that could not be read at the last look. */
  get problems(): readonly FileProblem[] {
    return this.#problems;
  }

  /** Why the last look failed. */
  get failure(): AnywhereError | undefined {
    return this.#failure;
  }

  /** True while nobody knows what is there, and a look may tell. */
  get isPending(): boolean {
    return !this.#wasSeen && this.#mayLook;
  }

  /** True while this run has not looked, and may still do so. */
  get isUnseen(): boolean {
    return this.#merged === undefined && this.#mayLook;
  }

  get #mayLook(): boolean {
    const kind = this.#link?.state.kind;
    return (
      this.#failure === undefined &&
      (kind === undefined || kind === 'idle' || kind === 'connecting' || kind === 'ready')
    );
  }

  /** Looks whenever the link connects, and from time to time. */
  follow(link: Link): void {
    if (this.#link === link) return;
    this.#unsubscribe();
    this.#link = link;
    const unsubscribe = link.onChange(({ to }) => {
      if (to.kind === 'ready') this.#lookSoon();
      else if (to.kind === 'waiting' || to.kind === 'refused') this.#deps.onChange();
    });
    this.#unsubscribe = () => {
      unsubscribe();
      this.#cancelNext();
    };
    if (link.state.kind === 'ready') this.#lookSoon();
  }

  /** Reads the files now. @throws AnywhereError; the servers then stay as they were */
  look(signal: AbortSignal): Promise<void> {
    return this.#turns.run(() => this.#look(signal));
  }

  /** How the server of this name is started. @throws AnywhereError where the entry is gone or lacks something */
  async startOf(name: string, signal: AbortSignal): Promise<Start> {
    if (this.#merged === undefined) await orAbort(this.#firstLook(signal), signal);
    const place = { host: this.host, server: name };
    const found = this.#merged?.get(name)?.server;
    if (found === undefined)
      throw new AnywhereError('SERVER_STOPPED', `No AI client on ${this.host} names ${name} any longer.`, {
        ...place,
        hint: 'mcp-anywhere status',
      });
    const whyNot = whyNotStarted(found);
    if (whyNot !== undefined)
      throw new AnywhereError('SERVER_START_FAILED', `${this.host}/${name} cannot be started: ${whyNot}.`, {
        ...place,
        hint: `name the server in the hosts file, with everything it needs`,
      });
    return startOf(found);
  }

  /** The server answered as MCP-Anywhere itself: it would offer every tool again. */
  refuse(name: string): void {
    this.#keep(this.#known.map((server) => (server.name === name ? { ...server, isOurselves: true } : server)));
  }

  close(): void {
    this.#unsubscribe();
    this.#unsubscribe = () => undefined;
    this.#link = undefined;
  }

  #firstLook(signal: AbortSignal): Promise<void> {
    return this.#turns.run(async () => {
      if (this.#merged === undefined) await this.#look(signal);
    });
  }

  #lookSoon(): void {
    // The failure is kept and told.
    this.#deps.scope.run(this.look(this.#deps.scope.signal).catch(() => undefined));
  }

  async #look(parent: AbortSignal): Promise<void> {
    const { clock, onChange, onFailure } = this.#deps;
    const late = (): AnywhereError =>
      new AnywhereError('HOST_TIMEOUT', `The files of AI clients on ${this.host} were not read within 30 s.`, {
        host: this.host,
      });
    const limit = deadline(clock, LOOK_MS, late, parent);
    this.#cancelNext();
    try {
      this.#take(await this.#lookAt(limit.signal));
      this.#failure = undefined;
      this.#next(Math.max(this.#deps.ttlMs(), SHORTEST_MS));
    } catch (thrown) {
      parent.throwIfAborted();
      const error = asAnywhereError(thrown).at({ host: this.host });
      const isNew = this.#failure?.message !== error.message;
      this.#failure = error;
      this.#next(AFTER_FAILURE_MS);
      if (isNew && this.#link?.state.kind === 'ready') onFailure(error);
      onChange();
      throw error;
    } finally {
      limit.clear();
    }
  }

  async #lookAt(signal: AbortSignal): Promise<Look> {
    const link = this.#link;
    if (link === undefined) throw new AnywhereError('LINK_LOST', `${this.host} is not in the hosts file any longer.`);
    const { clients, projects } = this.settings;
    return await lookThrough(link, { clients, projects }, this.#deps.inherited(), signal);
  }

  #take(look: Look): void {
    const sighting = serversOf(look, this.#sighting);
    const { servers, problems } = sighting;
    for (const problem of problems)
      if (!this.#problems.some((known) => known.file === problem.file && known.problem === problem.problem))
        this.#deps.onProblem(problem);
    this.#sighting = sighting;
    this.#problems = problems;
    for (const server of servers) for (const value of secretsOf(server)) this.#deps.learn(value);
    const before = this.#merged;
    const merged = mergedServers(servers);
    this.#merged = new Map(merged.map((one) => [one.name, one]));
    const isFirst = before === undefined;
    this.#keep(
      merged.map((one) => this.#knownServer(one, before?.get(one.name))),
      isFirst,
    );
  }

  #knownServer(merged: MergedServer, before: MergedServer | undefined): KnownServer {
    const { name, server, clients } = merged;
    const earlier = this.#known.find((one) => one.name === name);
    const shape = shapeOf(server).slice(0, MOST_WORDS);
    const isOther = before !== undefined && JSON.stringify(wholeOf(before.server)) !== JSON.stringify(wholeOf(server));
    const whyNot = whyNotStarted(server);
    const [first = server.client, ...others] = clients;
    return {
      name,
      from: [first, ...others],
      file: server.file,
      ...(whyNot === undefined ? {} : { whyNot }),
      isEnabled: server.isEnabled,
      shape,
      env: [...server.env.keys()].slice(0, MOST_WORDS),
      ...(server.cwd === undefined ? {} : { cwd: written(server.cwd) }),
      isOurselves: earlier?.isOurselves === true && JSON.stringify(earlier.shape) === JSON.stringify(shape),
      revision: (earlier?.revision ?? 0) + (isOther ? 1 : 0),
    };
  }

  /** @param isNews somebody may wait for the end of the look */
  #keep(known: readonly KnownServer[], isNews = false): void {
    const { memory, subject, onChange } = this.#deps;
    const isSame = this.#wasSeen && JSON.stringify(known) === JSON.stringify(this.#known);
    this.#known = known;
    this.#wasSeen = true;
    const servers = known.map((server) => KNOWN.parse(server));
    memory.remember(subject, { format: 1, servers });
    if (!isSame || isNews) onChange();
  }

  #next(inMs: number): void {
    this.#cancelNext = this.#deps.clock.after(
      inMs,
      () => {
        if (this.#link?.state.kind === 'ready') this.#lookSoon();
      },
      { background: true },
    );
  }
}

/** Everything that a launch depends on. */
function wholeOf({ command, args, env, envFile, cwd }: FoundServer): unknown {
  return [command, args, [...env], envFile, cwd];
}
