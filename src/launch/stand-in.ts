/**
 * Whoever holds the lease before the warden does: every program is covered from its first instant.
 *
 * A line that goes silent is noticed over there only by who expects something from it. So what an exec starts first, before
 * a byte of stdin is read, is a small process that ends the sshd process above it when the lease is over, as the
 * warden would. The warden relieves it (`ORDER.relieve`); a launcher that has ended needs it no more.
 */
import { READ_AND_RUN } from './launcher.ts';
import { IS_SSHD } from './sshd-process.ts';

/** It looks this often whether it was relieved, seconds. */
const LOOK_EVERY_S = 2;
/** After the lease, so that a warden that began late still comes first. */
const GRACE_S = 1;

/**
 * `LAUNCH_COMMAND` with a stand-in; the same for every launch under one lease. Quotes no single quote, and no `!` (tcsh's history).
 * The launcher finds its pid in `$!`.
 *
 * @param leaseMs whole seconds count
 */
export function guardedCommand(leaseMs: number): string {
  const looks = Math.ceil((Math.ceil(leaseMs / 1000) + GRACE_S) / LOOK_EVERY_S);
  return `exec /bin/sh -c '${standIn(looks)}&${READ_AND_RUN}'`;
}

/** URG, because it harms nobody: a process that got its pid meanwhile ignores it unless it asked for it (POSIX.1-2017, signal.h). */
function standIn(looks: number): string {
  const end = `${IS_SSHD};_Mis $PPID&&kill $PPID;sleep 1;_Mis $PPID&&kill -KILL $PPID;exit`;
  return (
    `(exec </dev/null >/dev/null 2>&1;PATH=$PATH:/usr/bin:/bin;trap exit URG;n=${String(looks)};` +
    `while sleep ${String(LOOK_EVERY_S)}&&kill -0 $$;do n=$((n-1));[ $n -gt 0 ]||{ ${end};};done)`
  );
}
