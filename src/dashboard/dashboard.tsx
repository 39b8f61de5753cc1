/** The dashboard: a model, the screen that shows it, the keys that change it, and the daemon it is about. */
import { type Instance, render } from 'ink';
import type { ReactElement } from 'react';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { asAnywhereError } from '../base/errors.ts';
import { Scope } from '../base/scope.ts';
import type { ControlClient } from '../daemon/control-client.ts';
import { Actor, type ScreenActions } from './actor.ts';
import { Attachment, type Connect } from './attach.ts';
import { listenToKeys } from './keyboard.ts';
import { firstModel, type Model } from './model/model.ts';
import { type Message, update } from './model/update.ts';
import { Pace } from './pace.ts';
import { Painter } from './painter.ts';
import { RowBook } from './row-book.ts';
import { Terminal, type TerminalIo } from './terminal.ts';
import { App } from './views/app.tsx';
import { Rows } from './views/line.tsx';
import type { Theme } from './views/theme.ts';

export { chooseTheme } from './views/theme.ts';

export interface DashboardOptions {
  readonly io: TerminalIo;
  /** A connection that stands, so that what is wrong with the start is told on the person's own screen. */
  readonly first: ControlClient;
  readonly connect: Connect;
  readonly clock: Clock;
  readonly random: () => number;
  readonly theme: Theme;
  /** How this program is called, for the commands it shows. */
  readonly program: string;
}

const FRAME_MS = 33;
const TICK_MS = 1000;
/** Longer than a signal takes. */
const RESUME_MS = 100;

/** Resolves when the person has left, or rejects with the signal's reason; the terminal is then as it was. */
export async function runDashboard(options: DashboardOptions, signal: AbortSignal): Promise<void> {
  const dashboard = new Dashboard(options);
  try {
    await dashboard.run(signal);
  } finally {
    await dashboard.close();
  }
}

class Dashboard {
  readonly #options: DashboardOptions;
  readonly #terminal: Terminal;
  readonly #painter: Painter;
  readonly #rows = new RowBook();
  readonly #pace: Pace;
  readonly #scope: Scope;
  readonly #attachment: Attachment;
  readonly #actor: Actor;
  readonly #left: Promise<void>;
  #leave: (error?: unknown) => void = () => undefined;
  #cancelTick: CancelTimer = () => undefined;
  #cancelResume: CancelTimer = () => undefined;
  #ink: Instance | undefined;
  #model: Model;

  constructor(options: DashboardOptions) {
    const { io, connect, clock, random, program } = options;
    this.#options = options;
    this.#left = new Promise((resolve, reject) => {
      this.#leave = (error) => {
        if (error === undefined) resolve();
        else reject(asAnywhereError(error));
      };
    });
    this.#scope = new Scope((error) => {
      this.#leave(error);
    });
    // Also when the first frame fails, before anything has begun to use the connection.
    this.#scope.onClose(() => options.first.close());
    this.#terminal = new Terminal(io);
    this.#painter = new Painter(this.#terminal, (frame) => this.#rows.rowsOf(frame));
    this.#pace = new Pace(clock, FRAME_MS, () => this.#ink?.rerender(this.#tree()));
    const { columns, rows } = this.#terminal;
    this.#model = firstModel({ program, columns, rows, nowMs: clock.now() });
    const common = { scope: this.#scope, dispatch: this.#dispatch };
    this.#attachment = new Attachment({ ...common, connect, clock, random });
    this.#actor = new Actor({ ...common, attachment: this.#attachment, screen: this.#screenActions() });
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#listen(signal);
    this.#terminal.enter();
    this.#ink = render(this.#tree(), {
      stdout: this.#painter as unknown as NodeJS.WriteStream,
      // Whole frames, each at once: what differs is the painter's to find.
      debug: true,
      exitOnCtrlC: false,
      patchConsole: false,
    });
    this.#scope.run(this.#ink.waitUntilExit());
    this.#attachment.start(this.#options.first);
    this.#tick();
    await this.#left;
  }

  async close(): Promise<void> {
    this.#terminal.leave();
    this.#cancelTick();
    this.#cancelResume();
    this.#pace.stop();
    this.#ink?.unmount();
    await this.#scope.close();
  }

  #tree(): ReactElement {
    return (
      <Rows value={this.#rows}>
        <App model={this.#model} theme={this.#options.theme} />
      </Rows>
    );
  }

  readonly #dispatch = (message: Message): void => {
    if (this.#scope.closed) return;
    const { model, effects } = update(this.#model, message);
    if (model !== this.#model) this.#pace.request();
    this.#model = model;
    for (const effect of effects) this.#actor.perform(effect);
  };

  /** Ages grow without an event. */
  #tick(): void {
    const { clock } = this.#options;
    this.#cancelTick = clock.after(TICK_MS, () => {
      this.#dispatch({ type: 'tick', nowMs: clock.now() });
      this.#tick();
    });
  }

  #listen(signal: AbortSignal): void {
    const { stdin, stdout } = this.#options.io;
    const onAbort = (): void => {
      this.#leave(signal.reason);
    };
    const onResize = (): void => {
      this.#painter.forget();
      const { columns, rows } = this.#terminal;
      this.#dispatch({ type: 'resize', columns, rows });
    };
    stdout.on('resize', onResize);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    const stopKeys = listenToKeys({
      stdin,
      clock: this.#options.clock,
      onKeys: (keys) => {
        for (const key of keys) this.#dispatch({ type: 'key', key });
      },
      onEnd: () => {
        this.#leave();
      },
    });
    this.#scope.onClose(() => {
      stdout.off('resize', onResize);
      signal.removeEventListener('abort', onAbort);
      stopKeys();
    });
  }

  #screenActions(): ScreenActions {
    const repaint = (): void => {
      this.#painter.repaint();
    };
    return {
      // OSC 52: the terminal's own clipboard, also over ssh.
      copy: (text) => {
        this.#terminal.write(`\u001B]52;c;${Buffer.from(text).toString('base64')}\u0007`);
      },
      suspend: () => {
        this.#terminal.suspend();
        // A process that stands still has no timers. Where nobody could let it go on, the kernel does not stop it.
        this.#cancelResume = this.#options.clock.after(RESUME_MS, () => {
          this.#terminal.enter();
          repaint();
        });
      },
      repaint,
      detach: () => {
        this.#leave();
      },
    };
  }
}
