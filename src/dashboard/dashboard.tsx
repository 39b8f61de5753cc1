/** The dashboard: connects the model to the screen, the keys and the daemon. */
import { type Instance, render } from 'ink';
import type { ReactElement } from 'react';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { asAnywhereError } from '../base/errors.ts';
import { Scope } from '../base/scope.ts';
import type { ControlClient } from '../control/client.ts';
import { firstModel, type Model } from '../model/model.ts';
import { type Message, update } from '../model/update.ts';
import { Actor, type ScreenActions } from './actor.ts';
import { Attachment, type Connect } from './attach.ts';
import { listenToKeys } from './keys.ts';
import { Painter, RowMarks } from './painter.ts';
import type { DashboardSettings } from './settings.ts';
import { Terminal, type TerminalIo } from './terminal.ts';
import type { Theme } from './theme.ts';
import { App } from './views/frame.tsx';
import { Marks } from './views/line.tsx';

export { readSettings } from './settings.ts';
export { chooseTheme } from './theme.ts';

export interface DashboardOptions {
  readonly io: TerminalIo;
  /** Connected before the dashboard takes over the terminal, so that an error is printed like that of any command. */
  readonly first: ControlClient;
  readonly connect: Connect;
  readonly clock: Clock;
  readonly random: () => number;
  readonly theme: Theme;
  readonly settings: Pick<DashboardSettings, 'actions' | 'split' | 'mouse'>;
  /** The program and its options, for the commands on the screen. */
  readonly program: string;
}

const FRAME_MS = 33;
const TICK_MS = 1000;
/** A signal arrives within this time, ms. */
const RESUME_MS = 100;

/** Resolves when the person leaves; rejects with the signal's reason. Restores the terminal in both cases. */
export async function runDashboard(options: DashboardOptions, signal: AbortSignal): Promise<void> {
  const dashboard = new Dashboard(options);
  try {
    await dashboard.run(signal);
  } finally {
    await dashboard.close();
  }
}

/** Draws at most once in `FRAME_MS`, and always draws the last state. */
class Pace {
  readonly #clock: Clock;
  readonly #draw: () => void;
  #cancel: CancelTimer | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, draw: () => void) {
    this.#clock = clock;
    this.#draw = draw;
  }

  request(): void {
    const delayMs = Math.max(0, this.#lastMs + FRAME_MS - this.#clock.monotonic());
    this.#cancel ??= this.#clock.after(delayMs, () => {
      this.#cancel = undefined;
      this.#lastMs = this.#clock.monotonic();
      this.#draw();
    });
  }

  stop(): void {
    this.#cancel?.();
  }
}

class Dashboard {
  readonly #options: DashboardOptions;
  readonly #terminal: Terminal;
  readonly #painter: Painter;
  readonly #marks = new RowMarks();
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
    const { io, connect, clock, random, program, settings } = options;
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
    // Nothing else closes this connection if the first frame fails.
    this.#scope.onClose(() => options.first.close());
    this.#terminal = new Terminal({ ...io, mouse: settings.mouse });
    this.#painter = new Painter(this.#terminal, this.#marks);
    this.#pace = new Pace(clock, () => this.#ink?.rerender(this.#tree()));
    const { columns, rows } = this.#terminal;
    const { actions, split } = settings;
    this.#model = firstModel({ program, columns, rows, nowMs: clock.now(), actions, split });
    const common = { scope: this.#scope, dispatch: this.#dispatch };
    this.#attachment = new Attachment({ ...common, connect, clock, random });
    this.#actor = new Actor({ ...common, attachment: this.#attachment, screen: this.#screenActions() });
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#listen(signal);
    this.#terminal.enter();
    this.#ink = render(this.#tree(), {
      stdout: this.#painter as unknown as NodeJS.WriteStream,
      // Makes Ink write each frame whole and at once. The painter finds what changed.
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
      <Marks value={this.#marks}>
        <App model={this.#model} theme={this.#options.theme} />
      </Marks>
    );
  }

  readonly #dispatch = (message: Message): void => {
    if (this.#scope.closed) return;
    const { model, effects } = update(this.#model, message);
    if (model !== this.#model) this.#pace.request();
    this.#model = model;
    for (const effect of effects) this.#actor.perform(effect);
  };

  /** Updates the ages on the screen. */
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
      // OSC 52 sets the clipboard of the terminal, also over ssh.
      copy: (text) => {
        this.#terminal.write(`\u001B]52;c;${Buffer.from(text).toString('base64')}\u0007`);
      },
      suspend: () => {
        this.#terminal.suspend();
        // The timer of a stopped process fires after the shell continues the process. In a process group without a
        // shell the kernel does not stop the process, and the timer fires at once.
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
