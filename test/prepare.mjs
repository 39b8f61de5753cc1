/**
 * What the tests need beyond the project's own packages: real SSH servers and shells, and the client
 * programs in test/tools. Installs what is missing on Debian and its kin (as root, or through `sudo -n`);
 * elsewhere names it and fails. Says nothing when all is there.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const tools = fileURLToPath(new URL('tools/', import.meta.url));

/** Programs by the Debian package that has them. */
const PACKAGES = {
  'openssh-client': ['ssh', 'ssh-keygen', 'ssh-agent', 'ssh-add'],
  'openssh-server': ['sshd'],
  bash: ['bash'],
  zsh: ['zsh'],
  fish: ['fish'],
  tcsh: ['tcsh'],
  mksh: ['mksh'],
  elvish: ['elvish'],
  xonsh: ['xonsh'],
  rc: ['rc'],
  busybox: ['busybox'],
  tmux: ['tmux'],
  procps: ['ps'],
  dbus: ['dbus-daemon'],
  'gnome-keyring': ['gnome-keyring-daemon'],
};

// sshd is not on an ordinary user's PATH.
const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function missingPackages() {
  const isMissing = (program) => !folders.some((folder) => isExecutable(path.join(folder, program)));
  return Object.keys(PACKAGES).filter((name) => PACKAGES[name].some(isMissing));
}

/** Runs quietly; what the program said is shown only when it failed. */
function run(command, args, options = {}) {
  const ended = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], ...options });
  if (ended.status === 0) return true;
  process.stderr.write(
    `${command} ${args.join(' ')}\n${ended.stdout ?? ''}${ended.stderr ?? ''}${ended.error ?? ''}\n`,
  );
  return false;
}

function aptGet() {
  if (!folders.some((folder) => isExecutable(path.join(folder, 'apt-get')))) return undefined;
  if (process.getuid?.() === 0) return ['apt-get'];
  return spawnSync('sudo', ['-n', 'true']).status === 0 ? ['sudo', '-n', 'apt-get'] : undefined;
}

function install(packages) {
  const [command, ...prefix] = aptGet() ?? [];
  if (command === undefined) return;
  process.stderr.write(`installing for the tests: ${packages.join(' ')}\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const args = [...prefix, 'install', '-y', '--no-install-recommends', ...packages];
  if (!run(command, [...prefix, 'update', '-qq'], { env })) return;
  run(command, args, { env });
}

function preparePackages() {
  const missing = missingPackages();
  if (missing.length === 0) return true;
  install(missing);
  const still = missingPackages();
  if (still.length === 0) return true;
  process.stderr.write(`The tests need these system packages: ${still.join(' ')}. Install them and run again.\n`);
  return false;
}

/** npm keeps a copy of the lock file it installed from; a package that differs from ours is outdated. */
function toolsAreCurrent() {
  const installed = path.join(tools, 'node_modules/.package-lock.json');
  if (!existsSync(installed) || !isExecutable(path.join(tools, 'node_modules/.bin/node'))) return false;
  const have = JSON.parse(readFileSync(installed, 'utf8')).packages;
  const want = JSON.parse(readFileSync(path.join(tools, 'package-lock.json'), 'utf8')).packages;
  const names = Object.keys(want).filter((name) => name !== '' && want[name].optional !== true);
  return names.every((name) => have[name]?.version === want[name].version);
}

function prepareTools() {
  if (toolsAreCurrent()) return true;
  process.stderr.write('installing for the tests: test/tools\n');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  // The variables of the npm that runs us would make the inner one look at the outer project.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle)/.test(name)),
  );
  return run(npm, ['ci', '--no-audit', '--no-fund', '--prefix', tools], { cwd: tools, env });
}

const ready = [preparePackages(), prepareTools()];
if (!ready.every(Boolean)) process.exitCode = 1;
