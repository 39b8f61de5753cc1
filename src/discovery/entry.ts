/** An MCP server as an AI client's file names it, and the ways in which clients write one. */
import { isRecord } from '../base/record.ts';

export interface Entry {
  readonly name: string;
  /** Absent for a server that is reached by `url`, and for an entry that says neither. */
  readonly command?: string;
  readonly args: readonly string[];
  /** As written: a value can hold references in the client's own notation, and secrets. */
  readonly env: Readonly<Record<string, string>>;
  /** Variables that the client passes on under their own names. */
  readonly inherits: readonly string[];
  readonly cwd?: string;
  /** A file with lines `NAME=value`. */
  readonly envFile?: string;
  readonly url?: string;
  readonly isEnabled: boolean;
}

/** A program that a client is to start. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export type Raw = Readonly<Record<string, unknown>>;

/** How one kind of client writes an entry. */
export interface Dialect {
  readonly read: (name: string, raw: Raw) => Entry;
  /** The members of an entry for `launch`; other members of an existing entry stay. */
  readonly write: (name: string, launch: Launch) => Raw;
}

/** What clients call the same member of an entry. */
export const MEMBERS = {
  command: ['command', 'cmd'],
  env: ['env', 'environment', 'environmentVariables', 'envs'],
  cwd: ['cwd', 'working_directory', 'workingDirectory'],
  url: ['url', 'httpUrl', 'serverUrl', 'baseUrl', 'uri'],
} as const;

export function memberOf(raw: Raw, member: keyof typeof MEMBERS): unknown {
  const name = MEMBERS[member].find((one) => raw[one] !== undefined && raw[one] !== null);
  return name === undefined ? undefined : raw[name];
}

/** `command`, `args`, `env`: nearly all clients. `more`: further members that the client wants. */
export function standard(more: Raw = {}): Dialect {
  return {
    read: (name, raw) => {
      const program = memberOf(raw, 'command');
      const words = Array.isArray(program) ? texts(program) : undefined;
      const command = words === undefined ? text(program) : words[0];
      return {
        name,
        ...optional('command', command),
        args: [...(words?.slice(1) ?? []), ...texts(raw['args'])],
        env: textMap(memberOf(raw, 'env')),
        inherits: texts(raw['env_vars'] ?? raw['env_keys']),
        ...optional('cwd', text(memberOf(raw, 'cwd'))),
        ...optional('envFile', text(raw['envFile'])),
        ...optional('url', text(memberOf(raw, 'url'))),
        isEnabled: raw['enabled'] !== false && raw['disabled'] !== true,
      };
    },
    write: (_name, { command, args, env }) => ({ ...more, command, args, ...(isEmpty(env) ? {} : { env }) }),
  };
}

/** One array holds program and arguments. */
export const OPENCODE: Dialect = {
  read: standard().read,
  write: (_name, { command, args, env }) => ({
    type: 'local',
    command: [command, ...args],
    ...(isEmpty(env) ? {} : { environment: env }),
  }),
};

export const GOOSE: Dialect = {
  read: standard().read,
  write: (name, { command, args, env }) => ({
    name,
    type: 'stdio',
    cmd: command,
    args,
    enabled: true,
    timeout: 300,
    ...(isEmpty(env) ? {} : { envs: env }),
  }),
};

function isEmpty(map: object): boolean {
  return Object.keys(map).length === 0;
}

function optional<K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, string>);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.flatMap((one) => asText(one) ?? []) : [];
}

/** Clients take a number or a boolean as the text that it is written as. */
function asText(value: unknown): string | undefined {
  return ['string', 'number', 'bigint', 'boolean'].includes(typeof value) ? String(value) : undefined;
}

function textMap(value: unknown): Record<string, string> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, one]) => {
      const written = asText(one);
      return written === undefined ? [] : [[key, written]];
    }),
  );
}
