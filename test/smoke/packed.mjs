/**
 * The package as its users get it: packed, installed into an empty folder, and run there. No install script has run, as
 * many users and companies have it: ssh2 then works without its native part.
 * Each check prints one line; any failure makes the exit code 1.
 */
import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
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
  must('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', path.join(scratch, packed.filename)], user);
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

/** What `npm install` brought: ssh2 with what it needs, the package for keychains, and us. */
function checkInstalled() {
  const folder = path.join(user, 'node_modules');
  const lock = JSON.parse(readFileSync(path.join(folder, '.package-lock.json'), 'utf8'));
  const names = Object.keys(lock.packages).map((entry) => entry.replace(/^.*node_modules\//, ''));
  const files = readdirSync(folder, { recursive: true }).map((file) => path.join(folder, file));
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
  check(
    `${names.length} packages installed, ${(bytes / 1e6).toFixed(1)} MB`,
    names.length <= MOST_PACKAGES ? undefined : `at most ${MOST_PACKAGES} were expected: ${names.join(' ')}`,
  );
  const isPrebuilt = (file) => file.includes(`${path.sep}@napi-rs${path.sep}`);
  const native = files.filter((file) => file.endsWith('.node') && !isPrebuilt(file));
  check('no native part was built', native.length === 0 ? undefined : native.join('\n'));
  const scripts = JSON.parse(readFileSync(path.join(folder, 'mcp-anywhere/package.json'), 'utf8')).scripts ?? {};
  const atInstall = ['preinstall', 'install', 'postinstall'].filter((name) => name in scripts);
  check('the package has no install script', atInstall.length === 0 ? undefined : atInstall.join(' '));
}

/** ssh2 and us; asn1, safer-buffer, bcrypt-pbkdf, tweetnacl; cpu-features, buildcheck, nan; keyring and its part for this system. */
const MOST_PACKAGES = 11;

/** Each bundled package stands in both lists, with the text of its license; what is installed stands in none. */
function checkNotices() {
  const inDist = (name) => readFileSync(path.join(user, 'node_modules/mcp-anywhere/dist', name), 'utf8');
  const { components } = JSON.parse(inDist('sbom.cdx.json'));
  const texts = inDist('THIRD-PARTY-LICENSES.txt').split(`\n${'-'.repeat(80)}\n\n`);
  const heads = components.map(({ name, version, licenses }) => `${name} ${version} (${licenses[0].expression})`);
  const lacking = heads.filter(
    (head) => !texts.some((text) => text.startsWith(`${head}\n\n`) && text.length > head.length + 50),
  );
  const wrong = components.filter(({ name }) => name === 'ssh2' || name in manifest.dependencies);
  check(
    `${components.length} bundled packages in the SBOM, each with its license`,
    components.some(({ name }) => name === 'zod') && lacking.length === 0 && wrong.length === 0
      ? undefined
      : `no license text: ${lacking.join(', ')}; not bundled: ${wrong.map(({ name }) => name).join(', ')}`,
  );
}

try {
  const packed = installPacked();
  const strangers = packed.files
    .map((file) => file.path)
    .filter(
      (file) =>
        !/^(dist\/|package\.json$|docs\/mcp-anywhere\.1$|README\.md$|LICENSE$|CHANGELOG\.md$|mcp-anywhere\.config\.example\.yaml$)/.test(
          file,
        ),
    );
  check(
    `package of ${packed.files.length} files, ${(packed.size / 1e6).toFixed(1)} MB`,
    strangers.length === 0 ? undefined : `unexpected: ${strangers.join(' ')}`,
  );
  checkInstalled();
  checkNotices();
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
