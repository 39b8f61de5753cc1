/** Machines, lines and a gateway to do harm to: real sshds behind proxies, and a hosts file that names them. */
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { openGateway } from '../../src/gateway/open.ts';
import { fixture, type HostEntry, type HostsFile, type ServerEntry, writeHostsFile } from '../harness/hosts-file.ts';
import type { ProcessInfo } from '../harness/processes.ts';
import { type Proxy, startProxy } from '../harness/proxy.ts';
import { makeSandbox } from '../harness/sandbox.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { until } from '../harness/until.ts';
import { silentLog } from '../unit/gateway/kit.ts';

const LEASE_MS = 2_000;
const TIMEOUT_MS = 3_000;
const START_TIMEOUT_MS = 6_000;
/** Its host comes up, its server starts, it is answered; and once more where it may be repeated. */
export const DEADLINE_MS = 2 * (TIMEOUT_MS + START_TIMEOUT_MS + TIMEOUT_MS) + 4_000;

const SETTINGS = {
  reconnect: { initialMs: 100, maxMs: 1_000 },
  heartbeat: { intervalMs: 300, leaseMs: LEASE_MS },
};

export interface Machine {
  readonly name: string;
  readonly sshd: Sshd;
  readonly proxy: Proxy;
  readonly ledgers: string;
}

/** What the hosts file says now. */
interface Edits {
  /** Hosts that are left out. */
  readonly without: Set<string>;
  /** How often each server was edited. */
  readonly edition: Map<string, number>;
}

export class World {
  readonly machines: readonly Machine[];
  readonly gateway: Gateway;
  readonly #file: HostsFile;
  readonly #edits: Edits;

  private constructor(machines: readonly Machine[], file: HostsFile, gateway: Gateway, edits: Edits) {
    this.machines = machines;
    this.#file = file;
    this.gateway = gateway;
    this.#edits = edits;
  }

  static async start(): Promise<World> {
    const machines = await Promise.all(['red', 'blue'].map(machine));
    const edits = { without: new Set<string>(), edition: new Map<string, number>() };
    const file = writeHostsFile(hostsOf(machines, edits), SETTINGS);
    const { env, home } = makeSandbox();
    const gateway = await openGateway({ config: file.path, env, cwd: home, homeDir: home, log: silentLog });
    gateway.start();
    // It begins to watch the hosts file a little later, and holds descriptors for that.
    await until(() => process.getActiveResourcesInfo().includes('FSEventWrap'), {
      what: 'the hosts file to be watched',
    });
    return new World(machines, file, gateway, edits);
  }

  /** `host__server` of all that the hosts file may name. */
  get servers(): readonly string[] {
    return this.machines.flatMap(({ name }) => [`${name}__own`, `${name}__common`]);
  }

  /** Every file that servers wrote their executions to. */
  get ledgers(): readonly string[] {
    return this.machines.flatMap(({ ledgers }) => readdirSync(ledgers).map((name) => join(ledgers, name)));
  }

  /** Servers that run there. */
  programs(machine: Machine): readonly ProcessInfo[] {
    return machine.sshd.programs().filter(({ commandLine }) => /^\S*node\S* .*ledger\.mjs/u.test(commandLine));
  }

  /** The line to it is up, and its other end hears heartbeats. */
  isWatched({ name }: Machine): boolean {
    if (!this.gateway.plan.hosts.some((host) => host.name === name)) return false;
    const { state } = this.gateway.link(name);
    return state.kind === 'ready' && state.rttMs !== undefined;
  }

  /** Writes the hosts file with that server started in another way. */
  editServer(host: string, server: string): void {
    const id = `${host}/${server}`;
    this.#edits.edition.set(id, (this.#edits.edition.get(id) ?? 0) + 1);
    this.#rewrite();
  }

  setHost(host: string, isThere: boolean): void {
    if (isThere) this.#edits.without.delete(host);
    else this.#edits.without.add(host);
    this.#rewrite();
  }

  /** Not even YAML; the next edit puts it right. */
  spoilFile(): void {
    writeFileSync(this.#file.path, 'hosts: [');
  }

  /** All lines work, all hosts are in the file. */
  async heal(): Promise<void> {
    this.#edits.without.clear();
    this.#rewrite();
    for (const { proxy } of this.machines) await proxy.heal();
  }

  async stop(): Promise<void> {
    await this.gateway.close();
    for (const { sshd, proxy } of this.machines) {
      await proxy.stop();
      await sshd.stop();
    }
  }

  #rewrite(): void {
    this.#file.rewrite(hostsOf(this.machines, this.#edits));
  }
}

async function machine(name: string): Promise<Machine> {
  const sshd = await startSshd();
  const proxy = await startProxy({ to: sshd.port });
  const ledgers = join(sshd.folder, 'ledgers');
  mkdirSync(ledgers);
  chmodSync(ledgers, 0o777);
  return { name, sshd, proxy, ledgers };
}

function hostsOf(machines: readonly Machine[], { without, edition }: Edits): Record<string, HostEntry> {
  const entry = ({ name, sshd, ledgers }: Machine, server: string, more: object): ServerEntry =>
    fixture(sshd, 'ledger.mjs', ['--ledger', join(ledgers, server)], {
      env: { EDITION: String(edition.get(`${name}/${server}`) ?? 0) },
      timeoutMs: TIMEOUT_MS,
      startTimeoutMs: START_TIMEOUT_MS,
      ...more,
    });
  const hostOf = (one: Machine): HostEntry => ({
    sshd: one.sshd,
    port: one.proxy.port,
    servers: { own: entry(one, 'own', {}), common: entry(one, 'common', { sharing: 'shared' }) },
  });
  return Object.fromEntries(machines.filter(({ name }) => !without.has(name)).map((one) => [one.name, hostOf(one)]));
}
