/**
 * A bundle for a bug report, without secrets: what it holds, and the archive.
 *
 * Never in it: keys, stored secrets, values of variables. Addresses and user names are masked, unless a person wants them.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { hostname, release, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { createTar } from 'nanotar';
import { stringify } from 'yaml';
import { isRecord } from '../base/record.ts';
import { Turns } from '../base/turns.ts';
import { checkHostsFile } from '../config/check.ts';
import { readDocument } from '../config/document.ts';
import type { Plan } from '../config/plan.ts';
import { formatProblem } from '../config/problem.ts';
import { createSecrets } from '../config/secrets.ts';
import { describeReference, parseTemplate } from '../config/template.ts';
import { resolveSshSettings } from '../ssh/config.ts';
import { readLogs } from '../telemetry/log-reader.ts';
import { type Redact, Redactor } from '../telemetry/redact.ts';
import type { EditPlace, OpenHostsFile } from './hosts-file.ts';
import { textBefore } from './hosts-file.ts';
import { createMask } from './masks.ts';
import { isSecretArgument, isSecretName, plainSecrets, secretPart } from './secret-values.ts';
import { openStore } from './secrets.ts';

export interface BundleFile {
  readonly name: string;
  readonly text: string;
}

export interface BundleSources {
  readonly version: string;
  readonly place: EditPlace;
  readonly platform: NodeJS.Platform;
  /** Undefined: there is no hosts file. */
  readonly hostsFile: OpenHostsFile | undefined;
  /** What the daemon, or a gateway for this command alone, says: an answer, or the error in its place. */
  readonly doctor: unknown;
  /** Of the running daemon. */
  readonly status: unknown;
  /** The records of all daemons of this user. */
  readonly daemons: unknown;
  /** Addresses and user names stay as they are. */
  readonly isPlain: boolean;
}

const LOG_LINES = 1_000;
const TAIL_BYTES = 64 * 1024;
const MOST_FILES = 20;

export async function bundleFiles(sources: BundleSources): Promise<readonly BundleFile[]> {
  const { place, hostsFile, isPlain } = sources;
  const redact = await redaction(place, hostsFile);
  const mask = isPlain ? (text: string): string => text : createMask(await knownWorld(place, hostsFile?.plan));
  const clean: Redact = (text) => mask(redact(text));
  const logs = await readLogs(join(place.paths.stateDir, 'logs'), { lines: LOG_LINES });
  const files: BundleFile[] = [
    { name: 'versions.json', text: json(versions(sources)) },
    {
      name: 'hosts-file.yaml',
      text: hostsFile === undefined ? '# There is no hosts file.\n' : hostsFileText(hostsFile, place.homeDir),
    },
    { name: 'doctor.json', text: json(sources.doctor) },
    { name: 'status.json', text: json(sources.status) },
    { name: 'daemons.json', text: json(sources.daemons) },
    { name: 'logs.jsonl', text: logs.map((entry) => `${JSON.stringify(entry)}\n`).join('') },
    ...(await tails(join(place.paths.stateDir, 'daemon'))),
  ];
  return [
    { name: 'README.txt', text: README },
    ...files.map(({ name, text }) => ({ name: clean(name), text: clean(text) })),
  ];
}

const README = `A bundle for a bug report about MCP-Anywhere.

Values of variables, and values that MCP-Anywhere knows to be secret, are left out. Addresses, user names and the home
folder are masked, unless the bundle was made with --plain. Logs hold what your servers wrote: read them before you
send the bundle, and delete what nobody should see.
`;

/** Names and texts of the archive, gzipped. */
export async function archived(files: readonly BundleFile[], folder: string): Promise<Uint8Array> {
  const items = files.map(({ name, text }) => ({ name: `${folder}/${name}`, data: text }));
  return await promisify(gzip)(createTar(items, { attrs: { mode: '600', uid: 0, gid: 0 } }));
}

function versions({ version, platform, place: { env } }: BundleSources): object {
  const variables = Object.keys(env).filter((name) => /^(?:MCP_ANYWHERE_|XDG_|SSH_|DBUS_)/.test(name));
  const { arch, version: node } = process;
  return { version, node, platform, arch, release: release(), variables: variables.sort() };
}

function json(value: unknown): string {
  return `${JSON.stringify(value ?? null, null, 2)}\n`;
}

/** Without comments, which may say anything. A file that is no YAML is left out, and only its mistakes are told. */
function hostsFileText({ file, existing }: OpenHostsFile, homeDir: string): string {
  if (existing === undefined) return '';
  const checked = checkHostsFile(existing.bytes, { file, homeDir });
  const problems = 'problems' in checked ? checked.problems.map((problem) => `# ${formatProblem(problem)}\n`) : [];
  const { value } = readDocument(new TextDecoder().decode(existing.bytes));
  return `# ${file}\n${problems.join('')}${value === undefined ? '' : stringify(withoutValues(value, ''))}`;
}

const HIDDEN = '•••';

/** @param key the name of the value, or of the list that it is in */
function withoutValues(value: unknown, key: string): unknown {
  if (key === 'env' || key === 'headers') return mapped(value, (one) => referencesOf(one));
  if (Array.isArray(value))
    return value.map((item: unknown, index) =>
      key === 'args' && isSecretArgument(item, value[index - 1]) ? HIDDEN : withoutValues(item, key),
    );
  if (typeof value === 'string') return isSecretName(key) ? referencesOf(value) : value;
  return mapped(value, withoutValues);
}

function mapped(value: unknown, change: (value: unknown, key: string) => unknown): unknown {
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, change(one, key)]));
}

/** References stay, and their defaults, commands and all literal text do not. */
function referencesOf(value: unknown): string {
  const parsed = parseTemplate(String(value));
  if ('fault' in parsed) return HIDDEN;
  return parsed.template.pieces
    .map((piece) => (typeof piece === 'string' ? HIDDEN : piece.kind === 'cmd' ? '${cmd:…}' : describeReference(piece)))
    .join('');
}

/** Knows every secret that this program could have passed on, except what a command would print. */
async function redaction(place: EditPlace, hostsFile: OpenHostsFile | undefined): Promise<Redact> {
  const redactor = new Redactor();
  const learn = (value: string): void => {
    redactor.learn(value);
  };
  for (const { value } of hostsFile === undefined ? [] : plainSecrets(textBefore(hostsFile))) {
    learn(value);
    const part = secretPart(value, undefined);
    if (part !== undefined) learn(value.slice(...part));
  }
  const store = openStore(place);
  const names = [...(await store.list().catch(() => new Map<string, never>())).keys()];
  const stored = await Promise.all(names.map((name) => store.get(name).catch(() => undefined)));
  for (const value of stored) if (value !== undefined) learn(value);
  const secrets = createSecrets(place);
  const servers = hostsFile?.plan?.hosts.flatMap(({ servers: all }) => all) ?? [];
  const pieces = servers.flatMap(({ env, args }) => [...env.values(), ...args].flatMap((template) => template.pieces));
  const readable = pieces.filter(
    (piece) => typeof piece !== 'string' && piece.kind !== 'cmd' && piece.kind !== 'keychain',
  );
  const signal = new AbortController().signal;
  await Promise.all(
    readable.map((piece) => secrets.resolve({ pieces: [piece] }, {}, signal, { onValue: learn }).catch(() => '')),
  );
  return redactor.redact;
}

const SSH_AT_ONCE = 8;

async function knownWorld(
  { env, homeDir }: EditPlace,
  plan: Plan | undefined,
): Promise<Parameters<typeof createMask>[0]> {
  const turns = new Turns(SSH_AT_ONCE);
  const hosts = plan?.hosts.flatMap(({ name, ssh }) => (ssh === undefined ? [] : [{ name, ssh }])) ?? [];
  const asked = await Promise.all(
    hosts.map(({ ssh }) => turns.run(() => resolveSshSettings(ssh, { env, homeDir }).catch(() => undefined))),
  );
  const jumps = asked
    .flatMap((one, index) => [one?.proxyJump, hosts[index]?.ssh.proxyJump])
    .flatMap((text) => text?.split(',') ?? [])
    .map((text) => /^(?:ssh:\/\/)?(?:([^@]+)@)?\[?([^\]]+?)\]?(?::\d+)?$/.exec(text));
  const names = hosts.map(({ name }) => name);
  const addresses = [
    hostname(),
    ...hosts.flatMap(({ ssh }) => [ssh.alias, ssh.host]),
    ...asked.map((one) => one?.hostname),
    ...jumps.map((jump) => jump?.[2]),
  ];
  const users = [
    nameOfUser(),
    env['USER'],
    env['LOGNAME'],
    ...hosts.map(({ ssh }) => ssh.user),
    ...asked.map((one) => one?.user),
    ...jumps.map((jump) => jump?.[1]),
  ];
  // The names in the hosts file are in the names of all tools.
  return { homeDir, addresses: given(addresses).filter((one) => !names.includes(one)), users: given(users) };
}

function given(texts: readonly (string | undefined)[]): string[] {
  return texts.filter((text) => text !== undefined);
}

/** A container may have no name for the user. */
function nameOfUser(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

/** Logs and crash reports of daemons: the ends of the latest. */
async function tails(folder: string): Promise<BundleFile[]> {
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(names.map(async (name) => ({ name, changedMs: await changeOf(join(folder, name)) })));
  const latest = found.filter(({ changedMs }) => changedMs > 0).sort((one, other) => other.changedMs - one.changedMs);
  const chosen = latest.slice(0, MOST_FILES).map(({ name }) => name);
  return await Promise.all(
    chosen.map(async (name) => ({ name: `daemon/${name}`, text: await tail(join(folder, name)) })),
  );
}

/** 0 for anything but a file. */
async function changeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true ? found.mtimeMs : 0;
}

/** Whole lines. */
async function tail(path: string): Promise<string> {
  const bytes = await readFile(path).catch(() => Buffer.alloc(0));
  if (bytes.length <= TAIL_BYTES) return bytes.toString();
  const end = bytes.subarray(-TAIL_BYTES).toString();
  return end.slice(end.indexOf('\n') + 1);
}
