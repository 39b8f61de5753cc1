/** `demo`: a guided tour on three machines that exist only for the demo, and then their dashboard. */

import path from 'node:path';
import { systemClock } from '../base/clock.ts';
import { counted } from '../base/counted.ts';
import { EXIT, type ExitCode } from '../base/errors.ts';
import { harmless } from '../base/harmless.ts';
import type { TourScreen } from '../dashboard/tour.tsx';
import { runTour } from '../demo/tour.ts';
import type { TourEvent, TourHostState } from '../model/tour.ts';
import type { CliContext } from './context.ts';

/** The rows that the screen needs. */
const SCREEN_ROWS = 24;
const READING_MS = 2500;

export async function runDemo(context: CliContext): Promise<ExitCode> {
  const screen = await openScreen(context);
  const transcript: string[] = [];
  const print = createTourPrinter((text) => {
    if (screen === undefined) context.out.write(text);
    else transcript.push(text);
  });
  /** The screen shows one chapter. All of them stay in the scrollback of the terminal. */
  const leaveScreen = async (): Promise<void> => {
    await screen?.close();
    const lines = transcript.splice(0);
    if (lines.length > 0) context.out.write(lines.join(''));
  };
  try {
    await runTour({
      program: context.io.program.file,
      programs: path.join(path.dirname(context.io.program.file), 'demo'),
      clock: systemClock(),
      emit: (event) => {
        screen?.emit(event);
        print(event);
      },
      pauseMs: screen === undefined ? 0 : READING_MS,
      signal: context.io.signal,
      afterwards: async (place) => {
        await leaveScreen();
        await (await import('./demo-dashboard.ts')).offerDashboard(context, place);
      },
    });
  } finally {
    await leaveScreen();
  }
  return EXIT.ok;
}

async function openScreen(context: CliContext): Promise<TourScreen | undefined> {
  const { stdout, env } = context.io;
  if (!stdout.isTTY || stdout.rows < SCREEN_ROWS || env['CI'] !== undefined || env['TERM'] === 'dumb') return undefined;
  const { openTourScreen } = await import('../dashboard/tour.tsx');
  return openTourScreen(stdout, process);
}

const GLYPHS: Readonly<Record<TourHostState, string>> = { starting: '○', up: '●', down: '✖', returning: '◐' };

/** The tour as lines of text, for pipes, logs and small terminals. An unchanged list of tools is printed once. */
function createTourPrinter(write: (text: string) => void): (event: TourEvent) => void {
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
  const lines = [`  ${counted(event.total, 'tool')} in one list:\n`];
  for (const [host, tools] of event.perHost) {
    for (const tool of tools) lines.push(`    ${host}__${tool}\n`);
  }
  return lines;
}

function indent(text: string): string {
  return harmless(text).trimEnd().split('\n').join('\n    ');
}
