/** Where an AI client's file keeps its MCP servers, and how. The next client with a known shape needs no code. */
import { isRecord } from '../base/record.ts';
import { valueAt } from '../config/problem.ts';
import { type Dialect, GOOSE, OPENCODE, type Raw, standard } from './entry.ts';
import { type Path, type TextFormat } from './format.ts';
import { JSONC } from './jsonc.ts';
import { TOML } from './toml.ts';
import { YAML } from './yaml.ts';

/** An entry and its place in the file. */
export interface Found {
  readonly name: string;
  readonly path: Path;
  readonly raw: Raw;
}

export interface Shape {
  /** The key of the file that holds the servers. */
  readonly key: string;
  readonly format: TextFormat;
  readonly dialect: Dialect;
  find(whole: unknown): readonly Found[];
  /** Where a new entry goes. */
  placeFor(whole: unknown, name: string): Path;
}

/** `{ key: { name: entry } }` */
function map(format: TextFormat, key: string, dialect: Dialect): Shape {
  return {
    key,
    format,
    dialect,
    find: (whole) => entriesOf(valueAt(whole, [key]), [key]),
    placeFor: (_whole, name) => [key, name],
  };
}

/** `{ key: [ { name, … } ] }` */
function list(format: TextFormat, key: string, { read, write }: Dialect): Shape {
  const itemsOf = (whole: unknown): readonly unknown[] => {
    const items = valueAt(whole, [key]);
    return Array.isArray(items) ? items : [];
  };
  return {
    key,
    format,
    dialect: { read, write: (name, launch) => ({ name, ...write(name, launch) }) },
    find: (whole) =>
      itemsOf(whole).flatMap((raw, index) =>
        isRecord(raw) && typeof raw['name'] === 'string' ? [{ name: raw['name'], path: [key, index], raw }] : [],
      ),
    placeFor: (whole) => [key, itemsOf(whole).length],
  };
}

function entriesOf(value: unknown, path: Path): readonly Found[] {
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([name, raw]) => (isRecord(raw) ? [{ name, path: [...path, name], raw }] : []));
}

/** OpenCode keeps servers in `mcp` (version 1) or in `mcp.servers` (version 2), and both can be in one file. */
const openCode: Shape = {
  key: 'mcp',
  format: JSONC,
  dialect: OPENCODE,
  find: (whole) => {
    const first = entriesOf(valueAt(whole, ['mcp']), ['mcp']).filter(({ raw }) => isOpenCodeServer(raw));
    return usesVersion2(whole)
      ? [...first, ...entriesOf(valueAt(whole, ['mcp', 'servers']), ['mcp', 'servers'])]
      : first;
  },
  placeFor: (whole, name) => (usesVersion2(whole) ? ['mcp', 'servers', name] : ['mcp', name]),
};

function usesVersion2(whole: unknown): boolean {
  const servers = valueAt(whole, ['mcp', 'servers']);
  return isRecord(servers) && !isOpenCodeServer(servers);
}

/** `mcp` also holds settings, such as `timeout`, and `mcp.servers` can be a server of that name. */
function isOpenCodeServer(raw: Raw): boolean {
  const { type, url, command, ...rest } = raw;
  if (type === 'local' || type === 'remote' || typeof url === 'string') return true;
  if (typeof command === 'string' || Array.isArray(command)) return true;
  const keys = Object.keys(rest);
  return keys.length > 0 && keys.every((key) => typeof raw[key] === 'boolean' && ['enabled', 'disabled'].includes(key));
}

export const SHAPES = {
  mcpServers: map(JSONC, 'mcpServers', standard()),
  vscode: map(JSONC, 'servers', standard({ type: 'stdio' })),
  copilot: map(JSONC, 'mcpServers', standard({ type: 'local', tools: ['*'] })),
  zed: map(JSONC, 'context_servers', standard({ source: 'custom' })),
  amp: map(JSONC, 'amp.mcpServers', standard()),
  openCode,
  codex: map(TOML, 'mcp_servers', standard()),
  vibe: list(TOML, 'mcp_servers', standard({ transport: 'stdio' })),
  goose: map(YAML, 'extensions', GOOSE),
  continue: list(YAML, 'mcpServers', standard()),
} as const satisfies Record<string, Shape>;
