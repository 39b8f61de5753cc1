/** A page for each AI client, from the data of `install`. */
import { type AiClient, CLIENTS, filesOf, type Machine } from '../../src/discovery/clients.ts';
import { rawEntry, withEntry } from '../../src/discovery/document.ts';
import { code, fenced, table } from './markdown.ts';

const PROGRAM = {
  command: '/usr/local/bin/node',
  args: ['/usr/local/lib/node_modules/mcp-anywhere/dist/bin.js'],
  variables: [],
};

const MACHINES: readonly (readonly [name: string, machine: Machine])[] = [
  ['Linux', { platform: 'linux', env: {}, homeDir: '~' }],
  ['macOS', { platform: 'darwin', env: {}, homeDir: '~' }],
  [
    'Windows',
    {
      platform: 'win32',
      env: { APPDATA: '%APPDATA%', LOCALAPPDATA: '%LOCALAPPDATA%' },
      homeDir: '%USERPROFILE%',
    },
  ],
];

/** How the client itself shows its servers; the others have a page for them in their settings. */
const CHECKS: Readonly<Record<string, string>> = {
  'claude-code': '`claude mcp list` says that `anywhere` is connected; in a session, `/mcp` does.',
  'claude-desktop': 'Settings › Developer lists `anywhere` as running.',
  codex: '`codex mcp list` names `anywhere`; in a session, `/mcp` lists its tools.',
  copilot: 'in a session, `/mcp show` lists `anywhere`.',
  cursor: 'Cursor Settings lists `anywhere` among the MCP servers, with the number of its tools.',
  gemini: '`gemini mcp list` says that `anywhere` is connected; in a session, `/mcp` lists its tools.',
  mcporter: '`mcporter list anywhere` lists the tools.',
  opencode: '`opencode mcp list` says that `anywhere` is connected.',
  qwen: '`qwen mcp list` says that `anywhere` is connected; in a session, `/mcp` lists its tools.',
  vscode: 'the command `MCP: List Servers` shows `anywhere` as running.',
  'vscode-insiders': 'the command `MCP: List Servers` shows `anywhere` as running.',
  zed: 'the settings of the agent show `anywhere` with a green dot.',
};

/** By path below docs/. */
export function clientPages(): ReadonlyMap<string, string> {
  const pages = CLIENTS.map((client) => [`clients/${client.id}.md`, page(client)] as const);
  return new Map([...pages, ['clients/README.md', index()]]);
}

function index(): string {
  const rows = CLIENTS.map((client) => {
    const [linux = ''] = paths(client, 'Linux');
    return [`[${client.title}](${client.id}.md)`, code(`mcp-anywhere install ${client.id}`), code(linux)];
  });
  return `# AI clients

\`mcp-anywhere install\` adds MCP-Anywhere to every AI client that it finds on this machine, after it has shown what changes.
Each page names the file of the client, the entry, and how to check that it works.

${table(['client', 'command', 'file (on Linux)'], rows)}
- Where a client has a command for this, such as \`claude mcp add-json\` or \`codex mcp add\`, that command makes the change.
  Otherwise the file is edited in place: comments and layout stay, links are followed, and a copy of the file as it was lies
  beside it (\`….before-anywhere\`, for you alone). A file that changed since you saw the preview is left alone.
- The entry holds absolute paths, because programs that a desktop starts have a short \`PATH\`, and \`--config FILE\` if you give
  that option. Variables of your hosts file are passed on by reference; their values are never written. Where a client has no
  references, \`install\` says which variables are left out.
- \`mcp-anywhere install\` again, after an update of Node for example, corrects the entry. \`mcp-anywhere install --undo\` brings
  back the entry as it was before, and \`mcp-anywhere uninstall\` removes it. \`mcp-anywhere doctor\` says when an entry starts a
  program that is gone.

Any other client that starts MCP servers on stdin and stdout works, too. Give it the command line of an entry on these
pages; \`mcp-anywhere install claude-code --dry-run\` prints yours.`;
}

function page(client: AiClient): string {
  const { id, title } = client;
  return [
    `# ${title}\n`,
    '[All clients](README.md)\n',
    '## Install\n',
    fenced('sh', `mcp-anywhere install ${id}`),
    `${installed(client)}\n`,
    '## The file\n',
    fileTable(client),
    ...notes(client),
    '## The entry\n',
    `With the paths of your machine in place of these, which \`mcp-anywhere install ${id} --dry-run\` prints:\n`,
    fenced(client.files[0]?.split('.').at(-1) ?? '', entryText(client)),
    ...variables(client),
    '## Check that it works\n',
    `1. ${upper(client.reload ?? `restart ${title}`)}.\n2. ${upper(CHECKS[id] ?? `${title} lists \`anywhere\` among its MCP servers.`)}\n3. While the client runs, \`mcp-anywhere ps\` names it among the clients of the daemon.\n`,
    '`mcp-anywhere doctor` says when the entry starts a program that is gone. If nothing appears, see',
    '[Troubleshooting](../troubleshooting.md).\n',
    '## Remove\n',
    fenced('sh', `mcp-anywhere uninstall ${id}`),
  ].join('\n');
}

function installed({ title, add }: AiClient): string {
  if (add === undefined)
    return `This shows what changes in the file, asks, and keeps the file as it was beside it. Comments and layout stay.`;
  const command = add.replace('{name}', 'anywhere').replace(/\{(entry|named|command)\}/, '…');
  return `This shows what changes and asks. Then ${title}'s own command makes the change (${code(command)}); where that command is\nnot on the \`PATH\`, the file is edited in place, and comments and layout stay.`;
}

function paths(client: AiClient, name: string): readonly string[] {
  const machine = MACHINES.find(([one]) => one === name)?.[1];
  if (machine === undefined) return [];
  const files = filesOf(client, machine);
  return name === 'Windows' ? files.map((file) => file.replaceAll('/', '\\')) : files;
}

function fileTable(client: AiClient): string {
  const rows = MACHINES.map(([name]) => [name, paths(client, name).map(code).join(', else ')]);
  return table(['system', 'file'], rows);
}

function notes({ files, projectFiles = [] }: AiClient): readonly string[] {
  const variable = /\$\{(\w+):-([^}]*)\}/.exec(files[0] ?? '');
  return [
    ...(variable === null
      ? []
      : [`Where \`${variable[1] ?? ''}\` is set, it names the folder instead of \`${variable[2] ?? ''}\`.\n`]),
    ...(files.some((file) => /^<(config|app)>/.test(file))
      ? ['`XDG_CONFIG_HOME` takes the place of `~/.config` on Linux.\n']
      : []),
    ...(projectFiles.length === 0
      ? []
      : [
          `In a project's folder the client also reads ${projectFiles.map(code).join(', ')}; \`install\` leaves these alone.\n`,
        ]),
  ];
}

function entryText(client: AiClient): string {
  return withEntry(client, undefined, 'anywhere', rawEntry(client, 'anywhere', PROGRAM));
}

function variables({ reference, inherits }: AiClient): readonly string[] {
  if (reference !== undefined)
    return [
      `Variables that your hosts file refers to are passed on by reference: \`"NAME": ${JSON.stringify(reference)}\` in \`env\`.\n`,
    ];
  if (inherits !== undefined)
    return [
      `Variables that your hosts file refers to are named in \`${inherits}\`, so that the client passes them on.\n`,
    ];
  return [
    'This client cannot refer to variables of your environment, and their values are never written. Use `${cmd:…}` or\n`${file:…}` in the hosts file instead.\n',
  ];
}

function upper(text: string): string {
  return text.startsWith('`') ? text : text.charAt(0).toUpperCase() + text.slice(1);
}
