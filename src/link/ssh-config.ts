/** What ~/.ssh/config and its kin say of a host: the answer of `ssh -G`, with what it leaves open expanded. */
import { type ExecFileException, execFile } from 'node:child_process';
import { AnywhereError } from '../base/errors.ts';
import type { SshPlan } from '../config/plan.ts';
import type { LinkDeps } from './contract.ts';
import { expandPath, expandTokens, type Tokens, tokensFor } from './ssh-tokens.ts';

/** Every option of `ssh -G`, by its lower-case name; repeated ones in order. */
export type RawSshOptions = ReadonlyMap<string, readonly string[]>;

/** A host as OpenSSH sees it. Paths are absolute; nothing in here says that a file exists. */
export interface SshSettings {
  readonly alias: string;
  readonly raw: RawSshOptions;
  readonly hostname: string;
  readonly port: number;
  readonly user: string;
  readonly identityFiles: readonly string[];
  readonly identitiesOnly: boolean;
  /** Path of the agent's socket; undefined: none is to be used. */
  readonly identityAgent: string | undefined;
  readonly certificateFiles: readonly string[];
  /** As written: `user@host:port,…`. */
  readonly proxyJump: string | undefined;
  /** For the user's shell, tokens expanded. */
  readonly proxyCommand: string | undefined;
  readonly userKnownHostsFiles: readonly string[];
  readonly globalKnownHostsFiles: readonly string[];
  readonly hostKeyAlias: string | undefined;
  /** For information: host keys are always checked here, whatever it says. */
  readonly strictHostKeyChecking: string;
  readonly controlPath: string | undefined;
  readonly connectTimeoutMs: number;
}

type ConfigDeps = Pick<LinkDeps, 'env' | 'homeDir'>;

/**
 * Asks the system's ssh what it would do for this host (ssh(1), -G; about 12 ms).
 * Throws SSH_MISSING without an ssh, SSH_CONFIG when ssh refuses the configuration.
 */
export async function resolveSshSettings(
  plan: SshPlan,
  deps: ConfigDeps,
  signal?: AbortSignal,
  ask: AskSsh = (_args, work) => work(),
): Promise<SshSettings> {
  const args = ['-G', '-T', ...sshArguments(plan), '--', plan.alias];
  const raw = parseSshOptions(await ask(args, () => askSsh(plan, args, deps, signal)));
  return settingsOf(plan, raw, deps);
}

/** Comes between us and ssh: runs `work`, which asks it with these arguments, or knows the answer. */
export type AskSsh = (args: readonly string[], work: () => Promise<string>) => Promise<string>;

/** The arguments of `ssh` that carry what the hosts file says; the alias comes last, after `--`. */
export function sshArguments(plan: SshPlan): string[] {
  for (const text of [plan.alias, plan.host, plan.proxyJump, plan.user]) refuseOption(plan, text);
  const overrides: (readonly [string, string | number | undefined])[] = [
    ['HostName', plan.host],
    ['User', plan.user],
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
    ...overrides.flatMap(([name, value]) => (value === undefined ? [] : ['-o', `${name}=${value}`])),
  ];
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

async function askSsh(
  plan: SshPlan,
  args: readonly string[],
  deps: ConfigDeps,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { error, stdout, stderr } = await runSsh(args, { ...deps.env, LC_ALL: 'C' }, signal);
  signal?.throwIfAborted();
  if (error === null) return stdout;
  if (error.code === 'ENOENT')
    throw new AnywhereError('SSH_MISSING', 'the program `ssh` was not found on the PATH', { host: plan.alias });
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER')
    throw new AnywhereError('SSH_CONFIG', `ssh -G printed more than ${SSH_OPTIONS_BYTES} bytes for ${plan.alias}`);
  throw refusal(plan, stderr, error);
}

/** Of `ssh -G`: a host with hundreds of keys and forwards has a few dozen kilobytes. */
export const SSH_OPTIONS_BYTES = 1024 * 1024;

interface Answer {
  readonly error: ExecFileException | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Node's own, not execa: that one takes 15 ms to load, and this comes before the first packet of every connection. */
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
    hint: `ssh -G ${[...sshArguments({ ...plan, identityFiles: [], knownHostsFiles: [] }), plan.alias].join(' ')}`,
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
  const tokens = tokensFor({ ...base, homeDir: deps.homeDir });
  const paths = (list: readonly string[]): string[] =>
    unique(list.filter(isSet).map((path) => expandPath(path, tokens, deps.env)));
  const command = one(raw, 'proxycommand');
  return {
    ...base,
    raw,
    // -G prints the hosts file's own after the configuration's in no stated order: ours come first.
    identityFiles: unique([...plan.identityFiles, ...paths(raw.get('identityfile') ?? [])]),
    identitiesOnly: one(raw, 'identitiesonly') === 'yes',
    identityAgent: agentSocket(raw.get('identityagent')?.[0], tokens, deps.env),
    certificateFiles: paths(raw.get('certificatefile') ?? []),
    proxyCommand: command === undefined ? undefined : expandTokens(command, tokens),
    userKnownHostsFiles:
      plan.knownHostsFiles.length > 0 ? plan.knownHostsFiles : paths(words(raw, 'userknownhostsfile')),
    globalKnownHostsFiles: paths(words(raw, 'globalknownhostsfile')),
    strictHostKeyChecking: one(raw, 'stricthostkeychecking') ?? 'ask',
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

/** The value of an option that is set: `none` counts as not set. */
function one(raw: RawSshOptions, name: string): string | undefined {
  const value = raw.get(name)?.[0];
  return value === undefined || (!isSet(value) && name !== 'user' && name !== 'hostname') ? undefined : value;
}

function words(raw: RawSshOptions, name: string): string[] {
  return (raw.get(name) ?? []).flatMap((value) => value.split(' ')).filter((word) => word !== '');
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

/** ssh reads `-x` as an option even where a name is due; control characters would start another option line. */
function refuseOption(plan: SshPlan, text: string | undefined): void {
  if (text === undefined || (text !== '' && !text.startsWith('-') && !/[\u0000-\u001f"]/.test(text))) return;
  throw new AnywhereError('SSH_CONFIG', `${JSON.stringify(text)} cannot be a name for ssh`, {
    hint: `correct the ssh part of ${plan.alias} in the hosts file`,
  });
}

function quoted(plan: SshPlan, path: string): string {
  refuseOption(plan, path);
  return `"${path}"`;
}
