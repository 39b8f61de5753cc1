/** The text of what lies over a view and is read: help, details, explanation, a tool's answer. */
import { wrapLine } from '../fitting.ts';
import { line, type SpanLine, span } from '../spans.ts';
import { plain } from '../text.ts';
import { detailLines } from './details.ts';
import { HELP } from './help.ts';
import { pageColumns } from './layout.ts';
import type { Model, Overlay } from './model.ts';
import { durationText, nextStep } from './words.ts';

export interface Page {
  readonly title: string;
  readonly lines: readonly SpanLine[];
}

type Reader = Extract<Overlay, { readonly scroll: number }>;

export function pageOf(model: Model, overlay: Reader): Page {
  switch (overlay.kind) {
    case 'help':
      return { title: 'Keys', lines: HELP };
    case 'details':
      return { title: overlay.key, lines: detailLines(model, overlay.view, overlay.key) };
    case 'explanation':
      return explanation(overlay);
    case 'answer':
      return { title: overlay.tool, lines: answerLines(model, overlay) };
  }
}

/** Rows that it takes, long lines wrapped. */
export function pageHeight(model: Model, { lines }: Page): number {
  return lines.reduce((sum, spans) => sum + wrapLine(spans, pageColumns(model)).length, 0);
}

function explanation({ subject, text }: Extract<Overlay, { kind: 'explanation' }>): Page {
  if (text === undefined) return { title: subject, lines: [line('looking …', 'dim')] };
  const hint = text.hint === undefined ? [] : [line(''), [span('next  ', 'dim'), span(plain(text.hint), 'accent')]];
  return { title: plain(text.title), lines: [...text.lines.map((each) => line(plain(each))), ...hint] };
}

function answerLines({ nowMs }: Model, { outcome }: Extract<Overlay, { kind: 'answer' }>): readonly SpanLine[] {
  switch (outcome.kind) {
    case 'running': {
      const passed = durationText(Math.max(0, nowMs - outcome.sinceMs));
      return [line(`◐ called, ${passed} ${outcome.progress}`, 'warn'), line('Esc cancels it', 'dim')];
    }
    case 'answered': {
      const { durationMs, isError, text } = outcome;
      const head = isError
        ? `✖ the tool says it failed, ${durationText(durationMs)}`
        : `● answered, ${durationText(durationMs)}`;
      return [line(head, isError ? 'bad' : 'good'), line(''), ...text.map((each) => line(each))];
    }
    case 'failed':
      return failure(outcome.report);
  }
}

function failure(report: Parameters<typeof nextStep>[0]): readonly SpanLine[] {
  const evidence = (report.evidence ?? []).map((each) => line(plain(each), 'dim'));
  return [
    line(`✖ ${plain(report.message)} (${report.code})`, 'bad'),
    ...evidence,
    line(''),
    [span('next  ', 'dim'), span(nextStep(report), 'accent')],
  ];
}
