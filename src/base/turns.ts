/** Limits how many tasks are under way at once. Tasks that somebody waits for go first; then first come, first served. */
import { orAbort } from './abort.ts';
import type { CancelTimer, Clock } from './clock.ts';

/** The place of one task, first in the queue and then among those under way. */
export interface Turn {
  /** Resolves when the task may begin: never, where the task left the queue before. */
  readonly begun: Promise<void>;
  /** Somebody waits for the task now. */
  raise(): void;
  /** Leaves the queue, or makes room for the next task. Only the first call counts. */
  end(): void;
}

interface Place extends Turn {
  begin(): void;
}

export interface TurnOptions {
  /** Left out: somebody waits for the task. */
  readonly isAwaited?: boolean;
}

/**
 * The work, in its turn. Slow work goes on, and makes room for the next task.
 * @param signal ends the wait for the turn, and takes the task out of the queue
 */
export async function inTurn<T>(
  turn: Turn | undefined,
  { clock, atMostMs, signal }: { readonly clock: Clock; readonly atMostMs: number; readonly signal: AbortSignal },
  work: () => Promise<T>,
): Promise<T> {
  if (turn === undefined) return await work();
  let cancel: CancelTimer = () => undefined;
  try {
    await orAbort(turn.begun, signal);
    const makeRoom = (): void => {
      turn.end();
    };
    cancel = clock.after(atMostMs, makeRoom, { background: true });
    return await work();
  } finally {
    cancel();
    turn.end();
  }
}

export class Turns {
  readonly #most: () => number;
  readonly #awaited = new Set<Place>();
  readonly #others = new Set<Place>();
  readonly #underWay = new Set<Place>();

  /** @param most tasks at once, at least 1; a function is asked whenever a task comes or ends */
  constructor(most: number | (() => number)) {
    this.#most = typeof most === 'number' ? () => most : most;
  }

  take({ isAwaited = true }: TurnOptions = {}): Turn {
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const place: Place = {
      begun,
      begin,
      raise: () => {
        if (this.#others.delete(place)) this.#awaited.add(place);
      },
      end: () => {
        for (const places of [this.#awaited, this.#others, this.#underWay]) places.delete(place);
        this.#fill();
      },
    };
    (isAwaited ? this.#awaited : this.#others).add(place);
    this.#fill();
    return place;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.take();
    try {
      await turn.begun;
      return await work();
    } finally {
      turn.end();
    }
  }

  #fill(): void {
    while (this.#underWay.size < this.#most()) {
      const [next] = this.#awaited.size > 0 ? this.#awaited : this.#others;
      if (next === undefined) return;
      this.#awaited.delete(next);
      this.#others.delete(next);
      this.#underWay.add(next);
      next.begin();
    }
  }
}
