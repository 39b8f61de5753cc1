/** `--version --check` and `doctor --check`: whether a newer version is out. Nothing else asks the registry. */
import type { Command } from 'commander';
import type { DoctorStep } from '../api/control.ts';
import { systemClock } from '../base/clock.ts';
import { EXIT, type ExitCode } from '../base/errors.ts';
import { oneLine } from '../base/harmless.ts';
import type { CliContext, Run } from './context.ts';

const COMMAND = '__version';
const VERSION = ['--version', '-V'];

/** commander's `--version` ends the program at once. With `--check`, a hidden command stands for both. */
export function withVersionCheck(argv: readonly string[]): readonly string[] {
  if (!argv.includes('--check') || !argv.some((word) => VERSION.includes(word))) return argv;
  return [COMMAND, ...argv.filter((word) => word !== '--check' && !VERSION.includes(word))];
}

export function addVersionCheck(program: Command, run: Run): void {
  program.command(COMMAND, { hidden: true }).action(() => run(runVersionCheck));
}

async function runVersionCheck(context: CliContext): Promise<ExitCode> {
  const { version } = context.io.program;
  const found = await newest(context);
  if (context.globals.json) context.out.json<'version check'>({ version, ...found });
  else {
    context.out.write(`${version}\n`);
    context.out.note(`${sentence(version, found)}\n`);
  }
  return EXIT.ok;
}

type Found = Awaited<ReturnType<typeof newest>>;

async function newest({ io, out }: CliContext) {
  const { newestVersion, UPDATE_COMMAND } = await import('../setup/updates.ts');
  out.progress('asking npm for the newest version …');
  const found = await newestVersion(io.program.version, { env: io.env, clock: systemClock(), signal: io.signal });
  return 'newest' in found && found.isNewer ? { ...found, update: UPDATE_COMMAND } : found;
}

function sentence(version: string, found: Found): string {
  if ('unknown' in found) return oneLine(`Could not find out whether a newer version is out: ${found.unknown}.`);
  if ('update' in found) return `Version ${found.newest} is out. To install it: ${found.update}`;
  return found.newest === version ? 'This is the newest version.' : `The newest version on npm is ${found.newest}.`;
}

/** The step of `doctor --check`. */
export async function versionStep(context: CliContext): Promise<DoctorStep> {
  const began = performance.now();
  const { version } = context.io.program;
  const found = await newest(context);
  const text = sentence(version, found);
  const outcome = 'unknown' in found ? 'skipped' : 'update' in found ? 'warning' : 'ok';
  return { check: 'version', outcome, text, durationMs: performance.now() - began };
}
