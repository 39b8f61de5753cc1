/** Errors for people and programs: what happened, where, on what evidence, and the next step. */
import { ERROR_CODES, type ErrorReport, EXIT, type ExitCode } from '../base/errors.ts';
import { harmless, oneLine, shortened } from '../base/harmless.ts';
import { nextStep } from '../model/words.ts';
import type { CliContext } from './context.ts';
import { jsonText } from './output.ts';
import type { Style } from './style.ts';

/** More lines of evidence, and longer ones, are only in `--json`. */
const EVIDENCE_LINES = 30;
const EVIDENCE_LENGTH = 300;

export function formatError(report: ErrorReport, style: Style): string {
  const where = place(report);
  const evidence = evidenceLines(report.evidence ?? []);
  return [
    `${style.bad('✖')} ${style.bold(harmless(report.message))} ${style.dim(`(${report.code})`)}`,
    ...(where === '' ? [] : [`  ${style.dim('where')}  ${where}`]),
    ...labelled('seen ', evidence.slice(0, EVIDENCE_LINES), style),
    ...(evidence.length > EVIDENCE_LINES
      ? [`         … ${String(evidence.length - EVIDENCE_LINES)} more lines with --json`]
      : []),
    `  ${style.dim('next ')}  ${nextStep(report, style.program)}`,
    '',
  ].join('\n');
}

/** What others wrote, as lines for a person: a server that floods its stderr must not flood the terminal. */
export function evidenceLines(texts: readonly string[]): readonly string[] {
  return texts.flatMap((text) =>
    harmless(text)
      .trimEnd()
      .split('\n')
      .map((line) => shortened(line, EVIDENCE_LENGTH)),
  );
}

/** Warns that the output belongs to an earlier hosts file. With `--json` the problem is part of the data. */
export function warnOfHostsFile({ globals, out, style }: CliContext, problem: ErrorReport | undefined): void {
  if (problem === undefined || globals.json) return;
  out.note(
    `${style.warn('!')} The hosts file as it is now is not in force. The last good one stays in force:\n${formatError(problem, style)}`,
  );
}

export function errorJson(error: ErrorReport, stream: { readonly isTTY?: boolean | undefined }): string {
  return jsonText<'failure'>({ error }, stream, { isLine: true });
}

export function exitOf(report: ErrorReport): ExitCode {
  return ERROR_CODES[report.code].exit;
}

/** One exit code for several parts: 0 if all are well, 8 if some are, else the code of the first cause. */
export function combinedExit(causes: readonly (ErrorReport | undefined)[]): ExitCode {
  const wrong = causes.filter((cause) => cause !== undefined);
  const [first] = wrong;
  if (first === undefined) return EXIT.ok;
  return wrong.length < causes.length ? EXIT.partly : exitOf(first);
}

export function place({ host, server, tool }: ErrorReport): string {
  const parts = [
    host === undefined ? [] : [`host ${host}`],
    server === undefined ? [] : [`server ${server}`],
    tool === undefined ? [] : [`tool ${tool}`],
  ];
  return oneLine(parts.flat().join(' · '));
}

function labelled(label: string, lines: readonly string[], style: Style): string[] {
  return lines.map((line, index) => `  ${index === 0 ? style.dim(label) : '     '}  ${line}`);
}
