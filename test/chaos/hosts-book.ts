/** The hosts file of a run, and everything that a person may do to it meanwhile. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixture, type HostEntry, type HostsFile, type ServerEntry, writeHostsFile } from '../harness/hosts-file.ts';
import type { Machine } from './machines.ts';

export const LEASE_MS = 2_000;
const TIMEOUT_MS = 3_000;
const START_TIMEOUT_MS = 6_000;
/** Its host comes up, its server starts, it is answered; and once more where it may be repeated. */
export const DEADLINE_MS = 2 * (TIMEOUT_MS + START_TIMEOUT_MS + TIMEOUT_MS) + 4_000;

/** A server of its own for every client, one for all, and a member of a pool of each kind. */
const SERVERS = { own: 'session', common: 'shared', tent: 'session', mill: 'shared' } as const;
export type ServerName = keyof typeof SERVERS;
export const SERVER_NAMES = Object.keys(SERVERS) as readonly ServerName[];

/** Pool → the server that its members are. */
const POOLS = { camp: 'tent', mills: 'mill' } as const satisfies Record<string, ServerName>;
const STRATEGIES = ['least-busy', 'round-robin', 'fastest', 'failover', 'sticky'] as const;

/** What is called: `host__server` or the name of a pool. `host`: where a pool's call is to go. */
export interface Target {
  readonly prefix: string;
  readonly host?: string;
}

export class HostsBook {
  readonly path: string;
  readonly #machines: readonly Machine[];
  readonly #draft: HostsFile;
  readonly #settings: Readonly<Record<string, unknown>>;
  /** `host` or `host/server`. */
  readonly #without = new Set<string>();
  /** How often each server was edited. */
  readonly #edition = new Map<string, number>();
  #turns: number;
  #isSpoiled = false;
  /** How often it was no hosts file at all. */
  spoils = 0;

  /** @param turns which strategies the pools begin with */
  constructor(machines: readonly Machine[], turns: number) {
    this.#machines = machines;
    this.#turns = turns;
    const all = writeHostsFile(this.#hosts());
    this.path = all.path;
    // The file is replaced in one step: a daemon that starts must not read half of it. ssh's own never changes.
    const settings = { defaults: { ssh: { configFile: all.sshConfigFile } }, ...SETTINGS };
    this.#draft = writeHostsFile(this.#hosts(), settings);
    this.#settings = settings;
    this.#rewrite();
  }

  /** All that clients call. */
  get targets(): readonly Target[] {
    const own = this.#machines.flatMap(({ name }) => [`${name}__own`, `${name}__common`]);
    return [...own, ...Object.keys(POOLS)].map((prefix) => ({ prefix }));
  }

  /** Every server of every machine, those of pools by the host. */
  get everyServer(): readonly Target[] {
    const members = this.#machines.flatMap(({ name: host }) => Object.keys(POOLS).map((prefix) => ({ prefix, host })));
    return [...this.targets.filter(({ prefix }) => prefix.includes('__')), ...members];
  }

  /** No daemon can start with it. */
  get isSpoiled(): boolean {
    return this.#isSpoiled;
  }

  /** With that server started in another way. */
  editServer(host: string, server: ServerName): void {
    const id = `${host}/${server}`;
    this.#edition.set(id, (this.#edition.get(id) ?? 0) + 1);
    this.#rewrite();
  }

  /** @param id `host` or `host/server` */
  set(id: string, isThere: boolean): void {
    if (isThere) this.#without.delete(id);
    else if (this.#mayGo(id)) this.#without.add(id);
    this.#rewrite();
  }

  /** The pools choose in another way. */
  turnPools(): void {
    this.#turns += 1;
    this.#rewrite();
  }

  /** Not even YAML; the next edit puts it right. Written as some editors do, in place. */
  spoil(): void {
    this.#isSpoiled = true;
    this.spoils += 1;
    writeFileSync(this.path, 'hosts: [');
  }

  heal(): void {
    this.#without.clear();
    this.#rewrite();
  }

  /** A pool without any member is a mistake of the file: the last machine stays. */
  #mayGo(id: string): boolean {
    const isWhole = ({ name }: Machine): boolean =>
      ![...this.#without].some((one) => one === name || one.startsWith(`${name}/`));
    const whole = this.#machines.filter(isWhole).map(({ name }) => name);
    const [host] = id.split('/');
    return whole.some((name) => name !== host);
  }

  #rewrite(): void {
    this.#draft.rewrite(this.#hosts(), { ...this.#settings, pools: this.#pools() });
    renameSync(this.#draft.path, this.path);
    this.#isSpoiled = false;
  }

  #pools(): object {
    const entry = (server: string, index: number): object => ({
      members: [`*/${server}`],
      strategy: STRATEGIES[(this.#turns + 2 * index) % STRATEGIES.length],
    });
    return Object.fromEntries(Object.entries(POOLS).map(([name, server], index) => [name, entry(server, index)]));
  }

  #hosts(): Record<string, HostEntry> {
    const there = this.#machines.filter(({ name }) => !this.#without.has(name));
    return Object.fromEntries(there.map((machine) => [machine.name, this.#host(machine)]));
  }

  #host(machine: Machine): HostEntry {
    const there = SERVER_NAMES.filter((server) => !this.#without.has(`${machine.name}/${server}`));
    const servers = Object.fromEntries(there.map((server) => [server, this.#server(machine, server)]));
    return { sshd: machine.sshd, port: machine.proxy.port, servers };
  }

  #server({ name, sshd, ledgers }: Machine, server: ServerName): ServerEntry {
    return fixture(sshd, 'ledger.mjs', ['--ledger', join(ledgers, server)], {
      env: { EDITION: String(this.#edition.get(`${name}/${server}`) ?? 0) },
      sharing: SERVERS[server],
      timeoutMs: TIMEOUT_MS,
      startTimeoutMs: START_TIMEOUT_MS,
      idleMs: IDLE_MS[SERVERS[server]],
    });
  }
}

/** Those of a client end with it, and those of all soon after: so a run becomes quiet by itself. */
const IDLE_MS = { session: 60_000, shared: 400 } as const;
const SETTINGS = {
  reconnect: { initialMs: 100, maxMs: 1_000 },
  heartbeat: { intervalMs: 300, leaseMs: LEASE_MS },
};
