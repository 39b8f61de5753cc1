/** `doctor [host]`: checks every step from the hosts file to each server's initialize, and prints cause and fix. */

import type { DoctorStep } from '../api/control.ts';
import { counted } from '../base/counted.ts';
import { AnywhereError, type ErrorReport, EXIT, type ExitCode, reportOf } from '../base/errors.ts';
import { harmless } from '../base/harmless.ts';
import { messageAt, nextStep } from '../model/words.ts';
import type { CliContext } from './context.ts';
import { combinedExit, exitOf } from './report.ts';
import { withAny } from './session.ts';
import type { Style } from './style.ts';

export interface DoctorOptions {
  /** Asks npm whether a newer version is out. */
  readonly check: boolean;
}

export async function runDoctor(
  context: CliContext,
  host: string | undefined,
  { check }: DoctorOptions,
): Promise<ExitCode> {
  const version = check ? [await examineVersion(context)] : [];
  const local = host === undefined ? await examineClients(context) : [];
  const steps = [...version, ...local, ...(await examine(context, host))];
  if (context.globals.json) context.out.json<'doctor'>({ steps });
  else context.out.write(summary(steps, context.style));
  return doctorExit(steps);
}

async function examineVersion(context: CliContext): Promise<DoctorStep> {
  const { versionStep } = await import('./updates.ts');
  const step = await versionStep(context);
  if (!context.globals.json) context.out.write(stepText(step, context.style));
  return step;
}

/** The entries of AI clients on this machine that start a program which is gone. */
async function examineClients({ io, globals, out, style }: CliContext): Promise<readonly DoctorStep[]> {
  const { brokenEntries } = await import('../setup/install.ts');
  const broken = await brokenEntries({ ...io, config: globals.config });
  return broken.map(({ client, file, entry, missing }) => {
    const text = `${client.title} cannot start MCP-Anywhere: ${missing} does not exist.`;
    const evidence = [`the entry ${entry} of ${file}`];
    const cause = reportOf(
      new AnywhereError('CLIENT_CONFIG', text, { evidence, hint: `mcp-anywhere install ${client.id}` }),
    );
    const step: DoctorStep = { check: 'client', outcome: 'warning', text, cause, durationMs: 0 };
    if (!globals.json) out.write(stepText(step, style));
    return step;
  });
}

async function examine(context: CliContext, host: string | undefined): Promise<readonly DoctorStep[]> {
  const show = (step: DoctorStep): void => {
    if (!context.globals.json) context.out.write(stepText(step, context.style));
  };
  try {
    return await withAny(context, async (client) => {
      const stopListening = client.on('doctor/step', (step) => {
        show(step);
        context.out.progress(`examining ${host ?? 'all hosts'} …`);
      });
      try {
        return (await client.request('doctor', host === undefined ? {} : { host }, context.io.signal)).steps;
      } finally {
        stopListening();
      }
    });
  } catch (error) {
    const failed = configStep(error);
    show(failed);
    return [failed];
  }
}

/** A broken hosts file is a finding. Any other error is a failure of the examination itself. */
function configStep(error: unknown): DoctorStep {
  if (!(error instanceof AnywhereError) || error.exitCode !== EXIT.config) throw error;
  return { check: 'config', outcome: 'failed', text: error.message, cause: reportOf(error), durationMs: 0 };
}

export function doctorExit(steps: readonly DoctorStep[]): ExitCode {
  const config = steps.find((step) => step.check === 'config' && step.outcome === 'failed');
  if (config !== undefined) return causeExit(config);
  const hosts = [...new Set(steps.flatMap((step) => (step.host === undefined ? [] : [step.host])))];
  const failures = hosts.map((host) => steps.find((step) => step.host === host && step.outcome === 'failed'));
  if (failures.some((step) => step !== undefined && step.cause === undefined)) return EXIT.unexpected;
  // A host with one good and one bad server is partly up.
  const partly = hosts.some((host) => isPartlyUp(steps.filter((step) => step.host === host)));
  return partly ? EXIT.partly : combinedExit(failures.map((step) => step?.cause));
}

function isPartlyUp(steps: readonly DoctorStep[]): boolean {
  const servers = steps.filter((step) => step.check === 'server');
  return servers.some((step) => step.outcome === 'ok') && servers.some((step) => step.outcome === 'failed');
}

function causeExit(step: DoctorStep): ExitCode {
  return step.cause === undefined ? EXIT.unexpected : exitOf(step.cause);
}

const MARKS = { ok: ['✓', 'good'], warning: ['!', 'warn'], failed: ['✖', 'bad'], skipped: ['○', 'dim'] } as const;

export function stepText(step: DoctorStep, style: Style): string {
  const [glyph, paint] = MARKS[step.outcome];
  const where = [step.host, step.server].filter((name) => name !== undefined).join('/');
  const took = step.durationMs >= 1 ? style.dim(` ${step.durationMs.toFixed(0)} ms`) : '';
  const head = `${style[paint](glyph)} ${step.check.padEnd(10)} ${where === '' ? '' : `${style.bold(where)}: `}${messageAt(where, step.text)}${took}\n`;
  return step.cause === undefined ? head : head + causeText(step.cause, step.text, style);
}

function causeText(cause: ErrorReport, shown: string, style: Style): string {
  const why = [...(shown.includes(cause.message) ? [] : [cause.message]), ...(cause.evidence ?? [])];
  const lines = why.flatMap((text) => harmless(text).trimEnd().split('\n'));
  return [
    ...lines.map((line, index) => `    ${index === 0 ? style.dim('Why:') : '    '} ${line}\n`),
    `    ${style.dim('Fix:')} ${fixOf(cause, style)}\n`,
  ].join('');
}

/** The hint without the command that the person has just run. */
function fixOf(cause: ErrorReport, { program }: Style): string {
  const steps = nextStep(cause, program)
    .split('; ')
    .filter((step) => !step.startsWith(`${program} doctor`));
  return steps.length === 0 ? `look at what ssh itself says: ssh -v ${cause.host ?? '<host>'}` : steps.join('; ');
}

function summary(steps: readonly DoctorStep[], style: Style): string {
  const count = (outcome: DoctorStep['outcome']): number => steps.filter((step) => step.outcome === outcome).length;
  const failed = count('failed');
  const warnings = count('warning');
  if (failed + warnings === 0) return style.good(`\nAll ${counted(count('ok'), 'check')} passed.\n`);
  return `\n${String(count('ok'))} passed, ${String(failed)} failed, ${counted(warnings, 'warning')}, ${String(count('skipped'))} not tried.\n`;
}
