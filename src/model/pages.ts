/** The text of what lies over a view and is read: help, details, explanation, a tool's answer. */

import { detailLines } from './details.ts';
import { pageColumns } from './layout.ts';
import type { Model, Overlay } from './model.ts';
import { line, plain, type SpanLine, span, wrapLine } from './text.ts';
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

function keys(key: string, what: string): SpanLine {
  return [span(key.padEnd(12), 'accent'), span(what)];
}

const HELP: readonly SpanLine[] = [
  line('Everywhere', 'bold'),
  keys('1–6  [ ]', 'views: hosts, servers, tools, live calls, logs, statistics'),
  keys('j k ↑ ↓', 'up and down; g G to the ends, Ctrl-D Ctrl-U by pages'),
  keys('Enter', 'details; Esc back'),
  keys('/', 'filter by words; Enter keeps it, Esc drops it'),
  keys('s', 'next order'),
  keys('c', 'copies the command that does the same'),
  keys('p', 'holds the screen still, and goes on'),
  keys('a', 'answers a question that waits (passphrase, code)'),
  keys('?', 'this help'),
  keys('q', 'leaves; the daemon goes on. Stop it with mcp-anywhere stop'),
  line(''),
  line('On a host, server or tool', 'bold'),
  keys('r', 'reconnects the host now'),
  keys('R', 'restarts the host or server, after a question'),
  keys('l', 'its log'),
  keys('x', 'explains what is wrong'),
  keys('e', 'switches a server off or on, after a question'),
  keys('t', 'calls a tool with a form (in the view of tools)'),
  keys('L', 'starts servers that have not spoken yet, and lists their tools'),
  line(''),
  line('On a live call', 'bold'),
  keys('K x', 'cancels it, after a question'),
  line(''),
  line('In the log', 'bold'),
  keys('f', 'follows'),
  keys('w', 'wraps long lines'),
  keys('v', 'only one stream: stderr, protocol, ssh, …'),
  keys('e', 'only what looks like warnings or errors'),
  keys('l', "everybody's log again"),
  line(''),
  line('In the statistics', 'bold'),
  keys('w', 'hour or day'),
  keys('b', 'by tool, server, host or client'),
  line(''),
  line('In a form', 'bold'),
  keys('Tab ↑ ↓', 'from field to field; Space goes through choices'),
  keys('Ctrl-S', 'calls; so does Enter on the button'),
];
