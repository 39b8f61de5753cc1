/**
 * The AI clients whose files we know: one line of data each.
 *
 * Paths: `~` is the home folder, `<config>` is $XDG_CONFIG_HOME or ~/.config, `<app>` is where desktop programs keep their
 * data (%APPDATA%, ~/Library/Application Support, or <config>), and `${NAME:-path}` is a variable of the client with the
 * path where it is not set. Of several files the first that exists counts.
 */
import type { NotationName } from './references.ts';
import type { SHAPES } from './shapes.ts';

export interface AiClient {
  readonly id: string;
  readonly title: string;
  readonly shape: keyof typeof SHAPES;
  readonly files: readonly string[];
  /** Instead of `files` on these platforms. */
  readonly mac?: readonly string[];
  readonly windows?: readonly string[];
  /** A file or folder that exists where the client is installed, if not the folder of its file. */
  readonly sign?: string;
  /** What a new file needs beside the entries. */
  readonly fresh?: string;
  /** Further files with entries, which are only read: of profiles, and of the client's part on a server. */
  readonly alsoRead?: readonly string[];
  /** Files that switch entries off. */
  readonly switches?: readonly string[];
  /** In a project's folder. */
  readonly projectFiles?: readonly string[];
  readonly projectSwitches?: readonly string[];
  /** How a value of `env` refers to the variable NAME; absent: the client knows no references. */
  readonly reference?: string;
  /** How values refer to variables and more; left out: as `reference` does. */
  readonly notation?: NotationName;
  /** The member of an entry with the names of variables that the client passes on. */
  readonly inherits?: string;
  /**
   * The client's own commands that add and remove an entry. Filled in: `{name}`, `{entry}` (JSON), `{named}` (JSON with the
   * name) and `{command}` (program and arguments).
   */
  readonly add?: string;
  readonly remove?: string;
  /** After a change; the default is a restart. */
  readonly reload?: string;
}

const SESSION = 'start a new session';
const WINDOW = 'reload the window, or start the server with `MCP: List Servers`';

// biome-ignore format: one client a line
export const CLIENTS: readonly AiClient[] = [
  { id: 'claude-desktop', title: 'Claude Desktop', shape: 'mcpServers', files: ['<app>/Claude/claude_desktop_config.json'], windows: ['<local>/Packages/Claude_*/LocalCache/Roaming/Claude/claude_desktop_config.json', '<app>/Claude/claude_desktop_config.json'] },
  { id: 'claude-code', title: 'Claude Code', shape: 'mcpServers', files: ['~/.claude.json'], sign: '~/.claude', projectFiles: ['.mcp.json'], reference: '${NAME:-}', add: 'claude mcp add-json {name} {entry} -s user', remove: 'claude mcp remove {name} -s user', reload: SESSION, projectSwitches: ['.claude/settings.json', '.claude/settings.local.json'] },
  { id: 'cursor', title: 'Cursor', shape: 'mcpServers', files: ['~/.cursor/mcp.json'], projectFiles: ['.cursor/mcp.json'], reference: '${env:NAME}' },
  { id: 'vscode', title: 'VS Code', shape: 'vscode', files: ['<app>/Code/User/mcp.json'], projectFiles: ['.vscode/mcp.json'], reference: '${env:NAME}', add: 'code --add-mcp {named}', reload: WINDOW, alsoRead: ['<app>/Code/User/profiles/*/mcp.json', '~/.vscode-server/data/User/mcp.json', '~/.vscode-server/data/User/profiles/*/mcp.json'] },
  { id: 'vscode-insiders', title: 'VS Code Insiders', shape: 'vscode', files: ['<app>/Code - Insiders/User/mcp.json'], reference: '${env:NAME}', add: 'code-insiders --add-mcp {named}', reload: WINDOW, alsoRead: ['<app>/Code - Insiders/User/profiles/*/mcp.json', '~/.vscode-server-insiders/data/User/mcp.json', '~/.vscode-server-insiders/data/User/profiles/*/mcp.json'] },
  { id: 'codex', title: 'Codex', shape: 'codex', files: ['${CODEX_HOME:-~/.codex}/config.toml'], projectFiles: ['.codex/config.toml'], inherits: 'env_vars', add: 'codex mcp add {name} -- {command}', remove: 'codex mcp remove {name}', reload: SESSION },
  { id: 'gemini', title: 'Gemini CLI', shape: 'mcpServers', files: ['~/.gemini/settings.json'], projectFiles: ['.gemini/settings.json'], reference: '$NAME', add: 'gemini mcp add -s user {name} {command}', remove: 'gemini mcp remove -s user {name}', reload: SESSION, switches: ['~/.gemini/mcp-server-enablement.json'] },
  { id: 'qwen', title: 'Qwen Code', shape: 'mcpServers', files: ['~/.qwen/settings.json'], projectFiles: ['.qwen/settings.json'], reference: '$NAME', add: 'qwen mcp add -s user {name} {command}', remove: 'qwen mcp remove -s user {name}', reload: SESSION, switches: ['~/.qwen/mcp-server-enablement.json'] },
  { id: 'copilot', title: 'Copilot CLI', shape: 'copilot', files: ['${COPILOT_HOME:-~/.copilot}/mcp-config.json', '<config>/mcp-config.json'], sign: '${COPILOT_HOME:-~/.copilot}', projectFiles: ['.mcp.json', '.github/mcp.json'], reference: '$NAME', add: 'copilot mcp add {name} -- {command}', remove: 'copilot mcp remove {name}', reload: SESSION },
  { id: 'opencode', title: 'OpenCode', shape: 'openCode', files: ['<config>/opencode/opencode.jsonc', '<config>/opencode/opencode.json'], projectFiles: ['opencode.jsonc', 'opencode.json', '.opencode/opencode.json'], reference: '{env:NAME}', reload: SESSION },
  { id: 'kilo', title: 'Kilo Code', shape: 'openCode', files: ['<config>/kilo/kilo.jsonc', '<config>/kilo/kilo.json'], projectFiles: ['.kilo/kilo.jsonc', '.kilo/kilo.json', 'kilo.json'], reference: '{env:NAME}', reload: SESSION },
  { id: 'zed', title: 'Zed', shape: 'zed', files: ['<config>/zed/settings.json'], mac: ['~/.config/zed/settings.json', '<app>/Zed/settings.json'], windows: ['<app>/Zed/settings.json'], projectFiles: ['.zed/settings.json'], reload: 'nothing to restart: Zed reads the file at once' },
  { id: 'windsurf', title: 'Windsurf', shape: 'mcpServers', files: ['~/.codeium/windsurf/mcp_config.json', '~/.codeium/mcp_config.json'], sign: '~/.codeium', reference: '${env:NAME}' },
  { id: 'cline', title: 'Cline', shape: 'mcpServers', files: ['<app>/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json'], sign: '<app>/Code/User/globalStorage/saoudrizwan.claude-dev', alsoRead: ['~/.vscode-server/data/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json'] },
  { id: 'cline-cli', title: 'Cline CLI', shape: 'mcpServers', files: ['${CLINE_DIR:-~/.cline}/data/settings/cline_mcp_settings.json'], sign: '${CLINE_DIR:-~/.cline}', reload: SESSION },
  { id: 'continue', title: 'Continue', shape: 'continue', files: ['~/.continue/config.yaml'], sign: '~/.continue/config.yaml', fresh: 'name: Local\nversion: 1.0.0\nschema: v1\n', alsoRead: ['~/.continue/mcpServers/*.yaml'], projectFiles: ['.continue/mcpServers/*.yaml'], notation: 'secrets' },
  { id: 'goose', title: 'Goose', shape: 'goose', files: ['<config>/goose/config.yaml'], mac: ['~/.config/goose/config.yaml'], windows: ['<app>/Block/goose/config/config.yaml'], reload: SESSION },
  { id: 'kiro', title: 'Kiro', shape: 'mcpServers', files: ['~/.kiro/settings/mcp.json'], sign: '~/.kiro', projectFiles: ['.kiro/settings/mcp.json'], reference: '${NAME}' },
  { id: 'amazon-q', title: 'Amazon Q', shape: 'mcpServers', files: ['~/.aws/amazonq/mcp.json'], projectFiles: ['.amazonq/mcp.json'], reload: SESSION, alsoRead: ['~/.aws/amazonq/agents/default.json', '~/.aws/amazonq/cli-agents/*.json'] },
  { id: 'junie', title: 'Junie', shape: 'mcpServers', files: ['~/.junie/mcp/mcp.json'], sign: '~/.junie', projectFiles: ['.junie/mcp/mcp.json'] },
  { id: 'lmstudio', title: 'LM Studio', shape: 'mcpServers', files: ['~/.lmstudio/mcp.json'], mac: ['~/.lmstudio/mcp.json', '~/.cache/lm-studio/mcp.json'], notation: 'editor' },
  { id: 'warp', title: 'Warp', shape: 'mcpServers', files: ['~/.warp/.mcp.json'], projectFiles: ['.warp/.mcp.json'] },
  { id: 'trae', title: 'Trae', shape: 'mcpServers', files: ['<app>/Trae/User/mcp.json'] },
  { id: 'grok', title: 'Grok Build', shape: 'codex', files: ['${GROK_HOME:-~/.grok}/config.toml'], projectFiles: ['.grok/config.toml'], reload: SESSION },
  { id: 'pi', title: 'Pi', shape: 'mcpServers', files: ['${PI_CODING_AGENT_DIR:-~/.pi/agent}/mcp.json'], projectFiles: ['.pi/mcp.json'], reload: SESSION },
  { id: 'mcporter', title: 'mcporter', shape: 'mcpServers', files: ['~/.mcporter/mcporter.json', '~/.mcporter/mcporter.jsonc', '<config>/mcporter/mcporter.json'], projectFiles: ['config/mcporter.json'], reference: '${NAME:-}', reload: 'nothing to restart', notation: 'dollar' },
  { id: 'antigravity', title: 'Antigravity', shape: 'mcpServers', files: ['~/.gemini/config/mcp_config.json', '~/.gemini/antigravity/mcp_config.json'] },
  { id: 'kimi', title: 'Kimi Code', shape: 'mcpServers', files: ['${KIMI_CODE_HOME:-~/.kimi-code}/mcp.json'], reload: SESSION },
  { id: 'amp', title: 'Amp', shape: 'amp', files: ['<config>/amp/settings.json'], mac: ['~/.config/amp/settings.json'], reload: SESSION },
  { id: 'factory', title: 'Factory', shape: 'mcpServers', files: ['~/.factory/mcp.json'], reload: SESSION },
  { id: 'qoder', title: 'Qoder', shape: 'mcpServers', files: ['~/.qoder/mcp.json'] },
  { id: 'vibe', title: 'Mistral Vibe', shape: 'vibe', files: ['~/.vibe/config.toml'], reload: SESSION },
  { id: 'mastra', title: 'Mastra Code', shape: 'mcpServers', files: ['~/.mastracode/mcp.json'], reload: SESSION },
];

/** Clients whose entries are read, and never written: their files have been given up, or are programs. */
// biome-ignore format: one client a line
const ONLY_READ: readonly AiClient[] = [
  { id: 'roo', title: 'Roo Code', shape: 'mcpServers', files: ['<app>/Code/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json'], alsoRead: ['~/.vscode-server/data/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json'], projectFiles: ['.roo/mcp.json'], notation: 'editor' },
  { id: 'crush', title: 'Crush', shape: 'openCode', files: ['<config>/crush/crush.json'], projectFiles: ['crush.json', '.crush.json'], notation: 'dollar' },
  { id: 'fx', title: 'fx', shape: 'openCode', files: ['~/.fx/mcp.json'] },
  { id: 'mcp', title: 'mcp.json of the user', shape: 'mcpServers', files: ['<config>/mcp/mcp.json'] },
];

/** All clients whose entries are read. */
export const READ_CLIENTS: readonly AiClient[] = [...CLIENTS, ...ONLY_READ];

export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
}

/** Absolute paths of the client's own files; a folder's name can hold `*`. */
export function filesOf(client: AiClient, machine: Machine): readonly string[] {
  const { files, mac = files, windows = files } = client;
  const own = { darwin: mac, win32: windows }[machine.platform as string] ?? files;
  return own.map((path) => placedPath(path, machine));
}

/** What exists where the client is installed. */
export function signsOf(client: AiClient, machine: Machine): readonly string[] {
  const files = filesOf(client, machine);
  const folders = files.map((file) => file.slice(0, file.lastIndexOf('/')));
  return client.sign === undefined ? folders : [placedPath(client.sign, machine), ...files];
}

/** With `/` on every platform, as Node accepts. */
export function placedPath(path: string, machine: Machine): string {
  const { env, homeDir } = machine;
  return path
    .replace(/^\$\{(\w+):-([^}]*)\}/, (_all, name: string, otherwise: string) => set(env[name]) ?? otherwise)
    .replace(/^<(\w+)>/, (_all, name: string) => folder(name, machine))
    .replace(/^~(?=\/|$)/, () => homeDir)
    .replaceAll('\\', machine.platform === 'win32' ? '/' : '\\');
}

function folder(name: string, { platform, env }: Machine): string {
  const config = set(env['XDG_CONFIG_HOME']) ?? '~/.config';
  if (name === 'config') return config;
  if (name === 'local') return set(env['LOCALAPPDATA']) ?? '~/AppData/Local';
  if (platform === 'darwin') return '~/Library/Application Support';
  return platform === 'win32' ? (set(env['APPDATA']) ?? '~/AppData/Roaming') : config;
}

function set(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
