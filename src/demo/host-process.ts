/** One demo machine as the demo holds it: a child process that can lose its power and come back. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { AnywhereError } from '../base/errors.ts';
import { type HostReady, type HostSettings, hostReady } from './host-protocol.ts';

/** A host that does not heed SIGTERM within this time is killed, milliseconds. */
const STOP_MS = 3000;

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

  /** Resolves when it accepts connections; a later start takes the port of the first. */
  async start(): Promise<HostReady> {
    const child = spawn(process.execPath, [this.#program], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    child.stdin.on('error', () => undefined);
    child.stdin.write(`${JSON.stringify(this.#settings)}\n`);
    const ready = await firstLine(child, this.name);
    this.#settings = { ...this.#settings, port: ready.port };
    return ready;
  }

  /** Cuts its power: its connections are reset and its programs killed. Resolves when it is gone. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await gone;
    clearTimeout(impatience);
  }
}

/** The ready line, or an error with what the process said instead. */
async function firstLine(child: ChildProcess, host: string): Promise<HostReady> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new AnywhereError('INTERNAL', 'a demo host has no output', { host });
  const complaints: string[] = [];
  createInterface({ input: stderr }).on('line', (line) => complaints.push(line));
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
  throw new AnywhereError('INTERNAL', 'a demo host did not start', { host, evidence: complaints.slice(-5) });
}
