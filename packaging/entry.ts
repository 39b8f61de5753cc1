/**
 * How the world starts MCP-Anywhere, in one place: the registry's server.json, the manifest of the .mcpb bundle, and the
 * links that add the server to a client with one click. All follow from package.json.
 */
import { fileURLToPath } from 'node:url';
import { table } from '../docs/generate/markdown.ts';
import manifest from '../package.json' with { type: 'json' };

export const rootPath = fileURLToPath(new URL('../', import.meta.url));

/** Of the client's entry: a tool's name in a client begins with it. */
const NAME = 'anywhere';
const TITLE = 'MCP-Anywhere';
const SUMMARY = 'The MCP servers of every machine you can ssh to, as one MCP server.';

/** The version is fixed: a client starts the program that was looked at, and no later one. */
const entry = { command: 'npx', args: ['-y', `${manifest.name}@${manifest.version}`] };

/** The official registry's description of a server (https://github.com/modelcontextprotocol/registry, server.json). */
export const serverJson = {
  $schema: 'https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json',
  name: manifest.mcpName,
  title: TITLE,
  description: SUMMARY,
  version: manifest.version,
  packages: [
    {
      registryType: 'npm',
      registryBaseUrl: 'https://registry.npmjs.org',
      identifier: manifest.name,
      version: manifest.version,
      runtimeHint: 'npx',
      transport: { type: 'stdio' },
      packageArguments: [
        {
          type: 'named',
          name: '--config',
          description: 'The hosts file; without it the file in your configuration folder is used.',
          format: 'filepath',
          isRequired: false,
        },
      ],
    },
  ],
};

/** What Claude Desktop reads of a bundle (https://github.com/modelcontextprotocol/mcpb, MANIFEST.md). */
export const bundleManifest = {
  manifest_version: '0.3',
  name: manifest.name,
  display_name: TITLE,
  version: manifest.version,
  description: SUMMARY,
  long_description:
    'Names your machines in one hosts file, opens one SSH connection to each, and starts their MCP servers inside it. ' +
    'Nothing is installed on the machines. `mcp-anywhere init` writes the hosts file.',
  author: { name: manifest.author },
  license: manifest.license,
  keywords: manifest.keywords,
  server: {
    type: 'node',
    entry_point: 'dist/bin.js',
    mcp_config: {
      command: 'node',
      args: ['${__dirname}/dist/bin.js', 'serve', '--config', '${user_config.hosts_file}'],
      env: {},
    },
  },
  tools_generated: true,
  prompts_generated: true,
  compatibility: {
    claude_desktop: '>=0.10.0',
    platforms: ['darwin', 'win32', 'linux'],
    runtimes: { node: manifest.engines.node },
  },
  user_config: {
    hosts_file: {
      type: 'file',
      title: 'Hosts file',
      description: 'Your list of machines and their MCP servers (`mcp-anywhere config path` says where it is).',
      required: true,
      default: '${HOME}/.config/mcp-anywhere/config.yaml',
    },
  },
};

const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64');
const query = (values: Record<string, string>): string => new URLSearchParams(values).toString();

/** `direct`: the client's own scheme. `web`: the vendor's page that opens it, because many sites allow only https links. */
const cursor = query({ name: NAME, config: base64(entry) });
const vscode = `mcp/install?${encodeURIComponent(JSON.stringify({ name: NAME, ...entry }))}`;
const redirected = (url: string): string => `https://insiders.vscode.dev/redirect?${query({ url })}`;
export const links: readonly { readonly client: string; readonly direct: string; readonly web: string }[] = [
  {
    client: 'Cursor',
    direct: `cursor://anysphere.cursor-deeplink/mcp/install?${cursor}`,
    web: `https://cursor.com/install-mcp?${cursor}`,
  },
  { client: 'VS Code', direct: `vscode:${vscode}`, web: redirected(`vscode:${vscode}`) },
  {
    client: 'VS Code Insiders',
    direct: `vscode-insiders:${vscode}`,
    web: redirected(`vscode-insiders:${vscode}`),
  },
  { client: 'LM Studio', direct: `lmstudio://add_mcp?${cursor}`, web: `https://lmstudio.ai/install-mcp?${cursor}` },
];

const BEGIN = '<!-- links -->';
const END = '<!-- /links -->';

/** GitHub shows only https links. */
const IN_A_LINE = links.map(({ client, web }) => `[Add to ${client}](${web})`).join(' · ');

const BLOCKS: Readonly<Record<string, string>> = {
  'README.md': IN_A_LINE,
  'docs/README.zh.md': IN_A_LINE,
  'docs/one-click.md': table(
    ['client', 'link', 'the same in the client’s own scheme'],
    links.map(({ client, direct, web }) => [client, `[add](${web})`, `\`${direct}\``]),
  ).trimEnd(),
};

/** The text of a page with its block as it should be; a page without a block stays as it is. */
export function withLinks(page: string, text: string): string {
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END);
  if (from === -1 || to < from) return text;
  return `${text.slice(0, from + BEGIN.length)}\n${BLOCKS[page] ?? ''}\n${text.slice(to)}`;
}

export const pages = Object.keys(BLOCKS);
