/** What is installed on a machine, and the servers that fit: text in, text out. */
import { oneLine } from '../base/harmless.ts';
import type { Launch } from '../launch/contract.ts';
import type { WantedServer } from './pasted-servers.ts';

export interface Machine {
  /** `uname -sm`, as "Linux x86_64". */
  readonly system: string;
  readonly home: string;
  /** The programs that were found on the PATH, with the version where one was asked for. */
  readonly programs: ReadonlyMap<string, string>;
}

/** Programs that servers need, and whether their version is of interest. */
const PROGRAMS: readonly (readonly [name: string, asksVersion: boolean])[] = [
  ['node', true],
  ['npx', false],
  ['uv', true],
  ['uvx', false],
  ['git', false],
  ['docker', true],
];

/** `name value` lines. A program that hangs or fails is a line without a version. */
const SCRIPT = [
  `printf 'system %s\\n' "$(uname -sm)"`,
  `printf 'home %s\\n' "$HOME"`,
  ...PROGRAMS.map(([name, asksVersion]) => {
    const version = asksVersion ? `"$(${name} --version 2>/dev/null </dev/null|head -n1)"` : `''`;
    return `if command -v ${name} >/dev/null;then printf '${name} %s\\n' ${version};fi`;
  }),
  'exit 0',
].join(';');

/** With the PATH of the login shell, as servers have it. */
export const LOOK_AROUND: Launch = { command: 'sh', args: ['-c', SCRIPT], env: new Map(), cwd: undefined };

export function machineFrom(printed: string): Machine {
  const lines = printed.split('\n').map((line) => /^([a-z]+) (.*)$/.exec(line));
  const values = new Map(lines.flatMap((line) => (line === null ? [] : [[line[1] ?? '', line[2] ?? ''] as const])));
  const programs = PROGRAMS.flatMap(([name]) => {
    const value = values.get(name);
    // `v22.1.0`, `uv 0.5.1 (…)`, `Docker version 27.0.3, build …`
    return value === undefined ? [] : [[name, /\d+(?:\.\d+)+/.exec(value)?.[0] ?? ''] as const];
  });
  return { system: values.get('system') ?? '', home: values.get('home') ?? '', programs: new Map(programs) };
}

/** As "Linux x86_64, node 22.1.0, uv 0.5.1". */
export function machineText({ system, programs }: Machine): string {
  const named = ['node', 'uv', 'docker'].flatMap((name) => {
    const version = programs.get(name);
    return version === undefined ? [] : [version === '' ? name : `${name} ${version}`];
  });
  return oneLine([system, ...(named.length === 0 ? ['no node, uv or docker'] : named)].join(', '));
}

/** A server that `init` offers where the programs are installed. */
interface Offered {
  readonly name: string;
  readonly says: string;
  readonly needs: readonly string[];
  readonly command: string;
  /** `{home}` is the home folder there. */
  readonly args: readonly string[];
  /** Chosen unless a person says otherwise. */
  readonly isUsual: boolean;
}

// biome-ignore format: one server a line
const OFFERED: readonly Offered[] = [
  { name: 'files', says: 'reads and writes files below {home}', needs: ['node', 'npx'], command: 'npx', args: ['-y', '@modelcontextprotocol/server-filesystem@2026.8.31', '{home}'], isUsual: true },
  { name: 'git', says: 'reads and changes git repositories', needs: ['uvx', 'git'], command: 'uvx', args: ['mcp-server-git@2026.10.19'], isUsual: true },
  { name: 'fetch', says: 'fetches web pages, as seen from that machine', needs: ['uvx'], command: 'uvx', args: ['mcp-server-fetch@2026.10.24'], isUsual: false },
  { name: 'time', says: 'tells the time and converts time zones', needs: ['uvx'], command: 'uvx', args: ['mcp-server-time@2026.10.19'], isUsual: false },
  { name: 'memory', says: 'remembers facts in a knowledge graph', needs: ['node', 'npx'], command: 'npx', args: ['-y', '@modelcontextprotocol/server-memory@2026.8.31'], isUsual: false },
];

export interface Offer {
  readonly host: string;
  readonly name: string;
  readonly says: string;
  readonly isUsual: boolean;
  readonly server: WantedServer;
}

/** The servers that fit this machine. A home folder with an odd name is left alone, because it is shown and written. */
export function offersFor(host: string, { home, programs }: Machine): readonly Offer[] {
  const filled = (text: string): string => text.replace('{home}', home);
  return OFFERED.filter(({ needs, args }) => {
    const fits = needs.every((program) => programs.has(program));
    return fits && (!args.includes('{home}') || isPlainPath(home));
  }).map(({ name, says, command, args, isUsual }) => ({
    host,
    name,
    says: filled(says),
    isUsual,
    server: { name, entry: { command, args: args.map(filled) }, notes: [] },
  }));
}

/** No reference (`${…}`) of the hosts file, no control character, and not the whole disk. */
function isPlainPath(path: string): boolean {
  return path.startsWith('/') && path !== '/' && !/[$\p{Cc}]/u.test(path);
}
