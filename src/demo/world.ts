/**
 * Everything of the demo in one temporary folder: machines, keys, known_hosts and the hosts file.
 *
 * No file of the user is read or written: the hosts file holds everything that a connection needs, and HOME and the XDG
 * folders of the gateway are inside the folder. OpenSSH is not needed.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { stringify } from 'yaml';
import { AnywhereError } from '../base/errors.ts';
import { type HostReady, type HostSettings, hostReady } from './host-protocol.ts';
import { makeDemoKey } from './key.ts';

/** The machines. Each has a file of its own, so that their answers differ. */
const MACHINES = [
  { name: 'harbor', file: 'ships.txt', content: 'Aurora, berth 4\nBlue Heron, berth 7\n' },
  { name: 'meadow', file: 'bees.txt', content: 'hive 1: calm\nhive 2: ready to swarm\n' },
  { name: 'summit', file: 'weather.txt', content: 'wind 38 km/h, visibility 60 km, -4 C\n' },
] as const;

export const MACHINE_NAMES: readonly string[] = MACHINES.map((machine) => machine.name);
export const SERVER_NAMES = ['files', 'notes', 'system'] as const;

/** The file of a machine that the tour reads. */
export function sampleFile(machine: string): string {
  return MACHINES.find(({ name }) => name === machine)?.file ?? '';
}

export interface World {
  readonly folder: string;
  readonly hostsFile: string;
  readonly hosts: readonly HostProcess[];
  /** The home folder of the user whose gateway it is. */
  readonly home: string;
  /** The environment of the gateway. */
  readonly env: Readonly<Record<string, string>>;
  /** Stops every machine and removes the folder. */
  close(): Promise<void>;
}

/** @param programs folder of the demo's programs: host.js and the servers. */
export async function createWorld(programs: string): Promise<World> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'mcp-anywhere-demo-'));
  const hosts: HostProcess[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(hosts.map((host) => host.stop()));
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  try {
    const identity = path.join(folder, 'id_ed25519');
    const { privateKey, publicLine: authorizedKey } = makeDemoKey();
    await writeFile(identity, privateKey, { mode: 0o600 });
    for (const machine of MACHINES) hosts.push(await prepareHost(machine, { folder, programs, authorizedKey }));
    const ready = await Promise.all(hosts.map(async (host) => ({ name: host.name, ...(await host.start()) })));
    const hostsFile = await writeHostsFile({ folder, programs, identity }, ready);
    const home = path.join(folder, 'user');
    return { folder, hostsFile, hosts, home, env: await userEnvironment(home), close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Place {
  readonly folder: string;
  readonly programs: string;
  readonly authorizedKey: string;
}

async function prepareHost(machine: (typeof MACHINES)[number], place: Place): Promise<HostProcess> {
  const home = path.join(place.folder, 'hosts', machine.name);
  await mkdir(home, { recursive: true, mode: 0o700 });
  await writeFile(path.join(home, machine.file), machine.content);
  return new HostProcess(path.join(place.programs, 'host.js'), {
    name: machine.name,
    home,
    hostKeyFile: path.join(place.folder, `host_key_${machine.name}`),
    authorizedKey: place.authorizedKey,
    port: 0,
    demoFolder: place.folder,
  });
}

interface Files {
  readonly folder: string;
  readonly programs: string;
  readonly identity: string;
}

/** Writes a hosts file like that of a user, with three servers on each machine, and a known_hosts file beside it. */
async function writeHostsFile(
  { folder, programs, identity }: Files,
  machines: readonly (HostReady & { readonly name: string })[],
): Promise<string> {
  const knownHosts = path.join(folder, 'known_hosts');
  const lines = machines.map(({ port, hostKey }) => `[127.0.0.1]:${String(port)} ${hostKey}\n`);
  await writeFile(knownHosts, lines.join(''), { mode: 0o600 });
  const servers = Object.fromEntries(
    SERVER_NAMES.map((name) => [name, { command: process.execPath, args: [path.join(programs, `${name}.js`)] }]),
  );
  const hosts = machines.map(({ name, port }) => [name, { tags: ['demo'], ssh: { port }, servers }] as const);
  const shared = { host: '127.0.0.1', user: 'demo', identityFile: identity, knownHostsFile: knownHosts };
  const file = path.join(folder, 'mcp-anywhere.config.yaml');
  const content = {
    version: 1,
    defaults: { ssh: { ...shared, configFile: 'none', backend: 'ssh2' } },
    hosts: Object.fromEntries(hosts),
    reconnect: { maxMs: 2000 },
  };
  await writeFile(file, stringify(content, { aliasDuplicateObjects: false }), { mode: 0o600 });
  return file;
}

async function userEnvironment(home: string): Promise<Record<string, string>> {
  const folders = { config: '.config', cache: '.cache', state: '.state', data: '.data', runtime: '.run' };
  for (const name of Object.values(folders)) await mkdir(path.join(home, name), { recursive: true, mode: 0o700 });
  return {
    HOME: home,
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    XDG_CONFIG_HOME: path.join(home, folders.config),
    XDG_CACHE_HOME: path.join(home, folders.cache),
    XDG_STATE_HOME: path.join(home, folders.state),
    XDG_DATA_HOME: path.join(home, folders.data),
    XDG_RUNTIME_DIR: path.join(home, folders.runtime),
  };
}

/** A host that ignores SIGTERM for this time is killed, ms. */
const STOP_MS = 3000;

/** One machine of the demo: a child process that can lose its power and come back. */
export class HostProcess {
  readonly #program: string;
  #settings: HostSettings;
  #child: ChildProcess | undefined;

  constructor(program: string, settings: HostSettings) {
    this.#program = program;
    this.#settings = settings;
  }

  get name(): string {
    return this.#settings.name;
  }

  /** Resolves when the machine accepts connections. A later start uses the same port. */
  async start(): Promise<HostReady> {
    const child = spawn(process.execPath, [this.#program], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    child.stdin.on('error', () => undefined);
    child.stdin.write(`${JSON.stringify(this.#settings)}\n`);
    const ready = await firstLine(child, this.name);
    this.#settings = { ...this.#settings, port: ready.port };
    return ready;
  }

  /** Cuts the power: connections are reset and programs killed. Resolves when the machine is gone. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    const killTimer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await gone;
    clearTimeout(killTimer);
  }
}

/** The ready line. Throws with the output of the process if there is none. */
async function firstLine(child: ChildProcess, host: string): Promise<HostReady> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new AnywhereError('INTERNAL', 'A demo host has no output.', { host });
  const errors: string[] = [];
  createInterface({ input: stderr }).on('line', (line) => errors.push(line));
  const line = await new Promise<string | undefined>((resolve) => {
    createInterface({ input: stdout }).once('line', resolve);
    child.once('close', () => {
      resolve(undefined);
    });
    child.once('error', () => {
      resolve(undefined);
    });
  });
  if (line !== undefined) return hostReady.parse(JSON.parse(line));
  throw new AnywhereError('INTERNAL', 'A demo host did not start.', { host, evidence: errors.slice(-5) });
}
