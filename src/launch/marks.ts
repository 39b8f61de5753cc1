/**
 * The lines a launcher prints before the program's first byte, and the variable by which its processes are found.
 *
 * Every line begins with the launch's nonce, so that nothing a start file prints can be taken for one.
 */

/** Every process of a launch carries `MCPA=<nonce>` in its environment. */
export const PROCESS_MARK = 'MCPA';
/** The login shell that is asked for its environment carries this one, so that what it leaves behind is not ours. */
export const PROBE_MARK = 'MCPA_PROBE';

/** What stands after the nonce on a line. */
export const MARK = {
  /** Followed by the lines `uname -sm`, `$SHELL`, and `output` where launchers can watch their output. */
  machine: ' machine',
  variablesBegin: ' variables',
  variablesEnd: ' end',
  /** Followed by the launcher's pid, its parent's, and its stand-in's (0: none). The program's bytes begin after this line. */
  ready: ' ready',
  noFolder: ' no-folder',
  noCommand: ' no-command',
} as const;

/** Exit codes of the launcher itself; 126 and 127 are POSIX's own (Shell Command Language, 2.8.2). */
export const LAUNCHER_EXIT = { notOurLine: 95, noFolder: 96, cannotExecute: 126, noCommand: 127 } as const;

const NONCE = /^[0-9a-f]{16,64}$/;

/** A nonce stands unquoted in scripts: anything but hex digits is a defect. */
export function assertNonce(nonce: string): void {
  if (!NONCE.test(nonce)) throw new TypeError('a nonce is 16 to 64 lower-case hex digits');
}
