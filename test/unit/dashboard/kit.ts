/** Models and worlds to try the dashboard on. */
import type { ToolEntry } from '../../../src/api/control.ts';
import type { HostStatus, ServerStatus } from '../../../src/api/status.ts';
import { KeyReader } from '../../../src/dashboard/keys.ts';
import { type Effect, firstModel, type Model } from '../../../src/model/model.ts';
import { type Message, update } from '../../../src/model/update.ts';

export const NOW_MS = 1_700_000_000_000;

export type Told = Extract<Message, { type: 'events' }>['events'][number]['event'];
export type Snapshot = Extract<Message, { type: 'snapshot' }>['snapshot'];

export function server(name: string, more: Partial<ServerStatus> = {}): ServerStatus {
  const process = { command: ['npx', 'server'], env: [], instances: [], restarts: 0 };
  return { name, state: 'ready', tools: 2, problems: [], cached: false, ...process, ...more };
}

export function host(name: string, more: Partial<HostStatus> = {}): HostStatus {
  const servers = [server('files')];
  const rtt = (more.state ?? 'ready') === 'ready' ? { rttMs: 12 } : {};
  return { name, state: 'ready', ...rtt, connections: 1, backend: 'ssh2', tags: [], servers, ...more };
}

export function snapshot(hosts: readonly HostStatus[], more: Partial<Snapshot> = {}): Snapshot {
  const daemon = { pid: 4121, version: '1.0.0', uptimeMs: 5000, hostsFile: '/hosts.yaml' };
  return {
    controlVersion: 1,
    run: 'one',
    sequence: 0,
    status: { schemaVersion: 1, daemon, hosts, clients: [], calls: [] },
    calls: [],
    prompts: [],
    ...more,
  };
}

export function tool(
  name: string,
  inputSchema: unknown = { type: 'object' },
  more: Partial<ToolEntry> = {},
): ToolEntry {
  const [on = '', of = '', original = name] = name.split('__');
  return { name, host: on, server: of, original, definition: { name, inputSchema }, ...more };
}

/** A model that messages and keys go through; effects pile up until they are taken. */
export class Trial {
  model: Model;
  #effects: Effect[] = [];
  readonly #keys = new KeyReader();

  constructor(size: { readonly columns?: number; readonly rows?: number } = {}) {
    const { columns = 100, rows = 30 } = size;
    this.model = firstModel({ program: 'mcp-anywhere', columns, rows, nowMs: NOW_MS });
  }

  tell(...messages: readonly Message[]): this {
    for (const message of messages) {
      const { model, effects } = update(this.model, message);
      this.model = model;
      this.#effects.push(...effects);
    }
    return this;
  }

  /** Attached, and shown these hosts. */
  sees(...hosts: readonly HostStatus[]): this {
    return this.tell(
      { type: 'connection', connection: { kind: 'attached' } },
      { type: 'snapshot', snapshot: snapshot(hosts) },
    );
  }

  happens(
    ...events: readonly (Told extends infer E
      ? E extends Told
        ? Omit<E, 'atMs'> & { atMs?: number }
        : never
      : never)[]
  ): this {
    const numbered = events.map((event, index) => ({ sequence: index + 1, event: { atMs: NOW_MS, ...event } }));
    return this.tell({ type: 'events', events: numbered });
  }

  /** As a terminal sends them. */
  types(text: string): this {
    const keys = [...this.#keys.push(Buffer.from(text)), ...this.#keys.flush()];
    return this.tell(...keys.map((key): Message => ({ type: 'key', key })));
  }

  /** What had to be done since the last time. */
  taken(): readonly Effect[] {
    return this.#effects.splice(0);
  }
}

/** Why the host `nas` is down. */
export const CAUSE = {
  code: 'HOST_UNREACHABLE',
  message: 'nas: no route',
  hint: 'mcp-anywhere doctor {host}',
  host: 'nas',
} as const;

/** The items of the view, in their order. */
export function keysOf({ model }: Trial): string[] {
  return model.items.map(({ key }) => key);
}
