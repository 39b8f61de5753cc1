/** The text of the overlays that a person reads: help, details, explanation, answer. */

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
      return { title: 'Keys', lines: HELP };
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

function keys(key: string, what: string): SpanLine {
  return [span(key.padEnd(12), 'accent'), span(what)];
}

const HELP: readonly SpanLine[] = [
  line('Everywhere', 'bold'),
  keys('1–6  [ ]', 'views: hosts, servers, tools, live calls, logs, statistics'),
  keys('j k ↑ ↓', 'up and down; g G to the ends, Ctrl-D Ctrl-U by pages'),
  keys('Enter', 'details; Esc back'),
  keys('/', 'filter by words; Enter keeps the filter, Esc removes it'),
  keys('s', 'next sort order'),
  keys('c', 'copies the equivalent command'),
  keys('p', 'pauses the screen, and resumes'),
  keys('a', 'answers a waiting question (passphrase, code)'),
  keys('?', 'this help'),
  keys('q', 'leaves; the daemon goes on (mcp-anywhere stop ends it)'),
  line(''),
  line('On a host, server or tool', 'bold'),
  keys('r', 'reconnects the host now'),
  keys('R', 'restarts the host or server, after asking'),
  keys('l', 'shows its log'),
  keys('x', 'explains what is wrong'),
  keys('e', 'switches a server off or on, after asking'),
  keys('t', 'calls a tool with a form (in the tools view)'),
  keys('L', 'starts all servers and lists their tools (in the tools view)'),
  line(''),
  line('On a live call', 'bold'),
  keys('K x', 'cancels the call, after asking'),
  line(''),
  line('In the log', 'bold'),
  keys('f', 'follows the end'),
  keys('w', 'wraps long lines'),
  keys('v', 'only one stream: stderr, protocol, ssh, …'),
  keys('e', 'only lines that look like warnings or errors'),
  keys('l', 'the log of all hosts again'),
  line(''),
  line('In the statistics', 'bold'),
  keys('w', 'hour or day'),
  keys('b', 'by tool, server, host or client'),
  line(''),
  line('In a form', 'bold'),
  keys('Tab ↑ ↓', 'from field to field; Space goes through choices'),
  keys('Ctrl-S', 'calls; so does Enter on the button'),
];
