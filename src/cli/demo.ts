/** `demo`: a guided tour on three machines that exist only for the demo. */

import path from 'node:path';
import { systemClock } from '../base/clock.ts';
import { counted } from '../base/counted.ts';
import { EXIT, type ExitCode } from '../base/errors.ts';
import type { TourScreen } from '../dashboard/tour.tsx';
import { type DemoPlace, runTour } from '../demo/tour.ts';
import type { TourEvent, TourHostState } from '../model/tour.ts';
import { confirmed } from './ask.ts';
import type { CliContext } from './context.ts';

/** The rows that the screen needs. */
const SCREEN_ROWS = 24;
const READING_MS = 2500;
/** The time for the daemon of the demo to end, ms. */
const STOP_MS = 10_000;

export async function runDemo(context: CliContext): Promise<ExitCode> {
  const screen = await openScreen(context);
  const events: TourEvent[] = [];
  const print = createTourPrinter((text) => {
    context.out.write(text);
  });
  /** The screen shows one chapter at a time. The whole tour stays in the scrollback. */
  const closeScreen = async (): Promise<void> => {
    await screen?.close();
    for (const event of events.splice(0)) print(event);
  };
  try {
    await runTour({
      program: context.io.program.file,
      programs: path.join(path.dirname(context.io.program.file), 'demo'),
      clock: systemClock(),
      emit: (event) => {
        if (screen === undefined) {
          print(event);
          return;
        }
        events.push(event);
        screen.emit(event);
      },
      pauseMs: screen === undefined ? 0 : READING_MS,
      signal: context.io.signal,
      visit: async (place) => {
        await closeScreen();
        if (canVisit(context)) await visit(context, place);
      },
    });
  } finally {
    await closeScreen();
  }
  return EXIT.ok;
}

async function openScreen(context: CliContext): Promise<TourScreen | undefined> {
  const { stdout, env } = context.io;
  if (!stdout.isTTY || stdout.rows < SCREEN_ROWS || env['CI'] !== undefined || env['TERM'] === 'dumb') return undefined;
  const { openTourScreen } = await import('../dashboard/tour.tsx');
  return openTourScreen(stdout);
}

/** Somebody sits at a terminal. */
function canVisit({ io: { stdin, stdout, stderr, env } }: CliContext): boolean {
  return stdin.isTTY && stdout.isTTY && stderr.isTTY && env['CI'] === undefined && env['TERM'] !== 'dumb';
}

/** Says how the terminal of the person works, and nothing else of the person. */
const OF_TERMINAL = ['TERM', 'COLORTERM', 'COLORFGBG', 'NO_COLOR', 'LANG', 'LC_ALL', 'LC_CTYPE'];

/** The dashboard on the machines of the demo, for as long as the person likes. */
async function visit(context: CliContext, { folder, hostsFile, env }: DemoPlace): Promise<void> {
  if (!(await confirmed(context, 'Open the dashboard on these three machines? q leaves it.', { usually: true })))
    return;
  const { io, globals } = context;
  const terminal = OF_TERMINAL.flatMap((name) => (io.env[name] === undefined ? [] : [[name, io.env[name]] as const]));
  const own = { ...env, ...Object.fromEntries(terminal) };
  const there = { ...io, env: own, cwd: folder, homeDir: env['HOME'] ?? folder };
  const visiting = { ...context, globals: { ...globals, config: hostsFile }, io: there };
  try {
    await (await import('./dash.ts')).runDash(visiting, { ascii: false, mouse: false });
  } finally {
    // The signal of the command may have fired, and the daemon of the demo ends all the same.
    const ending = { ...visiting, io: { ...there, signal: AbortSignal.timeout(STOP_MS) } };
    await (await import('./steer.ts')).endDaemon(ending, { now: true });
    context.out.clear();
  }
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
  return text.trimEnd().split('\n').join('\n    ');
}
