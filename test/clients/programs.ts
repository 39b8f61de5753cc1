/** AI clients as their vendors publish them on npm: how each lists its servers, and how it is pointed at a model on loopback. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ARGUMENTS } from './mock-model.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** `npm run test:clients` installs into this folder; without it the tests are skipped. */
const CACHE = join(ROOT, '.cache/clients');
const TOOLS = join(ROOT, 'test/tools/node_modules');
/** Newer than the Node of the tests. */
const NODE_24 = join(TOOLS, '.bin/node');

/** One run of a client. */
export interface Run {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Of the output of a run that worked. */
  readonly shows?: RegExp;
}

export interface ClientProgram {
  /** Of `install`. */
  readonly id: string;
  readonly title: string;
  readonly package: string;
  readonly version: string;
  /** The file that `node` runs, or the program itself. */
  readonly bin: string;
  readonly isOnNode24?: boolean;
  /** Before `install`. */
  readonly prepare?: (home: string, model: string) => void;
  /** After `install`. */
  readonly finish?: (home: string, model: string) => void;
  readonly list: (home: string) => Run;
  /** Undefined: the client cannot call without a login. */
  readonly call?: (home: string, model: string) => Run;
  readonly whyNoCall?: string;
  /** False for a client that reads the file of another, whose references it does not know. */
  readonly knowsReferences?: boolean;
}

const PROMPT = 'Call the tool whose name ends with where, once.';

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

export const PROGRAMS: readonly ClientProgram[] = [
  {
    id: 'claude-code',
    title: 'Claude Code',
    package: '@anthropic-ai/claude-code',
    version: '2.1.332',
    bin: 'claude',
    list: () => ({ args: ['mcp', 'list'], shows: /anywhere: .*Connected/ }),
    call: (_home, model) => ({
      args: ['-p', PROMPT, '--allowedTools', 'mcp__anywhere'],
      env: {
        ANTHROPIC_BASE_URL: model,
        ANTHROPIC_API_KEY: 'none',
        ENABLE_TOOL_SEARCH: 'false',
        DISABLE_AUTOUPDATER: '1',
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      },
    }),
  },
  {
    id: 'codex',
    title: 'Codex',
    package: '@openai/codex',
    version: '0.171.0',
    bin: 'codex',
    prepare: (home, model) => {
      const provider = `name = "mock"\nbase_url = "${model}/v1"\nwire_api = "responses"\n`;
      const top = '# mine\nmodel = "mock"\nmodel_provider = "mock"\n';
      write(join(home, '.codex/config.toml'), `${top}\n[model_providers.mock]\n${provider}`);
    },
    list: () => ({ args: ['mcp', 'list', '--json'], shows: /"name":\s*"anywhere"/ }),
    call: () => ({ args: ['exec', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox', PROMPT] }),
  },
  {
    id: 'gemini',
    title: 'Gemini CLI',
    package: '@google/gemini-cli',
    version: '0.61.0',
    bin: 'gemini',
    prepare: (home) => {
      const settings = {
        security: { auth: { selectedType: 'gemini-api-key' } },
        privacy: { usageStatisticsEnabled: false },
        general: { enableAutoUpdate: false, disableAutoUpdate: true },
      };
      write(join(home, '.gemini/settings.json'), `${JSON.stringify(settings, null, 2)}\n`);
    },
    list: () => ({ args: ['mcp', 'list'], shows: /anywhere.*Connected/, env: { GEMINI_CLI_TRUST_WORKSPACE: 'true' } }),
    call: (_home, model) => ({
      args: ['-p', PROMPT, '--yolo', '-m', 'gemini-2.5-flash'],
      env: { GEMINI_API_KEY: 'none', GOOGLE_GEMINI_BASE_URL: model, GEMINI_CLI_TRUST_WORKSPACE: 'true' },
    }),
  },
  {
    id: 'opencode',
    title: 'OpenCode',
    package: 'opencode-ai',
    version: '1.18.33',
    bin: 'opencode',
    prepare: (home, model) => {
      const provider = { npm: '@ai-sdk/openai-compatible', options: { baseURL: `${model}/v1`, apiKey: 'none' } };
      const config = {
        autoupdate: false,
        share: 'disabled',
        provider: { mock: { ...provider, models: { mock: { name: 'mock', tool_call: true } } } },
      };
      write(join(home, '.config/opencode/opencode.jsonc'), `// mine\n${JSON.stringify(config, null, 2)}\n`);
    },
    list: () => ({ args: ['mcp', 'list'], shows: /anywhere.*connected/i }),
    call: () => ({ args: ['run', '-m', 'mock/mock', PROMPT] }),
  },
  {
    id: 'copilot',
    title: 'Copilot CLI',
    package: '@github/copilot',
    version: '1.0.102',
    bin: 'copilot',
    list: () => ({ args: ['mcp', 'list'], shows: /anywhere/ }),
    call: (_home, model) => ({
      args: ['-p', PROMPT, '--allow-all-tools'],
      env: {
        COPILOT_PROVIDER_BASE_URL: `${model}/v1`,
        COPILOT_PROVIDER_TYPE: 'openai',
        COPILOT_PROVIDER_API_KEY: 'none',
        COPILOT_MODEL: 'mock',
        COPILOT_OFFLINE: 'true',
      },
    }),
  },
  {
    id: 'mcporter',
    title: 'mcporter',
    package: 'mcporter',
    version: '0.12.3',
    bin: 'mcporter',
    isOnNode24: true,
    list: () => ({ args: ['list', 'anywhere'], shows: /here__echo__where/ }),
    call: () => ({
      args: ['call', 'anywhere.here__echo__where', '--args', JSON.stringify(ARGUMENTS), '--output', 'json'],
    }),
  },
  {
    // The inspector has no file of its own; it takes the one that install wrote for Cursor.
    id: 'cursor',
    title: 'MCP Inspector',
    package: '@modelcontextprotocol/inspector',
    version: '2.12.0',
    bin: 'mcp-inspector',
    knowsReferences: false,
    isOnNode24: true,
    list: (home) => ({ args: inspector(home, 'tools/list'), shows: /here__echo__where/ }),
    call: (home) => ({ args: [...inspector(home, 'tools/call'), '--tool-name', 'here__echo__where'] }),
  },
];

function inspector(home: string, method: string): readonly string[] {
  return ['--cli', '--config', join(home, '.cursor/mcp.json'), '--server', 'anywhere', '--method', method];
}

/** Where the client is installed: in the cache, or among the tools of the tests. */
export function folderOf(program: ClientProgram): string | undefined {
  const places = [join(CACHE, program.bin, 'node_modules'), TOOLS];
  return places.find((place) => existsSync(join(place, '.bin', program.bin)));
}

export function installedVersion(program: ClientProgram, folder: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(folder, program.package, 'package.json'), 'utf8'));
  return String((manifest as { version?: unknown }).version);
}

/** The command that starts the client. */
export function commandOf({ bin, isOnNode24 = false }: ClientProgram, folder: string): readonly string[] {
  const file = join(folder, '.bin', bin);
  return isOnNode24 ? [NODE_24, file] : [file];
}

/** A line of the table that `npm run test:clients` prints. */
export function noteRow(row: object): void {
  const file = process.env['CLIENTS_TABLE'];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(row)}\n`);
}
