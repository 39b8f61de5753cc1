/** The built program in a real terminal (a pty), seen as a person sees it. */
import { spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { onTestFinished } from 'vitest';
import { BIN } from './program.ts';
import type { Sandbox } from './sandbox.ts';
import { until } from './until.ts';

export interface TerminalRun {
  /** All that can be seen, scrolled-off lines included. */
  text(): string;
  /** What a person sees now, row by row, without the spaces at the ends. */
  screen(): string[];
  /** Every byte that the program wrote. */
  written(): string;
  type(keys: string): void;
  resize(columns: number, rows: number): void;
  readonly pid: number;
  /** A full-screen program has the alternate one. */
  isAlternate(): boolean;
  /** A row that is too long goes on in the next one. */
  wraps(): boolean;
  /** Waits until the text is on the screen. */
  shows(text: string | RegExp, withinMs?: number): Promise<void>;
  /** The exit code. */
  readonly exit: Promise<number>;
}

interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  /** Beside the sandbox's. */
  readonly env?: Readonly<Record<string, string>>;
  /** A shell starts it, and tells with `stty -a` how it left the terminal. */
  readonly thenStty?: boolean;
  /** Called after every piece of output was drawn. */
  readonly onDraw?: (text: string) => void;
}

/** Runs a command in a terminal of its own, killed after the test if it still runs. */
export function runInTerminal(args: readonly string[], sandbox: Sandbox, options: TerminalOptions = {}): TerminalRun {
  const { columns: cols = 110, rows = 40, onDraw, thenStty = false } = options;
  const screen = new xterm.Terminal({ cols, rows, allowProposedApi: true });
  const env = { ...sandbox.env, TERM: 'xterm-256color', ...options.env };
  const command = [process.execPath, BIN, ...args];
  // `cat` keeps the terminal open: what is written right before the last program ends can be lost.
  const [file = '', ...words] = thenStty
    ? ['/bin/sh', '-c', '"$@"; echo "exit=$?"; stty -a; exec cat', 'sh', ...command]
    : command;
  const pty = spawn(file, words, { cols, rows, env, cwd: sandbox.home });
  let ended = false;
  let written = '';
  const exit = new Promise<number>((resolve) => {
    pty.onExit(({ exitCode, signal }) => {
      ended = true;
      resolve(signal === undefined || signal === 0 ? exitCode : -signal);
    });
  });
  const text = (): string => {
    const buffer = screen.buffer.active;
    return Array.from({ length: buffer.length }, (_, row) => buffer.getLine(row)?.translateToString(true) ?? '').join(
      '\n',
    );
  };
  pty.onData((data) => {
    written += data;
    screen.write(data, () => onDraw?.(text()));
  });
  onTestFinished(() => {
    if (!ended) pty.kill('SIGKILL');
    screen.dispose();
  });
  const matches = (wanted: string | RegExp): boolean =>
    typeof wanted === 'string' ? text().includes(wanted) : wanted.test(text());
  return {
    text,
    screen: () => {
      const buffer = screen.buffer.active;
      return Array.from({ length: screen.rows }, (_, row) =>
        (buffer.getLine(buffer.viewportY + row)?.translateToString(true) ?? '').trimEnd(),
      );
    },
    written: () => written,
    resize: (columns, height) => {
      screen.resize(columns, height);
      pty.resize(columns, height);
    },
    pid: pty.pid,
    isAlternate: () => screen.buffer.active.type === 'alternate',
    wraps: () => screen.modes.wraparoundMode,
    exit,
    type: (keys) => {
      pty.write(keys);
    },
    shows: async (wanted, withinMs = 20_000) => {
      await until(() => matches(wanted), {
        withinMs,
        what: () => `${String(wanted)} on the screen, which shows:\n${text().trimEnd()}`,
      });
    },
  };
}
