/** The ssh configuration of a host: the answer of `ssh -G`, with paths and tokens expanded. */
import { type ExecFileException, execFile } from 'node:child_process';
import { isIP } from 'node:net';
import { AnywhereError, INSTALL_OPENSSH } from '../base/errors.ts';
import { shellWord } from '../base/shell-word.ts';
import { environmentForHelpers } from '../config/environment.ts';
import type { SshPlan } from '../config/plan.ts';
import type { DialerDeps } from '../launch/contract.ts';
import { expandPath, expandTokens, localUser, type Tokens, tokensFor } from './tokens.ts';

/** Every option of `ssh -G`, by its lower-case name; repeated ones in order. */
export type RawSshOptions = ReadonlyMap<string, readonly string[]>;

/** A host as OpenSSH sees it. Paths are absolute; the files may not exist. */
export interface SshSettings {
  readonly alias: string;
  /** Why only the hosts file was read; undefined where `ssh -G` answered. */
  readonly withoutSsh: string | undefined;
  readonly raw: RawSshOptions;
  readonly hostname: string;
  readonly port: number;
  readonly user: string;
  readonly identityFiles: readonly string[];
  readonly identitiesOnly: boolean;
  /** Path of the agent's socket; undefined where no agent is used. */
  readonly identityAgent: string | undefined;
  readonly certificateFiles: readonly string[];
  /** As written: `user@host:port,…`. */
  readonly proxyJump: string | undefined;
  /** For the user's shell, tokens expanded. */
  readonly proxyCommand: string | undefined;
  readonly userKnownHostsFiles: readonly string[];
  readonly globalKnownHostsFiles: readonly string[];
  readonly hostKeyAlias: string | undefined;
  readonly controlPath: string | undefined;
  readonly connectTimeoutMs: number;
}

type ConfigDeps = Pick<DialerDeps, 'env' | 'homeDir'>;

/**
 * Asks the system's ssh for the settings of this host (ssh(1), -G; about 12 ms). Where `configFile` is `none`, ssh would
 * read no file and is not asked. Without ssh on this machine, hosts whose entry holds an address are reached all the same.
 * Throws SSH_MISSING where an alias needs ssh, SSH_CONFIG where ssh refuses the configuration.
 */
export async function resolveSshSettings(plan: SshPlan, deps: ConfigDeps, signal?: AbortSignal): Promise<SshSettings> {
  const args = ['-G', '-T', ...sshArguments(plan), '--', plan.alias];
  if (plan.configFile === 'none') return ofPlanAlone(plan, plan.host ?? plan.alias, '`configFile` is none', deps);
  const text = await askSsh(plan, args, deps, signal);
  if (text !== undefined) return settingsOf(plan, parseSshOptions(text), deps);
  const hostname = plan.host ?? (isHostName(plan.alias) ? plan.alias : undefined);
  if (hostname === undefined || plan.configFile !== undefined) throw sshMissing(plan);
  return ofPlanAlone(plan, hostname, 'ssh is not installed, so nobody reads ~/.ssh/config', deps);
}

const DEFAULT_KEYS = ['id_rsa', 'id_ecdsa', 'id_ecdsa_sk', 'id_ed25519', 'id_ed25519_sk'].map((key) => `~/.ssh/${key}`);

/** The hosts file and ssh's own defaults: what `ssh -G` would say where there is no configuration file. */
function ofPlanAlone(plan: SshPlan, hostname: string, why: string, deps: ConfigDeps): SshSettings {
  const raw = new Map<string, readonly string[]>([
    ['hostname', [hostname]],
    ['port', [String(plan.port ?? 22)]],
    ['user', [plan.user ?? localUser()]],
    ['identityfile', plan.identityFiles.length > 0 ? [] : DEFAULT_KEYS],
    ['userknownhostsfile', ['~/.ssh/known_hosts ~/.ssh/known_hosts2']],
    ['globalknownhostsfile', ['/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2']],
    ...(plan.proxyJump === undefined ? [] : [['proxyjump', [plan.proxyJump]] as const]),
  ]);
  return { ...settingsOf(plan, raw, deps), withoutSsh: why };
}

/** An address or a name with a domain; an alias of ~/.ssh/config looks different. */
function isHostName(alias: string): boolean {
  return isIP(alias) !== 0 || alias === 'localhost' || alias.includes('.');
}

function sshMissing(plan: SshPlan): AnywhereError {
  const file = plan.configFile ?? '~/.ssh/config';
  const text = `the OpenSSH client looks ${plan.alias} up in ${file}, and there is no \`ssh\` on the PATH`;
  return new AnywhereError('SSH_MISSING', text, {
    host: plan.alias,
    hint: `${INSTALL_OPENSSH}, or write \`ssh: { host, user, port, identityFile }\` for ${plan.alias} in the hosts file`,
  });
}

/** The arguments of `ssh` for the settings of the hosts file; the alias follows them, after `--`. */
export function sshArguments(plan: SshPlan): string[] {
  for (const text of [plan.alias, plan.host, plan.proxyJump, plan.user]) refuseOption(plan, text);
  const overrides: (readonly [string, string | number | undefined])[] = [
    // An address with a zone (fe80::1%eth0) holds no token.
    ['HostName', plan.host?.replaceAll('%', '%%')],
    ['Port', plan.port],
    ['ProxyJump', plan.proxyJump],
    ...plan.identityFiles.map((path) => ['IdentityFile', quoted(plan, path)] as const),
    [
      'UserKnownHostsFile',
      plan.knownHostsFiles.length === 0 ? undefined : plan.knownHostsFiles.map((path) => quoted(plan, path)).join(' '),
    ],
  ];
  return [
    ...(plan.configFile === undefined ? [] : ['-F', plan.configFile]),
    // `-o User=` would be split at spaces and lose backslashes.
    ...(plan.user === undefined ? [] : ['-l', plan.user]),
    ...overrides.flatMap(([name, value]) => (value === undefined ? [] : ['-o', `${name}=${value}`])),
  ];
}

/**
 * The `ssh` command that reaches the machine of `plan` as this program does, for a person to paste into a shell.
 *
 * @param program run on the machine, one word each
 * @throws AnywhereError SSH_CONFIG where a setting cannot be a word of ssh's
 */
export function sshLine(plan: SshPlan, { flags = [], program = [] }: SshLineParts = {}): string {
  const here = ['ssh', ...flags, ...sshArguments(plan), plan.alias];
  // The shell there splits what the shell here has passed on.
  return [...here, ...program.map(shellWord)].map(shellWord).join(' ');
}

interface SshLineParts {
  readonly flags?: readonly string[];
  readonly program?: readonly string[];
}

/** `name value` lines. */
export function parseSshOptions(text: string): RawSshOptions {
  const options = new Map<string, string[]>();
  for (const line of text.split(/\r?\n/)) {
    const space = line.indexOf(' ');
    if (space < 0) continue;
    const name = line.slice(0, space).toLowerCase();
    const values = options.get(name) ?? [];
    values.push(line.slice(space + 1));
    options.set(name, values);
  }
  return options;
}

/** Undefined: there is no ssh. */
async function askSsh(
  plan: SshPlan,
  args: readonly string[],
  deps: ConfigDeps,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const { error, stdout, stderr } = await runSsh(args, { ...environmentForHelpers(deps.env), LC_ALL: 'C' }, signal);
  signal?.throwIfAborted();
  if (error === null) return stdout;
  if (error.code === 'ENOENT') return undefined;
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER')
    throw new AnywhereError('SSH_CONFIG', `ssh -G printed more than ${SSH_OPTIONS_BYTES} bytes for ${plan.alias}`, {
      hint: sshLine(plan, { flags: ['-G'] }),
    });
  throw refusal(plan, stderr, error);
}

/** Longest answer of `ssh -G`; a host with hundreds of keys and forwards has a few dozen kilobytes. */
export const SSH_OPTIONS_BYTES = 1024 * 1024;

interface Answer {
  readonly error: ExecFileException | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Not execa, which takes 15 ms to load: this comes before the first packet of every connection. */
function runSsh(args: readonly string[], env: ConfigDeps['env'], signal: AbortSignal | undefined): Promise<Answer> {
  return new Promise((resolve) => {
    const options = {
      env: { ...env },
      encoding: 'utf8',
      maxBuffer: SSH_OPTIONS_BYTES,
      ...(signal === undefined ? {} : { signal }),
    } as const;
    const child = execFile('ssh', args, options, (error, stdout, stderr) => {
      resolve({ error, stdout, stderr });
    });
    child.stdin?.end();
  });
}

function refusal(plan: SshPlan, stderr: string, cause: unknown): AnywhereError {
  const evidence = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(-5);
  return new AnywhereError('SSH_CONFIG', `ssh does not accept the configuration of ${plan.alias}`, {
    evidence,
    cause,
    hint: sshLine({ ...plan, identityFiles: [], knownHostsFiles: [] }, { flags: ['-G'] }),
  });
}

function settingsOf(plan: SshPlan, raw: RawSshOptions, deps: ConfigDeps): SshSettings {
  const base = {
    alias: plan.alias,
    hostname: one(raw, 'hostname') ?? plan.alias,
    port: Number(one(raw, 'port') ?? 22),
    user: one(raw, 'user') ?? '',
    proxyJump: one(raw, 'proxyjump'),
    hostKeyAlias: one(raw, 'hostkeyalias'),
  };
  // No option tells OpenSSH 9.4 from 9.3; `ssh -G` prints this one since 9.5.
  const hashesJump = raw.has('obscurekeystroketiming');
  const tokens = tokensFor({ ...base, homeDir: deps.homeDir, hashesJump });
  const paths = (list: readonly string[]): string[] =>
    unique(list.filter(isSet).map((path) => expandPath(path, tokens, deps.env)));
  const command = one(raw, 'proxycommand');
  return {
    ...base,
    withoutSsh: undefined,
    raw,
    // Keys of the hosts file come first; `ssh -G` prints them in no documented order.
    identityFiles: unique([...plan.identityFiles, ...paths(raw.get('identityfile') ?? [])]),
    identitiesOnly: one(raw, 'identitiesonly') === 'yes',
    identityAgent: agentSocket(raw.get('identityagent')?.[0], tokens, deps.env),
    certificateFiles: paths(raw.get('certificatefile') ?? []),
    proxyCommand: command === undefined ? undefined : expandTokens(command, tokens),
    userKnownHostsFiles:
      plan.knownHostsFiles.length > 0 ? plan.knownHostsFiles : paths(files(raw, 'userknownhostsfile')),
    globalKnownHostsFiles: paths(files(raw, 'globalknownhostsfile')),
    controlPath: paths(raw.get('controlpath') ?? [])[0],
    connectTimeoutMs: secondsToMs(one(raw, 'connecttimeout')) ?? plan.connectTimeoutMs,
  };
}

/** IdentityAgent: a path, `SSH_AUTH_SOCK`, `$VARIABLE`, or `none` (ssh_config(5)). */
function agentSocket(option: string | undefined, tokens: Tokens, env: ConfigDeps['env']): string | undefined {
  const path = namedAgent(option, env);
  return path === undefined || path === '' || !isSet(path) ? undefined : expandPath(path, tokens, env);
}

function namedAgent(option: string | undefined, env: ConfigDeps['env']): string | undefined {
  if (option === undefined || option === 'SSH_AUTH_SOCK') return env['SSH_AUTH_SOCK'];
  const variable = /^\$(\w+)$/.exec(option)?.[1];
  return variable === undefined ? option : env[variable];
}

/** `none` counts as not set. */
function one(raw: RawSshOptions, name: string): string | undefined {
  const value = raw.get(name)?.[0];
  return value === undefined || (!isSet(value) && name !== 'user' && name !== 'hostname') ? undefined : value;
}

/**
 * The files of an option that takes several. `ssh -G` joins them with spaces and quotes nothing. A word that does not look
 * like the beginning of a path continues the path before it: `/home/me/My Files/known_hosts`.
 */
function files(raw: RawSshOptions, name: string): string[] {
  return (raw.get(name) ?? [])
    .flatMap((value) => value.split(/ +(?=[/~%$]|none$|[A-Za-z]:[\\/])/))
    .filter((file) => file !== '');
}

function isSet(value: string): boolean {
  return value !== 'none';
}

function unique(list: readonly string[]): string[] {
  return [...new Set(list)];
}

function secondsToMs(text: string | undefined): number | undefined {
  const seconds = Number(text);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
}

/** ssh takes `-x` for an option even in the place of a name, and a control character could begin another option line. */
function refuseOption(plan: SshPlan, text: string | undefined): void {
  if (text === undefined || (text !== '' && !text.startsWith('-') && !/[\u0000-\u001f"]/.test(text))) return;
  throw new AnywhereError('SSH_CONFIG', `${JSON.stringify(text)} cannot be a name for ssh`, {
    hint: `correct the ssh part of ${plan.alias} in the hosts file`,
  });
}

/** A path as one word of an ssh option, in the kind of quotes that the path does not contain. */
function quoted(plan: SshPlan, path: string): string {
  refuseOption(plan, path.replaceAll('"', ''));
  if (!path.includes('"')) return `"${path}"`;
  if (!path.includes("'")) return `'${path}'`;
  throw new AnywhereError('SSH_CONFIG', `ssh takes no path with both kinds of quotes: ${path}`, {
    hint: `rename the file that ${plan.alias} names in the hosts file`,
  });
}
