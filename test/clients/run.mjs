// `npm run test:clients`: real AI clients from npm, each with what `install` writes, and a table of what they could do.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HELP = `npm run test:clients -- [--latest] [--only NAME…]

Installs claude-code, codex, gemini-cli, opencode, Copilot CLI, mcporter and the inspector from npm into .cache/clients, lets
\`install\` write an entry for each in a fresh home, and looks whether each lists our server and calls a tool through the entry.
The model behind the agents is a mock on loopback, so nobody logs in.

  --latest       the newest versions instead of the known ones
  --only NAME    only this client, by the name of its program; repeat for more
`;
const { values } = parseArgs({
  options: {
    latest: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const root = fileURLToPath(new URL('../../', import.meta.url));
const cache = path.join(root, '.cache/clients');
const table = path.join(cache, 'table.jsonl');

/** The list of programs is TypeScript: tsx prints the part that is needed here. */
function programs() {
  const script = "import { PROGRAMS } from './test/clients/programs.ts'; console.log(JSON.stringify(PROGRAMS));";
  const args = ['--import', 'tsx', '--input-type=module', '--eval', script];
  return JSON.parse(spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' }).stdout);
}

/** True where the client is there afterwards. */
function install({ package: name, version, bin }) {
  const folder = path.join(cache, bin);
  const manifest = path.join(folder, 'node_modules', name, 'package.json');
  const wanted = values.latest ? 'latest' : version;
  if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === wanted) return;
  mkdirSync(folder, { recursive: true });
  process.stdout.write(`installing ${name}@${wanted}\n`);
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', folder, `${name}@${wanted}`];
  const { status, stderr } = spawnSync('npm', args, { cwd: folder, encoding: 'utf8' });
  if (status !== 0)
    process.stderr.write(`${name}@${wanted} cannot be installed: ${stderr.trim().split('\n').at(-1)}\n`);
}

function printTable() {
  if (!existsSync(table)) return;
  const rows = readFileSync(table, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const columns = ['client', 'version', 'wrote', 'listed', 'called', 'variable', 'daemon', 'why'];
  const line = (cells) => `| ${cells.join(' | ')} |\n`;
  const head = line(columns) + line(columns.map(() => '---'));
  process.stdout.write(head + rows.map((row) => line(columns.map((column) => row[column] ?? ''))).join(''));
}

if (values.help) process.stdout.write(HELP);
else {
  mkdirSync(cache, { recursive: true });
  rmSync(table, { force: true });
  const chosen = programs().filter(({ bin }) => values.only?.includes(bin) ?? true);
  for (const program of chosen) install(program);
  const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
  const names = chosen.map(({ title }) => title).join('|');
  const { status } = spawnSync(
    process.execPath,
    [vitest, 'run', 'test/integration/real-clients.test.ts', '-t', names],
    {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, CLIENTS_TABLE: table },
    },
  );
  printTable();
  process.exitCode = status ?? 1;
}
