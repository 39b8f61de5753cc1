/**
 * Starts a program on a machine under any login shell, and leaves no process behind.
 *
 * The exec command is constant. Everything else travels as the first line of stdin, so secrets and paths are never in a process
 * list, and only /bin/sh reads them. `read` takes the line byte by byte (POSIX.1-2017, read: it shall not read past the
 * newline), so the bytes after the line belong to the program.
 */
import type { HostEnvironment, Launch, Word } from './contract.ts';
import { assertNonce, LAUNCHER_EXIT, MARK, PROCESS_MARK } from './marks.ts';
import { outputWatchFunctions, watchOutput } from './output-watch.ts';
import { ENV_FILE, ownVariables, wantedVariables } from './own-variables.ts';
import { probeFunctions, takeOver } from './probe.ts';
import { assignment, NEWLINE, needsNewline, pathWord, word } from './quote.ts';

/** The beginning of every line that the launcher may run; no message begins like this. */
export const LINE_BEGIN = 'unset L';

/**
 * Without single quotes and without `!` (tcsh's history). A start file of the login shell may have read our line; the line after
 * it is for the program, comes from an AI client, and must never be run.
 */
export const READ_AND_RUN = `IFS= read -r L&&case $L in "${LINE_BEGIN}"*)eval "$L";;*)exit ${String(LAUNCHER_EXIT.notOurLine)};;esac`;

/** The exec command: the same for every launch, valid in every login shell. `guardedCommand` adds a lease. */
export const LAUNCH_COMMAND = `exec /bin/sh -c '${READ_AND_RUN}'`;

/**
 * How the launcher notices that our side has gone.
 *
 * `input`: the launcher passes stdin on and sees its EOF. Works everywhere; costs a copy.
 * `output`: the launcher waits until nobody reads the program's stderr (see `output-watch.ts`), and stdin goes straight to the
 * program. Only where the channel always closes as a whole and the machine is known to support it.
 * `learned`: as the probe of this launch finds out.
 */
export type Watch = 'input' | 'output' | 'learned';

export interface LauncherOptions {
  /** Hex digits that nobody can guess; marks the launch's lines and processes. */
  readonly nonce: string;
  /** Undefined on first contact, when the launcher asks the login shell first. */
  readonly environment: HostEnvironment | undefined;
  readonly watch: Watch;
}

/** The first line of stdin for `LAUNCH_COMMAND`, without its newline. Throws CONFIG_INVALID for values that no program can take. */
export function launcherLine(launch: Launch, options: LauncherOptions): string {
  assertNonce(options.nonce);
  const script = scriptOf(launch, options);
  // `$!` is the stand-in of `guardedCommand`, where there is one.
  const begin = [`${LINE_BEGIN} CDPATH`, '_Mq=$!', ...(needsNewline(script) ? [NEWLINE] : [])];
  return [...begin, script].join(';');
}

function scriptOf(launch: Launch, { nonce, environment, watch }: LauncherOptions): string {
  return [
    `exec 4>&2 2>/dev/null`,
    watch === 'output' ? `_Mv=output` : `_Mv=`,
    FIND_AND_KILL,
    reapFunction(nonce),
    outputWatchFunctions(nonce),
    probeFunctions(nonce),
    ...(launch.envFile === undefined ? [] : [ENV_FILE]),
    `_Mown(){ ${ownVariables(launch)};}`,
    `_Mrun(){ ${program(launch)};}`,
    `_Mhas(){ command -v ${pathWord(launch.command, 'the command')} >/dev/null;}`,
    begin(launch, environment),
    wantedVariables(launch),
    `_Mown`,
    enterFolder(launch.cwd, nonce),
    // A command that is missing in a cached environment may have been installed since.
    ...(environment === undefined ? [] : [`_Mhas||{ _Mlearn;_Mown;}`]),
    `_Mhas||{ ${say(nonce, MARK.noCommand)};exit ${String(LAUNCHER_EXIT.noCommand)};}`,
    `export ${PROCESS_MARK}=${nonce}`,
    `trap : TERM`,
    `printf '\\n${nonce}${MARK.ready} %s %s %s\\n' $$ "$PPID" "\${_Mq:-0}"`,
    ...(watch === 'input' ? [] : [watchOutput('(_Mrun)')]),
    watchInput('(_Mrun)'),
  ].join(';');
}

/** On this machine the client's values count. On other machines the session's values count, and the login shell's complete them. */
function begin({ inherited }: Launch, environment: HostEnvironment | undefined): string {
  if (environment === undefined) return '_Mlearn';
  return inherited === undefined ? takeOver(environment.variables) : exports(inherited);
}

/**
 * The pump passes stdin on. After EOF the program has two seconds to end by itself. Nobody waits for the pump, so the program's
 * exit code is reported at once, and the reaper ends the pump. A program that does not read can hide EOF, so the parent (sshd's
 * session process) is watched too.
 */
function watchInput(run: string): string {
  const pump =
    `(_Md=;PATH=$_Mpath;trap _Md=1 TERM;exec 4>&-;cat <&3;exec >/dev/null 3<&-;` +
    `[ -z "$_Md" ]||exit 0;sleep 2;[ -z "$_Md" ]||exit 0;_Mreap)`;
  const right = `(trap : TERM;exec 3<&-;${run};_Mr=$?;_Mreap&exit $_Mr)`;
  return `exec 3<&0;${WATCH_PARENT};{ ${pump}& }|${right};exit $?`;
}

const WATCH_PARENT =
  `_Mparent(){ PATH=$_Mpath;exec </dev/null >/dev/null 3<&- 4>&-;while sleep 4;do kill -0 "$PPID"||_Mreap;done;};` +
  `if kill -0 "$PPID";then _Mparent& fi`;

/**
 * The program, with the channel's stderr. A subshell becomes the program: the shell that waits keeps its own stderr at
 * /dev/null, where it prints "Terminated".
 */
function program(launch: Launch): string {
  const command = pathWord(launch.command, 'the command');
  const args = launch.args.map((arg, index) => word(arg, `argument ${String(index + 1)}`));
  return `exec ${[command, ...args].join(' ')} 2>&4 4>&-`;
}

function enterFolder(cwd: Word | undefined, nonce: string): string {
  if (cwd === undefined) return ':';
  return `cd -- ${pathWord(cwd, 'cwd')}||{ ${say(nonce, MARK.noFolder)};exit ${String(LAUNCHER_EXIT.noFolder)};}`;
}

function exports(variables: ReadonlyMap<string, string>): string {
  if (variables.size === 0) return ':';
  return `export ${[...variables].map(([name, value]) => assignment(name, value)).join(' ')}`;
}

function say(nonce: string, mark: string): string {
  return `printf '\\n%s\\n' '${nonce}${mark}'`;
}

/**
 * `_Mpids MARK=value`: processes that were started with that variable. A program that left its process group by `setsid` still
 * has the variable. Without /proc, `ps -E` (macOS) shows environments. The helpers are started without the mark.
 */
const PIDS =
  `_Mpids(){ if [ -r /proc/self/environ ];then ` +
  `for _Mi in $(${PROCESS_MARK}= grep -ls "$1" /proc/[0-9]*/environ);do _Mi=\${_Mi#/proc/};echo "\${_Mi%/environ}";done;` +
  `else ${PROCESS_MARK}= ps -axEww -o pid= -o command=|${PROCESS_MARK}= grep "[\${1%"\${1#?}"}]\${1#?}"|` +
  `while read -r _Mi _Mj;do echo "$_Mi";done;fi;}`;

/** `_Mkill MARK=value SIGNAL`: true where there was such a process. */
const KILL = `_Mkill(){ _Mz=1;for _Mk in $(_Mpids "$1");do _Mz=0;kill -"$2" "$_Mk";done;return $_Mz;}`;

/** Helpers are looked up in `$_Mpath`, whatever PATH the program gets. */
export const FIND_AND_KILL = `_Mpath=$PATH:/usr/bin:/bin;${PIDS};${KILL}`;

/**
 * `_Mreap`: TERM to the launcher's process group and to every process with its mark, KILL two seconds later. KILL comes twice,
 * because a process may fork between the listing and the signal. Where no process had the mark at first, processes are not
 * listed again, because the listing is expensive. The reaper holds no descriptor of the channel, so the program's end is seen
 * at once. The launcher leads its process group, `-$$`.
 */
function reapFunction(nonce: string): string {
  const mark = `${PROCESS_MARK}=${nonce}`;
  return (
    `_Mreap(){ trap '' TERM;PATH=$_Mpath;exec </dev/null >/dev/null 2>&1 3<&- 4>&-;kill -TERM -$$;` +
    `if _Mkill ${mark} TERM;then sleep 2;_Mkill ${mark} KILL;_Mkill ${mark} KILL;else sleep 2;fi;kill -KILL -$$;}`
  );
}
