/**
 * Reads the files of all AI clients on a machine, in one round trip.
 *
 *   lookAt(open, request, signal): Promise<Look>       runs the script, over any connection
 *   serversOf(look): Sighting                         what the files say (`seen.ts`)
 *
 * The script runs under any POSIX sh, and writes nothing there. It prints lines that begin with `:`, and between them the
 * bytes of files as base64, or as hex digits where there is no `base64`: so no content can break the framing.
 */
import type { Readable } from 'node:stream';
import { AnywhereError } from '../base/errors.ts';
import { shellWord } from '../base/shell-word.ts';
import { type AiClient, READ_CLIENTS } from './clients.ts';

export interface LookRequest {
  /** Ids of clients; left out or empty: all. */
  readonly clients?: readonly string[];
  /** Folders on the machine, absolute or from `~/`. */
  readonly projects?: readonly string[];
}

export interface LookedFile {
  readonly client: AiClient;
  /** On its machine. */
  readonly path: string;
  /** As the request names it; undefined for a file of the user. */
  readonly project: string | undefined;
  /** The file switches entries of the client off. */
  readonly isSwitch: boolean;
  /** The bytes, or why they could not be read. */
  readonly bytes: Buffer | undefined;
  readonly problem: string | undefined;
}

export interface Look {
  readonly homeDir: string;
  readonly files: readonly LookedFile[];
  /** Of the request: where the folders are, without links. Undefined: there is no such folder. */
  readonly projects: ReadonlyMap<string, string | undefined>;
}

/** A running script: what it prints, and its end. */
export interface ScriptChannel {
  readonly output: Readable;
  close(): void;
}

/** Starts `/bin/sh -c script` on the machine, in the environment of the user's login shell. */
export type OpenScript = (script: string, signal: AbortSignal) => Promise<ScriptChannel>;

/** Blocks of 64 KiB. */
const FILE_BLOCKS = 128;
const BLOCK_BYTES = 64 * 1024;
const MAX_FILES = 300;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** @throws AnywhereError, or the reason of `signal` */
export async function lookAt(open: OpenScript, request: LookRequest, signal: AbortSignal): Promise<Look> {
  signal.throwIfAborted();
  const plan = planOf(request);
  const channel = await open(scriptOf(plan), signal);
  const stop = (): void => {
    channel.close();
    channel.output.destroy();
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    return lookOf(await allOf(channel.output), plan);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    channel.close();
  }
}

async function allOf(output: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of output as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_OUTPUT_BYTES) throw unreadable('they are larger than 64 MiB together');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('latin1');
}

function unreadable(why: string): AnywhereError {
  return new AnywhereError('CLIENT_CONFIG', `The files of AI clients could not be read: ${why}.`, {
    hint: 'try again, or name fewer clients and projects below `discover`',
  });
}

/** A path to look at, under a number. */
interface Place {
  readonly client: AiClient;
  readonly path: string;
  readonly isSwitch: boolean;
}

interface LookPlan {
  readonly linux: readonly Place[];
  readonly mac: readonly Place[];
  readonly inProject: readonly Place[];
  readonly projects: readonly string[];
}

function planOf({ clients = [], projects = [] }: LookRequest): LookPlan {
  const wanted = READ_CLIENTS.filter(({ id }) => clients.length === 0 || clients.includes(id));
  const placesOf = (
    pick: (client: AiClient) => readonly string[],
    switches: 'switches' | 'projectSwitches',
  ): readonly Place[] =>
    wanted.flatMap((client) => [
      ...pick(client).map((path) => ({ client, path, isSwitch: false })),
      ...(client[switches] ?? []).map((path) => ({ client, path, isSwitch: true })),
    ]);
  return {
    linux: placesOf(({ files, alsoRead = [] }) => [...files, ...alsoRead], 'switches'),
    mac: placesOf(({ files, mac = files, alsoRead = [] }) => [...mac, ...alsoRead], 'switches'),
    inProject: placesOf(({ projectFiles = [] }) => projectFiles, 'projectSwitches'),
    projects,
  };
}

function scriptOf({ linux, mac, inProject, projects }: LookPlan): string {
  const visits = (places: readonly Place[], wordOf: (path: string) => string): string =>
    places.map(({ path }, index) => visit(String(index), wordOf(path), path.includes('*'))).join('\n');
  return [
    FUNCTIONS,
    `case $s in Darwin)A=$H/Library/Application\\ Support`,
    `${visits(mac, pathWord)};;`,
    `*)A=$C`,
    `${visits(linux, pathWord)};;esac`,
    // In a project, `$1` is its number and `$P` its folder.
    `project(){ [ -d "$P" ]||return 0;echo ":project $1";printf %s "$(cd -- "$P"&&pwd -P)"|encode`,
    inProject
      .map(({ path }, index) => visit(`$1.${String(index)}`, `"$P"/${quotedPath(path)}`, path.includes('*')))
      .join('\n'),
    '}',
    ...projects.map((path, index) => `P=${pathWord(path)};project ${String(index)}`),
    'echo :done',
  ].join('\n');
}

function visit(place: string, word: string, isPattern: boolean): string {
  return isPattern ? `for f in ${word};do look ${place} "$f";done` : `look ${place} ${word}`;
}

/**
 * `look NUMBER PATH`: `dd` reads a bounded part of a regular file. A link that leads nowhere or in a circle, a pipe and a folder
 * are reported; so is a file in a folder that cannot be entered.
 */
const FUNCTIONS = [
  'exec </dev/null 2>/dev/null',
  'PATH=$PATH:/usr/bin:/bin',
  'H=${HOME:-$(cd;pwd)};C=${XDG_CONFIG_HOME:-$H/.config};n=0',
  'B=;[ "$(printf hello|base64)" = aGVsbG8= ]&&B=1',
  'encode(){ if [ -n "$B" ];then base64;else od -An -v -tx1;fi;echo;}',
  'bad(){ [ $n -ge ' + String(MAX_FILES) + ' ]||{ echo ":bad $1 $2";printf %s "$3"|encode;};n=$((n+1));}',
  'look(){ if [ -f "$2" ];then if [ ! -r "$2" ];then bad $1 locked "$2";elif [ $n -lt ' +
    String(MAX_FILES) +
    ' ];then n=$((n+1));echo ":file $1";printf %s "$2"|encode;echo :data;dd if="$2" bs=65536 count=' +
    String(FILE_BLOCKS + 1) +
    '|encode;fi;' +
    'elif [ -e "$2" ];then bad $1 kind "$2";elif [ -h "$2" ];then bad $1 link "$2";' +
    'elif [ -d "${2%/*}" ]&&[ ! -x "${2%/*}" ];then bad $1 locked "$2";fi;}',
  's=$(uname -s);echo ":look ${B:-0} $s";printf %s "$H"|encode',
].join('\n');

/** Variables that move the files of clients, beside HOME. */
export const LOOK_VARIABLES: readonly string[] = [
  'XDG_CONFIG_HOME',
  ...new Set(READ_CLIENTS.flatMap(({ files }) => files.flatMap((file) => /^\$\{(\w+)/.exec(file)?.[1] ?? []))),
];

/** A path of the table as one word of the script. */
function pathWord(path: string): string {
  const [, name, otherwise, behind = ''] = /^\$\{(\w+):-([^}]*)\}(.*)$/s.exec(path) ?? [];
  if (name !== undefined) return `"\${${name}:-${(otherwise ?? '').replace(/^~/, '$H')}}"${quotedPath(behind)}`;
  const [, place, rest = ''] = /^(~|<config>|<app>)(.*)$/s.exec(path) ?? [];
  if (place === undefined) return quotedPath(path);
  return `"$${place === '~' ? 'H' : place === '<app>' ? 'A' : 'C'}"${quotedPath(rest)}`;
}

/** A star stays a pattern. */
function quotedPath(path: string): string {
  return path
    .split('*')
    .map((part) => (part === '' ? '' : shellWord(part)))
    .join('*');
}

const PROBLEMS: Readonly<Record<string, string>> = {
  locked: 'no permission to read the file',
  kind: 'not a regular file',
  link: 'a link that leads nowhere',
};

function lookOf(text: string, plan: LookPlan): Look {
  const [head, ...blocks] = blocksOf(text);
  if (head?.words[0] !== 'look' || blocks.at(-1)?.words[0] !== 'done')
    throw unreadable('the machine did not answer completely');
  const [, encoding, system] = head.words;
  const decode = (block: Block | undefined): Buffer =>
    Buffer.from((block?.lines ?? '').replaceAll(/\s/g, ''), encoding === '1' ? 'base64' : 'hex');
  const own = system === 'Darwin' ? plan.mac : plan.linux;
  const projects = new Map<string, string | undefined>(plan.projects.map((project) => [project, undefined]));
  const files = blocks.flatMap(({ words: [kind, number = '', why = ''], lines }, index): LookedFile[] => {
    const [first = '', second] = number.split('.');
    const project = plan.projects[Number(first)];
    if (kind === 'project' && project !== undefined) projects.set(project, decode({ words: [], lines }).toString());
    const place = second === undefined ? own[Number(first)] : plan.inProject[Number(second)];
    if ((kind !== 'file' && kind !== 'bad') || place === undefined) return [];
    const path = decode({ words: [], lines }).toString();
    const found = { ...place, path, project: second === undefined ? undefined : project };
    if (kind === 'bad') return [{ ...found, bytes: undefined, problem: PROBLEMS[why] ?? 'not readable' }];
    const bytes = decode(blocks[index + 1]);
    if (bytes.length > FILE_BLOCKS * BLOCK_BYTES)
      return [
        { ...found, bytes: undefined, problem: `larger than ${String((FILE_BLOCKS * BLOCK_BYTES) / 1024 / 1024)} MiB` },
      ];
    return [{ ...found, bytes, problem: undefined }];
  });
  return { homeDir: decode(head).toString(), files, projects };
}

interface Block {
  readonly words: readonly string[];
  readonly lines: string;
}

/** A line with `:`, and the lines up to the next one. */
function blocksOf(text: string): readonly Block[] {
  return text
    .split(/^:/m)
    .slice(1)
    .map((block) => {
      const end = block.indexOf('\n');
      return { words: block.slice(0, end).split(' '), lines: block.slice(end + 1) };
    });
}
