/** The tour as lines of text: for pipes, logs and small terminals. */
import type { TourEvent, TourHostState } from '../model/tour.ts';

const GLYPHS: Readonly<Record<TourHostState, string>> = { starting: '○', up: '●', down: '✖', returning: '◐' };

/** Turns each event into the lines to print. Remembers only the last list of tools, to print it once. */
export function createTourPrinter(write: (text: string) => void): (event: TourEvent) => void {
  let shownTools = 0;
  return (event) => {
    if (event.type === 'tools') {
      const lines = event.total === shownTools ? [] : toolLines(event);
      shownTools = event.total;
      write(lines.join(''));
    } else {
      write(linesOf(event));
    }
  };
}

function linesOf(event: Exclude<TourEvent, { type: 'tools' }>): string {
  switch (event.type) {
    case 'chapter':
      return `\n${event.title}\n`;
    case 'host':
      return `  ${GLYPHS[event.state]} ${event.host.padEnd(8)} ${event.state.padEnd(9)} ${event.reason}\n`;
    case 'remark':
      return `  ${event.text}\n`;
    case 'asked':
      return `  → ${event.tool} ${event.args}`.trimEnd() + '\n';
    case 'answered':
      return `  ${event.isError ? '✖' : '←'} ${indent(event.text)}  (${event.durationMs.toFixed(0)} ms)\n`;
    case 'finished':
      return `\nThat was real: SSH, MCP servers, one hosts file. Next:\n${event.next.map((line) => `  ${line}\n`).join('')}`;
  }
}

function toolLines(event: Extract<TourEvent, { type: 'tools' }>): string[] {
  const lines = [`  ${String(event.total)} tools in one list:\n`];
  for (const [host, tools] of event.perHost) {
    for (const tool of tools) lines.push(`    ${host}__${tool}\n`);
  }
  return lines;
}

function indent(text: string): string {
  return text.trimEnd().split('\n').join('\n    ');
}
