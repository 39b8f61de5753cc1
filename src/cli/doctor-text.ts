/** The words of `doctor` for one step, and for all of them. */
import type { DoctorFix, DoctorStep } from '../api/control.ts';
import { counted } from '../base/counted.ts';
import { durationText } from '../base/duration.ts';
import type { ErrorReport } from '../base/errors.ts';
import { oneLine } from '../base/harmless.ts';
import { messageAt, nextStep } from '../model/words.ts';
import { evidenceLines } from './report.ts';
import type { Style } from './style.ts';

export const MARKS = {
  ok: ['✓', 'good'],
  warning: ['!', 'warn'],
  failed: ['✖', 'bad'],
  skipped: ['○', 'dim'],
} as const;

export function stepText(step: DoctorStep, style: Style): string {
  const [glyph, paint] = MARKS[step.outcome];
  const where = [step.host, step.server].filter((name) => name !== undefined).join('/');
  const took = step.durationMs >= 1 ? style.dim(` ${durationText(step.durationMs)}`) : '';
  const head = `${style[paint](glyph)} ${step.check.padEnd(10)} ${where === '' ? '' : `${style.bold(where)}: `}${messageAt(where, step.text)}${took}\n`;
  return head + causeText(step, style);
}

function causeText(step: DoctorStep, style: Style): string {
  return reasonLines(step, style)
    .map((line) => `    ${line}\n`)
    .join('');
}

/** Why, with the evidence, and what to do about it. */
export function reasonLines({ cause, text: shown }: DoctorStep, style: Style): readonly string[] {
  if (cause === undefined) return [];
  // What the line of the step says already is not said again.
  const why = [cause.message, ...(cause.evidence ?? [])].filter((text) => !shown.includes(text));
  const lines = evidenceLines(why);
  return [
    ...lines.map((line, index) => `${index === 0 ? style.dim('Why:') : '    '} ${line}`),
    `${style.dim('Fix:')} ${fixOf(cause, style)}`,
  ];
}

/** The hint without the command that the person has just run. */
function fixOf(cause: ErrorReport, { program }: Style): string {
  const steps = nextStep(cause, program)
    .split('; ')
    .filter((step) => !step.startsWith(`${program} doctor`));
  return steps.length === 0 ? `look at what ssh itself says: ssh -v ${cause.host ?? '<host>'}` : steps.join('; ');
}

export function summary(steps: readonly DoctorStep[], style: Style): string {
  const count = (outcome: DoctorStep['outcome']): number => steps.filter((step) => step.outcome === outcome).length;
  const failed = count('failed');
  const warnings = count('warning');
  if (failed + warnings === 0) return style.good(`\nAll ${counted(count('ok'), 'check')} passed.\n`);
  return `\n${String(count('ok'))} passed, ${String(failed)} failed, ${counted(warnings, 'warning')}, ${String(count('skipped'))} not tried.\n`;
}

export function fixedText(steps: readonly DoctorStep[], fixed: readonly DoctorFix[]): string {
  const left = steps.filter(({ outcome }) => outcome === 'failed' || outcome === 'warning').length;
  const did = fixed.map(({ host, text }) => `  ${oneLine(host === undefined ? text : `${host}: ${text}`)}\n`);
  const head = fixed.length === 0 ? 'Nothing was fixed.\n' : `Fixed ${fixed.length}:\n`;
  const rest = left === 0 ? '' : `Left to you: ${counted(left, 'finding')}, each with its fix above.\n`;
  return head + did.join('') + rest;
}
