/** The text of the overlays that a person reads: help, details, explanation, answer. */

import { type Action, type ActionName, keyText } from './actions.ts';
import { detailLines } from './details.ts';
import { pageColumns } from './layout.ts';
import type { Model, Overlay } from './model.ts';
import { line, plain, type SpanLine, span, wrapLine } from './text.ts';
import { asTyped, durationText, nextStep } from './words.ts';

export interface Page {
  readonly title: string;
  readonly lines: readonly SpanLine[];
}

type Reader = Extract<Overlay, { readonly scroll: number }>;

export function pageOf(model: Model, overlay: Reader): Page {
  switch (overlay.kind) {
    case 'help':
      return { title: 'Keys', lines: helpLines(model.actions) };
    case 'details':
      return { title: overlay.key, lines: detailLines(model, overlay.view, overlay.key) };
    case 'explanation':
      return explanation(model, overlay);
    case 'answer':
      return { title: overlay.tool, lines: answerLines(model, overlay) };
  }
}

/** The rows of a page with long lines wrapped. */
export function pageHeight(model: Model, { lines }: Page): number {
  return lines.reduce((sum, spans) => sum + wrapLine(spans, pageColumns(model)).length, 0);
}

function explanation({ program }: Model, { subject, text }: Extract<Overlay, { kind: 'explanation' }>): Page {
  if (text === undefined) return { title: subject, lines: [line('looking …', 'dim')] };
  const hint =
    text.hint === undefined
      ? []
      : [line(''), [span('next  ', 'dim'), span(asTyped(plain(text.hint), program), 'accent')]];
  return { title: plain(text.title), lines: [...text.lines.map((each) => line(plain(each))), ...hint] };
}

function answerLines(
  { nowMs, program }: Model,
  { outcome }: Extract<Overlay, { kind: 'answer' }>,
): readonly SpanLine[] {
  switch (outcome.kind) {
    case 'running': {
      const passed = durationText(Math.max(0, nowMs - outcome.sinceMs));
      return [line(`◐ running for ${passed} ${outcome.progress}`, 'warn'), line('Esc cancels it', 'dim')];
    }
    case 'answered': {
      const { durationMs, isError, text } = outcome;
      const head = isError
        ? `✖ the tool reported an error after ${durationText(durationMs)}`
        : `● answered after ${durationText(durationMs)}`;
      return [line(head, isError ? 'bad' : 'good'), line(''), ...text.map((each) => line(each))];
    }
    case 'failed':
      return failure(outcome.report, program);
  }
}

function failure(report: Parameters<typeof nextStep>[0], program: string): readonly SpanLine[] {
  const evidence = (report.evidence ?? []).map((each) => line(plain(each), 'dim'));
  return [
    line(`✖ ${plain(report.message)} (${report.code})`, 'bad'),
    ...evidence,
    line(''),
    [span('next  ', 'dim'), span(nextStep(report, program), 'accent')],
  ];
}

/** The widest are `PgDn Ctrl-D Ctrl-F`. */
const KEY_WIDTH = 20;

function keys(key: string, what: string): SpanLine {
  return [span(key.padEnd(KEY_WIDTH), 'accent'), span(what)];
}

/** Where an action is listed: under the view that it is for, or under everything. */
const HELP_PARTS: readonly { readonly title: string; readonly names: readonly ActionName[] }[] = [
  { title: 'Everywhere', names: ['palette', 'copy', 'split', 'pause', 'answer', 'start', 'help', 'quit'] },
  { title: 'Views', names: ['hosts', 'servers', 'tools', 'live', 'logs', 'stats', 'next-view', 'previous-view'] },
  {
    title: 'In a list',
    names: ['down', 'up', 'page-down', 'page-up', 'top', 'bottom', 'open', 'back', 'filter', 'trouble', 'sort'],
  },
  {
    title: 'On a host, server or tool',
    names: ['reconnect', 'restart', 'log', 'explain', 'switch', 'call', 'list-tools'],
  },
  { title: 'On a live call', names: ['cancel'] },
  { title: 'In the log', names: ['follow', 'wrap', 'stream', 'level', 'all-logs'] },
  { title: 'In the statistics', names: ['window', 'by'] },
];

const FORM: readonly SpanLine[] = [
  line('In a form', 'bold'),
  keys('Tab ↑ ↓', 'from field to field; Space goes through choices'),
  keys('Ctrl-S', 'calls; so does Enter on the button'),
  keys('Ctrl-Y', 'copies the call as a command'),
];

/** The keys that are in force; `dashboard.yaml` can have changed them. */
function helpLines(actions: readonly Action[]): readonly SpanLine[] {
  const parts = HELP_PARTS.flatMap(({ title, names }) => {
    const found = names.flatMap((name) => actions.find((action) => action.name === name) ?? []);
    const shown = found.filter((action) => action.keys.length > 0);
    return [
      line(title, 'bold'),
      ...shown.map((action) => keys(action.keys.map(keyText).join(' '), action.what)),
      line(''),
    ];
  });
  return [...parts, ...FORM];
}
