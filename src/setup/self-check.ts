/** The checks of `doctor` on this machine: node, the system's ssh, the agent, and our own files. */
import type { Dirent, Stats } from 'node:fs';
import { access, chmod, constants, lstat, readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import type { DoctorStep } from '../api/control.ts';
import type { Clock } from '../base/clock.ts';
import { counted } from '../base/counted.ts';
import { AnywhereError, INSTALL_OPENSSH, reportOf } from '../base/errors.ts';
import { oneLine } from '../base/harmless.ts';
import { resolvePaths } from '../config/paths.ts';
import type { Machine } from '../discovery/clients.ts';
import { agentKeys } from '../ssh/agent.ts';
import { AgentSearch } from '../ssh/agent-search.ts';

/** A step, and what `doctor --fix` may do about a finding. */
export interface Finding {
  readonly step: DoctorStep;
  readonly fix?: Fix;
}

export interface Fix {
  /** What was done, in the past tense. */
  readonly says: string;
  /** Throws AnywhereError where only a person can do it. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

export function fine(check: DoctorStep['check'], text: string): Finding {
  return { step: { check, outcome: 'ok', text, durationMs: 0 } };
}

export function finding(check: DoctorStep['check'], error: AnywhereError, fix?: Fix): Finding {
  const step: DoctorStep = { check, outcome: 'warning', text: error.message, cause: reportOf(error), durationMs: 0 };
  return fix === undefined ? { step } : { step, fix };
}

const OLDEST_NODE = [20, 19] as const;
/** Folders that end with a shell or with an app. */
const PASSING = /[\\/](fnm_multishells|\.mount_[^\\/]*)[\\/]/;

export function checkNode(node: string, version: string, ours: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
  if (isOld) return finding('node', new AnywhereError('NODE_UNSUITABLE', `Node.js ${version} at ${node} is too old.`));
  if (!PASSING.test(node)) return fine('node', `${version} at ${node}, with MCP-Anywhere ${ours}`);
  const text = `Node.js at ${node} goes away with this shell, and AI clients that start it will fail.`;
  return finding('node', new AnywhereError('NODE_UNSUITABLE', text));
}

export async function checkSsh({ env }: Machine): Promise<Finding> {
  const { stderr, exitCode } = await execa('ssh', ['-V'], { env, extendEnv: false, reject: false, timeout: 5_000 });
  if (exitCode === 0) return fine('ssh', oneLine(stderr.trim().split('\n')[0] ?? ''));
  const text = 'There is no OpenSSH client (ssh) on the PATH. Hosts that need it cannot be reached.';
  return finding('ssh', new AnywhereError('SSH_MISSING', text, { hint: INSTALL_OPENSSH }));
}

export async function checkAgent(
  { env, platform, homeDir }: Machine,
  clock: Clock,
  signal: AbortSignal,
): Promise<Finding> {
  const named = env['SSH_AUTH_SOCK'];
  const offered = named === undefined || named === '' ? [] : [named];
  const search = new AgentSearch({
    clock,
    platform,
    homeDir,
    runtimeDir: env['XDG_RUNTIME_DIR'],
    offered: () => offered,
  });
  const socket = await search.find(signal);
  if (socket === undefined && named !== undefined && offered.length > 0) {
    const text = `No agent answers at ${named}, where SSH_AUTH_SOCK points.`;
    const hint = 'start an agent (eval "$(ssh-agent)"), or unset SSH_AUTH_SOCK';
    return finding('agent', new AnywhereError('KEY_UNUSABLE', text, { hint }));
  }
  if (socket === undefined) return fine('agent', 'no ssh agent: keys with a passphrase need a terminal');
  const keys = (await agentKeys(socket, clock, signal)) ?? [];
  return fine('agent', `${counted(keys.length, 'key')} in the agent at ${socket}`);
}

/** True once the agent holds the key. In a terminal ssh-add asks for the passphrase, and elsewhere nobody is asked. */
export async function addKey(
  key: string,
  env: Machine['env'],
  { isInteractive, signal }: { readonly isInteractive: boolean; readonly signal: AbortSignal },
): Promise<boolean> {
  const { exitCode } = await execa('ssh-add', ['--', key], {
    env: { ...env, SSH_ASKPASS_REQUIRE: 'never' },
    extendEnv: false,
    // stdout holds the data of the command.
    stdio: isInteractive ? ['inherit', 2, 'inherit'] : 'ignore',
    cancelSignal: signal,
    reject: false,
    ...(isInteractive ? {} : { timeout: 10_000, detached: true }),
  });
  signal.throwIfAborted();
  return exitCode === 0;
}

const LEAST_FREE_BYTES = 100 * 1024 * 1024;

/** Our folders: state, cache and sockets. @param hostsFile never changed here */
export async function checkFiles(
  machine: Machine,
  { sockets, hostsFile }: { readonly sockets: string; readonly hostsFile: string | undefined },
): Promise<readonly Finding[]> {
  const { stateDir, cacheDir } = resolvePaths(machine.env, machine.platform, machine.homeDir);
  const isInside = sockets.startsWith(`${cacheDir}/`);
  const folders = [stateDir, cacheDir, ...(isInside ? [] : [sockets])];
  const findings = [
    ...(await Promise.all(folders.map(checkFolder))),
    await checkSpace(stateDir),
    ...(hostsFile === undefined ? [] : [await checkHostsFile(hostsFile)]),
  ].flat();
  return findings.length > 0 ? findings : [fine('files', `${stateDir}, cache and sockets are open to you alone`)];
}

async function checkFolder(folder: string): Promise<readonly Finding[]> {
  const found = await stat(folder).catch(() => undefined);
  const uid = process.getuid?.();
  // A folder that is missing is made when it is needed. Windows has no modes.
  if (found === undefined || uid === undefined) return [];
  const all = [{ path: folder, found }, ...(await below(folder))];
  const foreign = all.filter((one) => one.found.uid !== uid).map(({ path }) => path);
  const open = all.filter((one) => one.found.uid === uid && (one.found.mode & 0o077) !== 0);
  const isUsable = await access(folder, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  return [
    ...(isUsable ? [] : [finding('files', unusable(`${folder} cannot be written.`, [], `chmod u+rwx ${folder}`))]),
    ...(foreign.length === 0
      ? []
      : [
          finding(
            'files',
            unusable(`${folder} holds files of another user.`, foreign, `sudo chown -R ${uid} ${folder}`),
          ),
        ]),
    ...(open.length === 0 ? [] : [exposed(folder, open)]),
  ];
}

interface Entry {
  readonly path: string;
  readonly found: Stats;
}

function exposed(folder: string, open: readonly Entry[]): Finding {
  const text = `Other users of this machine can open ${counted(open.length, 'file')} or folders of ${folder}.`;
  const evidence = shortened(open.map(({ path }) => path));
  return finding('files', new AnywhereError('FILE_EXPOSED', text, { evidence }), {
    says: `took the permissions of others away from ${counted(open.length, 'path')} of ${folder}`,
    run: async () => {
      for (const { path, found } of open) await chmod(path, found.isDirectory() ? 0o700 : found.mode & 0o700);
    },
  });
}

/** More than these are named by their number. */
const NAMED = 5;

function shortened(paths: readonly string[]): readonly string[] {
  const rest = paths.length - NAMED;
  return rest <= 0 ? paths : [...paths.slice(0, NAMED), `and ${rest} more`];
}

function unusable(text: string, paths: readonly string[], hint: string): AnywhereError {
  return new AnywhereError('FOLDER_UNUSABLE', text, { evidence: shortened(paths), hint });
}

/** Logs and caches are a few thousand files. */
const MOST_FILES = 20_000;

/** Files and folders, and no links: those lead elsewhere. */
async function below(folder: string): Promise<readonly Entry[]> {
  const entries: Dirent[] = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const real = entries.filter((one) => one.isFile() || one.isDirectory()).slice(0, MOST_FILES);
  const found = await Promise.all(
    real.map(async ({ parentPath, name }) => {
      const path = join(parentPath, name);
      return { path, found: await lstat(path).catch(() => undefined) };
    }),
  );
  return found.flatMap(({ path, found: one }) =>
    one === undefined || one.isSymbolicLink() ? [] : [{ path, found: one }],
  );
}

async function checkSpace(folder: string): Promise<readonly Finding[]> {
  const space = await statfs(folder)
    .catch(() => statfs(dirname(dirname(folder))))
    .catch(() => undefined);
  const free = space === undefined ? undefined : space.bavail * space.bsize;
  if (free === undefined || free >= LEAST_FREE_BYTES) return [];
  const text = `Only ${Math.floor(free / 1024 / 1024)} MiB are free where ${folder} is.`;
  return [finding('files', new AnywhereError('DISK_FULL', text, { hint: `free some space: df -h ${folder}` }))];
}

async function checkHostsFile(file: string): Promise<readonly Finding[]> {
  const found = await stat(file).catch(() => undefined);
  const isOpen = found !== undefined && process.getuid !== undefined && (found.mode & 0o002) !== 0;
  if (!isOpen) return [];
  const text = `Every user of this machine can write ${file}, and so start programs as you.`;
  return [finding('files', new AnywhereError('FILE_EXPOSED', text, { hint: `chmod o-w ${file}` }))];
}
