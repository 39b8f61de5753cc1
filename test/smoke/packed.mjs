/**
 * The package as its users get it: packed, installed into an empty folder, and run there.
 * Each check prints one line; any failure makes the exit code 1.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const scratch = realpathSync(mkdtempSync(path.join(tmpdir(), 'mcpa-smoke-')));
const user = path.join(scratch, 'user');
const home = path.join(scratch, 'home');

/** A home of its own, and nothing of the npm that runs this file. */
const env = Object.fromEntries(
  Object.entries({
    ...process.env,
    HOME: home,
    XDG_CONFIG_HOME: '',
    XDG_CACHE_HOME: '',
    XDG_STATE_HOME: '',
    XDG_RUNTIME_DIR: '',
  }).filter(([name, value]) => value !== '' && !/^npm_(package|lifecycle)|^NODE_OPTIONS$|^MCP_ANYWHERE/.test(name)),
);

function run(command, args, cwd, timeout = 120_000) {
  return spawnSync(command, args, {
    cwd,
    env,
    timeout,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 << 20,
  });
}

function must(command, args, cwd) {
  const ended = run(command, args, cwd, 300_000);
  if (ended.status !== 0)
    throw new Error(`${command} ${args.join(' ')}: ${ended.status}\n${ended.stdout}${ended.stderr}`);
  return ended.stdout;
}

function installPacked() {
  mkdirSync(user, { recursive: true });
  mkdirSync(home, { recursive: true });
  const [packed] = JSON.parse(
    must('npm', ['pack', '--json', '--silent', '--pack-destination', scratch], root).replace(/^[^[]*/, ''),
  );
  writeFileSync(path.join(user, 'package.json'), '{ "name": "user", "private": true, "type": "module" }\n');
  must('npm', ['install', '--no-audit', '--no-fund', path.join(scratch, packed.filename)], user);
  return packed;
}

const problems = [];

function check(name, problem) {
  process.stdout.write(
    `${problem === undefined ? 'ok  ' : 'FAIL'} ${name}${problem === undefined ? '' : `\n${problem}`}\n`,
  );
  if (problem !== undefined) problems.push(name);
}

function checkCommand(args, expected, timeout) {
  const ended = run(path.join(user, 'node_modules/.bin/mcp-anywhere'), args, user, timeout);
  const seen = `exit ${ended.status ?? ended.signal}\n${ended.stdout}${ended.stderr}`;
  check(`mcp-anywhere ${args.join(' ')}`, ended.status === 0 && expected(ended.stdout) ? undefined : seen);
}

function isSchema(text) {
  try {
    return 'hosts' in JSON.parse(text).properties;
  } catch {
    return false;
  }
}

try {
  const packed = installPacked();
  const strangers = packed.files
    .map((file) => file.path)
    .filter(
      (file) =>
        !/^(dist\/|package\.json$|README\.md$|LICENSE$|CHANGELOG\.md$|mcp-anywhere\.config\.example\.yaml$)/.test(file),
    );
  check(
    `package of ${packed.files.length} files, ${(packed.size / 1e6).toFixed(1)} MB`,
    strangers.length === 0 ? undefined : `unexpected: ${strangers.join(' ')}`,
  );
  checkCommand(['--version'], (text) => text.trim() === manifest.version);
  checkCommand(['config', 'schema'], isSchema);
  checkCommand(['demo'], (text) => text.length > 0, 120_000);
  const library = run(
    process.execPath,
    ['-e', "import('mcp-anywhere').then((it) => process.stdout.write(Object.keys(it).join(' ')))"],
    user,
  );
  check('the library can be imported', library.status === 0 && library.stdout !== '' ? undefined : library.stderr);
  check(
    'its schema can be resolved',
    isSchema(readFileSync(path.join(user, 'node_modules/mcp-anywhere/dist/schema.json'), 'utf8'))
      ? undefined
      : 'no schema',
  );
} catch (error) {
  check('packing and installing', error instanceof Error ? error.message : String(error));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
if (problems.length > 0) process.exitCode = 1;
