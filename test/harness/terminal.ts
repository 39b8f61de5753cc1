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
  type(keys: string): void;
  /** Waits until the text is on the screen. */
  shows(text: string | RegExp, withinMs?: number): Promise<void>;
  /** The exit code. */
  readonly exit: Promise<number>;
}

interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  /** Called after every piece of output was drawn. */
  readonly onDraw?: (text: string) => void;
}

/** Runs a command in a terminal of its own, killed after the test if it still runs. */
export function runInTerminal(args: readonly string[], sandbox: Sandbox, options: TerminalOptions = {}): TerminalRun {
  const { columns: cols = 110, rows = 40, onDraw } = options;
  const screen = new xterm.Terminal({ cols, rows, allowProposedApi: true });
  const env = { ...sandbox.env, TERM: 'xterm-256color' };
  const pty = spawn(process.execPath, [BIN, ...args], { cols, rows, env, cwd: sandbox.home });
  let ended = false;
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
