/**
 * The warden: one small shell program per machine that ends everything of ours when the line goes silent.
 *
 * sshd notices a half-open connection only after hours. The warden reads heartbeat lines and echoes them; when none
 * came for the lease it ends the sshd session processes that it was told of, its own among them. Every launcher
 * on them then sees its channel end, and reaps. It runs under any POSIX sh (no `read -t`): a ticker writes into
 * the same pipe as our lines, and the reader counts ticks.
 */
import { assertNonce, MARK, PROCESS_MARK } from './marks.ts';
import { FIND_AND_KILL } from './reap.ts';

export interface WardenOptions {
  readonly nonce: string;
  /** Silence after which it acts. Whole seconds count, at least one. */
  readonly leaseMs: number;
  /**
   * What the end of stdin without `goodbye` means. `own`: its connection is ending by itself. `all`: the program that
   * carries the connection may outlive us, so every reported session process is ended.
   */
  readonly onEnd: 'own' | 'all';
}

/** Lines we write to it. */
export const ORDER = {
  heartbeat: (sequence: number): string => `h ${String(sequence)}\n`,
  /** A connection's sshd session process: the lease covers it from now on. */
  cover: (sshdPid: number): string => `c ${String(sshdPid)}\n`,
  /** Ends a connection that we gave up. */
  end: (sshdPid: number): string => `x ${String(sshdPid)}\n`,
  /** Ends what is left of one launch: TERM after two seconds, KILL after four. */
  kill: (nonce: string): string => `k ${nonce}\n`,
  goodbye: 'b\n',
} as const;

export type WardenLine =
  | { readonly kind: 'echo'; readonly sequence: number }
  /** `tail -f` ends there when its output has no reader: launchers can watch their output. */
  | { readonly kind: 'output-watch' };

export function parseWardenLine(line: string): WardenLine | undefined {
  if (line === 'w') return { kind: 'output-watch' };
  const echo = /^h (\d+)$/.exec(line);
  return echo === null ? undefined : { kind: 'echo', sequence: Number(echo[1]) };
}

/** The first line of stdin for `LAUNCH_COMMAND`, without its newline. */
export function wardenLine(options: WardenOptions): string {
  assertNonce(options.nonce);
  const leaseS = Math.max(1, Math.ceil(options.leaseMs / 1000));
  const tickS = Math.min(5, Math.max(1, Math.floor(leaseS / 20)));
  const ticks = Math.ceil(leaseS / tickS);
  return [
    `unset L`,
    `exec 2>/dev/null`,
    FIND_AND_KILL,
    IS_SSHD,
    `_Mend(){ for _Ms in "$@";do _Mis "$_Ms"&&kill -TERM "$_Ms";done;sleep 1;for _Ms in "$@";do _Mis "$_Ms"&&kill -KILL "$_Ms";done;}`,
    `_Morder(){ sleep 2;_Mkill ${PROCESS_MARK}="$1" TERM;sleep 2;_Mkill ${PROCESS_MARK}="$1" KILL;}`,
    OUTPUT_WATCH_TEST,
    `export ${PROCESS_MARK}=${options.nonce}`,
    `trap '' PIPE HUP TERM`,
    `printf '\\n${options.nonce}${MARK.ready} %s %s\\n' $$ "$PPID"`,
    `_Mtest&`,
    // The reader ends all of it: the left side may wait for stdin for long.
    `(while sleep ${String(tickS)};do echo t;done&cat;echo e)|{ ${readerLoop(ticks, options.onEnd)};_Mkill ${PROCESS_MARK}=${options.nonce} KILL;kill -KILL -$$;}`,
  ]
    .join(';')
    .replaceAll('&;', '&');
}

/** Is this pid (still) an sshd that serves a login? `sshd-session` since OpenSSH 9.8. */
const IS_SSHD =
  `_Mis(){ if [ -r "/proc/$1/comm" ];then read -r _Mc <"/proc/$1/comm";else _Mc=$(ps -o comm= -p "$1");fi;` +
  `case \${_Mc##*/} in sshd|sshd-session|sshd:*|sshd-session:*)return 0;;esac;return 1;}`;

/** Starts a `tail` whose output has lost its reader, and looks whether it ended by itself. */
const OUTPUT_WATCH_TEST =
  `_Mtest(){ [ -p /dev/fd/1 ]||return;_Mt=$({ tail -f /dev/null 3>&-& echo $! >&3;} 3>&1|:);sleep 2;` +
  `if kill -0 "$_Mt";then kill -KILL "$_Mt";else echo w;fi;}`;

function readerLoop(ticks: number, onEnd: WardenOptions['onEnd']): string {
  const atEnd = onEnd === 'all' ? `_Mend $_Mall $PPID;` : '';
  return (
    `_Mn=0;_Mall=;while IFS= read -r _Ml;do _Mv=\${_Ml#? };case $_Ml in ` +
    `t)_Mn=$((_Mn+1));[ $_Mn -lt ${String(ticks)} ]||{ _Mend $_Mall $PPID;break;};;` +
    `'h '*)_Mn=0;echo "$_Ml";;` +
    `'c '*)case $_Mv in ''|*[!0-9]*);;*)_Mall="$_Mall $_Mv";;esac;;` +
    `'x '*)case $_Mv in ''|*[!0-9]*);;*)_Mend "$_Mv"&;esac;;` +
    `'k '*)case $_Mv in ''|*[!0-9a-f]*);;*)_Morder "$_Mv"&;esac;;` +
    `b)break;;e)${atEnd}break;;esac;done`
  );
}
