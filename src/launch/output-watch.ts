/**
 * Watches whether a program's stderr still has a reader. The program's stdin then needs no helper in between.
 *
 * `tail -f` polls whether its output, a pipe, still has a reader, and ends by SIGPIPE without one. With `--pid` it also ends
 * with that process. GNU's tail does both (coreutils, tail.c); any other is found by trial, never by name or version.
 */
import { PROBE_MARK } from './marks.ts';

/**
 * The shell of busybox may be built to prefer a `tail` of its own to the one in PATH (Debian's busybox-static), but runs the
 * file that a path names. In a subshell.
 */
const FIND_TAIL = `IFS=:;set -f;for _Mi in $_Mpath;do [ -x "$_Mi/tail" ]&&break;done;unset IFS;set +f`;

/** Looks once a second. */
const FOLLOW = (pid: string, more = ''): string => `"$_Mi/tail" ${more}--pid=${pid} -f /dev/null`;

/** A shell's exit code for the end by SIGPIPE. */
const NO_READER = 141;

/**
 * `_Mtry` starts such a `tail` whose output has lost its reader; `_Mtold`, tens of milliseconds later, leaves `output` in `$_Mv` where
 * it has ended as it should, and ends it otherwise. It may take a tenth of a second more, once for a machine; where `sleep`
 * knows no parts of a second, as long as a few forks take. URG harms nobody, however late it comes (POSIX.1-2017, signal.h).
 * A stderr that is no pipe cannot be watched.
 */
export function outputWatchFunctions(nonce: string): string {
  // Not the mark of the login shell: what that one's start files left running is not ours to end.
  const mark = `${PROBE_MARK}=watch${nonce}`;
  return (
    `_Mtry(){ _Mo=;[ -z "$_Mv" ]&&[ -p /dev/fd/4 ]||return;_Mo=1;trap _Mv=output URG;` +
    `(PATH=$_Mpath;${FIND_TAIL};exec </dev/null 4>&-;${mark} ${FOLLOW('$$', '-s .01 ')};[ $? = ${String(NO_READER)} ]&&kill -URG $$)|:&};` +
    `_Mtold(){ [ -n "$_Mo" ]||return;for _Mi in 1 2 3 4 5 6 7 8 9;do [ -z "$_Mv" ]||break;PATH=$_Mpath sleep .01||(:);done;trap - URG;` +
    `[ -n "$_Mv" ]||_Mkill ${mark} KILL;}`
  );
}

/**
 * A command list: runs `run` and exits as it does, where its stderr can be watched, else does nothing.
 *
 * The watcher writes nothing, and leaves the program a second or two to end by itself. When somebody else ends `tail` by
 * a signal it is started again; anything else means that the reader or sshd's session process has gone. The
 * latter counts too, because a start file may have put a pipe of its own in the place of sshd's.
 */
export function watchOutput(run: string): string {
  const watcher =
    `(trap : TERM;PATH=$_Mpath;${FIND_TAIL};exec </dev/null >/dev/null;` +
    `while :;do ${FOLLOW('$PPID')} >&4;case $? in 129|130|137|143);;*)break;;esac;done;exec 4>&-;sleep 1;_Mreap)`;
  return (
    `if [ -n "$_Mv" ]&&[ -p /dev/fd/4 ]&&kill -0 "$PPID";then ` +
    `${watcher}&_Mw=$!;${run};_Mr=$?;kill -KILL $_Mw;_Mreap&exit $_Mr;fi`
  );
}
