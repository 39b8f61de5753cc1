/**
 * The warden: one small shell program per machine that ends our programs there when the line goes silent. A stand-in does so for
 * each program that starts before the warden.
 *
 * sshd notices a half-open connection only after hours. The warden reads heartbeat lines and echoes them. Without a heartbeat for
 * the length of the lease, it ends the sshd session processes that it covers, its own among them; every launcher under them
 * sees its channel end, and reaps. The warden runs under any POSIX sh (no `read -t`): a ticker writes into the same pipe as our
 * lines, and the reader counts ticks.
 *
 * A stand-in is the first thing that an exec starts, before a byte of stdin is read: a small process that ends the sshd process
 * above it when the lease is over. The warden relieves the stand-in (`ORDER.relieve`), and the end of the launcher ends it too.
 */
import { FIND_AND_KILL, LINE_BEGIN, READ_AND_RUN } from './launcher.ts';
import { assertNonce, MARK, PROCESS_MARK } from './marks.ts';

export interface WardenOptions {
  readonly nonce: string;
  /** Silence after which the warden acts. Whole seconds count, at least one. */
  readonly leaseMs: number;
  /**
   * What the end of stdin without `goodbye` means. `own`: its connection is ending by itself. `all`: the program that
   * carries the connection may outlive us, so every reported session process is ended.
   */
  readonly onEnd: 'own' | 'all';
}

/** Lines to the warden. */
export const ORDER = {
  heartbeat: (sequence: number): string => `h ${String(sequence)}\n`,
  /** A connection's sshd session process: the lease covers it from now on. */
  cover: (sshdPid: number): string => `c ${String(sshdPid)}\n`,
  /** Ends a launcher's stand-in, after the connection is covered. */
  relieve: (standInPid: number): string => `g ${String(standInPid)}\n`,
  /** Ends a connection that was given up. */
  end: (sshdPid: number): string => `x ${String(sshdPid)}\n`,
  /** Ends the rest of one launch: TERM after two seconds, KILL after four. */
  kill: (nonce: string): string => `k ${nonce}\n`,
  goodbye: 'b\n',
} as const;

/** The sequence number in an echo. */
export function parseEcho(line: string): number | undefined {
  const echo = /^h (\d+)$/.exec(line);
  return echo === null ? undefined : Number(echo[1]);
}

/** The first line of stdin for `LAUNCH_COMMAND`, without its newline. */
export function wardenLine(options: WardenOptions): string {
  assertNonce(options.nonce);
  const leaseS = Math.max(1, Math.ceil(options.leaseMs / 1000));
  const tickS = Math.min(5, Math.max(1, Math.floor(leaseS / 20)));
  const ticks = Math.ceil(leaseS / tickS);
  return [
    LINE_BEGIN,
    `_Mq=$!`,
    `exec 2>/dev/null`,
    FIND_AND_KILL,
    IS_SSHD,
    `_Mend(){ for _Ms in "$@";do _Mis "$_Ms"&&kill -TERM "$_Ms";done;sleep 1;for _Ms in "$@";do _Mis "$_Ms"&&kill -KILL "$_Ms";done;}`,
    `_Morder(){ sleep 2;_Mkill ${PROCESS_MARK}="$1" TERM;sleep 2;_Mkill ${PROCESS_MARK}="$1" KILL;}`,
    `export ${PROCESS_MARK}=${options.nonce}`,
    `trap '' PIPE HUP TERM`,
    `printf '\\n${options.nonce}${MARK.ready} %s %s\\n' $$ "$PPID"`,
    // The reader ends everything, because the left side may wait for stdin for long.
    `(while sleep ${String(tickS)};do echo t;done&cat;echo e)|{ ${readerLoop(ticks, options.onEnd)};_Mkill ${PROCESS_MARK}=${options.nonce} KILL;kill -KILL -$$;}`,
  ]
    .join(';')
    .replaceAll('&;', '&');
}

/**
 * On a busy machine a stand-in may get the signal before its trap is set, so each gets the signal again at least one tick later.
 * The warden's own stand-in is the first. A second signal does no harm, and zsh's 0 for "none" means our own group, which ignores
 * the signal.
 */
const RELIEVE = `[ -z "$_Mg" ]||kill -URG $_Mg;_Mg=$_Mh;_Mh=`;

function readerLoop(ticks: number, onEnd: WardenOptions['onEnd']): string {
  const atEnd = onEnd === 'all' ? `_Mend $_Mall $PPID;` : '';
  return (
    `_Mn=0;_Mall=;_Mg=;_Mh=$_Mq;while IFS= read -r _Ml;do _Mv=\${_Ml#? };case $_Ml in ` +
    `t)_Mn=$((_Mn+1));[ $_Mn -lt ${String(ticks)} ]||{ _Mend $_Mall $PPID;break;};${RELIEVE};;` +
    `'h '*)_Mn=0;echo "$_Ml";;` +
    `'c '*)case $_Mv in ''|*[!0-9]*);;*)_Mall="$_Mall $_Mv";;esac;;` +
    `'g '*)case $_Mv in ''|*[!0-9]*);;*)kill -URG "$_Mv";_Mh="$_Mh $_Mv";;esac;;` +
    `'x '*)case $_Mv in ''|*[!0-9]*);;*)_Mend "$_Mv"&;esac;;` +
    `'k '*)case $_Mv in ''|*[!0-9a-f]*);;*)_Morder "$_Mv"&;esac;;` +
    `b)break;;e)${atEnd}break;;esac;done`
  );
}

/** Shell function `_Mis PID`: is this (still) an sshd that serves a login? `sshd-session` since OpenSSH 9.8. */
const IS_SSHD =
  `_Mis(){ if [ -r "/proc/$1/comm" ];then read -r _Mc <"/proc/$1/comm";else _Mc=$(ps -o comm= -p "$1");fi;` +
  `case \${_Mc##*/} in sshd|sshd-session|sshd:*|sshd-session:*)return 0;;esac;return 1;}`;

/** A stand-in looks this often whether its launcher lives, seconds. */
const LOOK_EVERY_S = 2;
/** After the lease, so that a warden that started late acts first. */
const GRACE_S = 1;

/**
 * `LAUNCH_COMMAND` with a stand-in: the same for every launch under one lease. Without single quotes inside and without `!` (tcsh's
 * history). The launcher finds the pid of the stand-in in `$!`.
 *
 * @param leaseMs whole seconds count
 */
export function guardedCommand(leaseMs: number): string {
  const looks = Math.ceil((Math.ceil(leaseMs / 1000) + GRACE_S) / LOOK_EVERY_S);
  return `exec /bin/sh -c '${standIn(looks)}&${READ_AND_RUN}'`;
}

/** URG, because another process that got the same pid ignores the signal by default (POSIX.1-2017, signal.h). */
function standIn(looks: number): string {
  const end = `${IS_SSHD};_Mis $PPID&&kill $PPID;sleep 1;_Mis $PPID&&kill -KILL $PPID;exit`;
  return (
    `(exec </dev/null >/dev/null 2>&1;PATH=$PATH:/usr/bin:/bin;trap exit URG;n=${String(looks)};` +
    `while sleep ${String(LOOK_EVERY_S)}&&kill -0 $$;do n=$((n-1));[ $n -gt 0 ]||{ ${end};};done)`
  );
}
