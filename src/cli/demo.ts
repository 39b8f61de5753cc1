/** `demo`: a guided tour on three machines that live only for its duration. */
import path from 'node:path';
import { systemClock } from '../base/clock.ts';
import { EXIT, type ExitCode } from '../base/errors.ts';
import type { TourScreen } from '../dashboard/tour.tsx';
import { createTourPrinter } from '../demo/print.ts';
import { runTour } from '../demo/tour.ts';
import type { CliContext } from './context.ts';

/** Rows a terminal needs to show the screen without scrolling. */
const SCREEN_ROWS = 24;
const READING_MS = 2500;

export async function runDemo(context: CliContext): Promise<ExitCode> {
  const screen = await openScreen(context);
  const print = createTourPrinter((text) => {
    context.out.write(text);
  });
  try {
    await runTour({
      program: context.io.program.file,
      programs: path.join(path.dirname(context.io.program.file), 'demo'),
      clock: systemClock(),
      emit: screen?.emit ?? print,
      pauseMs: screen === undefined ? 0 : READING_MS,
      signal: context.io.signal,
    });
  } finally {
    await screen?.close();
  }
  return EXIT.ok;
}

async function openScreen(context: CliContext): Promise<TourScreen | undefined> {
  const { stdout, env } = context.io;
  if (!stdout.isTTY || stdout.rows < SCREEN_ROWS || env['CI'] !== undefined || env['TERM'] === 'dumb') return undefined;
  const { openTourScreen } = await import('../dashboard/tour.tsx');
  return openTourScreen(stdout);
}
