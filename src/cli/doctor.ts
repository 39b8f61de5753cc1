/** `doctor [host]`: every step from the hosts file to each server's initialize, with cause and fix. */

import type { DoctorStep } from '../api/control.ts';
import { AnywhereError, type ErrorReport, EXIT, type ExitCode, reportOf } from '../base/errors.ts';
import { harmless } from '../base/harmless.ts';
import type { CliContext } from './context.ts';
import { combinedExit, exitOf, messageAt, nextStep } from './report.ts';
import { withAny } from './session.ts';
import type { Style } from './style.ts';

export async function runDoctor(context: CliContext, host: string | undefined): Promise<ExitCode> {
  const steps = await examine(context, host);
  if (context.globals.json) context.out.json({ steps });
  else context.out.write(summary(steps, context.style));
  return doctorExit(steps);
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
        context.out.progress('');
      }
    });
  } catch (error) {
    const failed = configStep(error);
    show(failed);
    return [failed];
  }
}

/** A hosts file that does not load is the first thing a doctor finds; anything else is no finding. */
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
  // A host of whose servers one starts is partly up as well.
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
    `    ${style.dim('Fix:')} ${fixOf(cause)}\n`,
  ].join('');
}

/** To look into it with a doctor is what has just been done. */
function fixOf(cause: ErrorReport): string {
  const steps = nextStep(cause)
    .split('; ')
    .filter((step) => !step.startsWith('mcp-anywhere doctor'));
  return steps.length === 0 ? `see what plain ssh says: ssh -v ${cause.host ?? '<host>'}` : steps.join('; ');
}

function summary(steps: readonly DoctorStep[], style: Style): string {
  const count = (outcome: DoctorStep['outcome']): number => steps.filter((step) => step.outcome === outcome).length;
  const failed = count('failed');
  const warnings = count('warning');
  if (failed + warnings === 0) return style.good(`\nAll ${String(count('ok'))} checks passed.\n`);
  return `\n${String(count('ok'))} passed, ${String(failed)} failed, ${String(warnings)} warnings, ${String(count('skipped'))} not tried.\n`;
}
