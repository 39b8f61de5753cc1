/** How `doctor` shows its steps: line by line as they come, or as a picture on a terminal. */
import type { DoctorStep, DoctorWait } from '../api/control.ts';
import { type CancelTimer, type Clock, systemClock } from '../base/clock.ts';
import { type CliContext, isInteractive } from './context.ts';
import { livePicture, reportPicture, type Screen, type Waiting } from './doctor-picture.ts';
import { stepText } from './doctor-text.ts';

export interface DoctorView {
  step(step: DoctorStep): void;
  wait(wait: DoctorWait): void;
  /** Nothing is drawn while a person is asked something. */
  quiet<T>(work: () => Promise<T>): Promise<T>;
  /** The examination has ended, or was stopped. @param steps what is to be shown in the end */
  end(steps?: readonly DoctorStep[]): void;
}

/** @param verbose every step, line by line, as without a terminal */
export function createView(context: CliContext, verbose: boolean): DoctorView {
  const { io, globals } = context;
  if (globals.json) return { step: nothing, wait: nothing, quiet: (work) => work(), end: nothing };
  return io.stdout.isTTY && isInteractive(io) && !verbose ? new Picture(context, systemClock()) : lines(context);
}

function nothing(): void {
  // --json prints everything in the end.
}

function lines({ out, style }: CliContext): DoctorView {
  return {
    step: (step) => {
      out.write(stepText(step, style));
      out.progress('examining …');
    },
    wait: nothing,
    quiet: (work) => work(),
    end: () => {
      out.clear();
    },
  };
}

/** Often enough for seconds that pass. */
const REDRAW_MS = 250;

class Picture implements DoctorView {
  readonly #context: CliContext;
  readonly #clock: Clock;
  #steps: DoctorStep[] = [];
  /** By place. */
  readonly #waits = new Map<string, Waiting>();
  #cancel: CancelTimer | undefined;
  #questions = 0;

  constructor(context: CliContext, clock: Clock) {
    this.#context = context;
    this.#clock = clock;
  }

  step(step: DoctorStep): void {
    this.#steps.push(step);
    if (step.host !== undefined) this.#waits.delete(placeOf(step.host, step.server));
    this.#start();
  }

  wait(wait: DoctorWait): void {
    this.#waits.set(placeOf(wait.host, wait.server), { ...wait, sinceMs: this.#clock.monotonic() });
    this.#start();
  }

  async quiet<T>(work: () => Promise<T>): Promise<T> {
    this.#questions += 1;
    this.#context.out.clear();
    try {
      return await work();
    } finally {
      this.#questions -= 1;
    }
  }

  end(steps: readonly DoctorStep[] = this.#steps): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#waits.clear();
    this.#steps = [];
    const { out, io, style } = this.#context;
    out.write(reportPicture(steps, screenOf(io.stdout).columns, style));
  }

  #start(): void {
    if (this.#cancel === undefined) this.#draw();
  }

  #draw(): void {
    this.#cancel = this.#clock.after(REDRAW_MS, () => {
      this.#draw();
    });
    if (this.#questions > 0) return;
    const { out, io, style } = this.#context;
    const waits = [...this.#waits.values()];
    out.live(livePicture(this.#steps, waits, screenOf(io.stderr), this.#clock.monotonic(), style));
  }
}

/** Some terminals say 0 until somebody sets their size. */
function screenOf({ columns, rows }: Screen): Screen {
  return { columns: columns > 0 ? columns : 80, rows: rows > 0 ? rows : 24 };
}

function placeOf(host: string, server: string | undefined): string {
  return server === undefined ? host : `${host}/${server}`;
}
