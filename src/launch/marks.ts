/**
 * The lines that a launcher prints before the program's first byte, and the variable that marks its processes.
 *
 * Every line begins with the nonce of the launch, so that output of a start file cannot be taken for such a line.
 */

/** Every process of a launch carries `MCPA=<nonce>` in its environment. */
export const PROCESS_MARK = 'MCPA';
/** Carried by the login shell that is asked for its environment, so that processes of its start files do not count as ours. */
export const PROBE_MARK = 'MCPA_PROBE';

/** The text after the nonce. */
export const MARK = {
  /** Followed by the lines `uname -sm`, `$SHELL`, and `output` where launchers can watch their output. */
  machine: ' machine',
  variablesBegin: ' variables',
  variablesEnd: ' end',
  /** Followed by the pids of the launcher, its parent and its stand-in (0: none). The program's bytes begin after this line. */
  ready: ' ready',
  noFolder: ' no-folder',
  noCommand: ' no-command',
} as const;

/** Exit codes of the launcher itself; 126 and 127 are POSIX's own (Shell Command Language, 2.8.2). */
export const LAUNCHER_EXIT = { notOurLine: 95, noFolder: 96, cannotExecute: 126, noCommand: 127 } as const;

const NONCE = /^[0-9a-f]{16,64}$/;

/** A nonce stands unquoted in scripts, so other characters than hex digits are a defect. */
export function assertNonce(nonce: string): void {
  if (!NONCE.test(nonce)) throw new TypeError('a nonce is 16 to 64 lower-case hex digits');
}
