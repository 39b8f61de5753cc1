/** How an AI client speaks: requests of which each has one answer. */
export interface Answer {
  /** Of the result, or the error's message. */
  readonly text: string;
  readonly kind: 'ok' | 'tool-error' | 'error';
  /** JSON-RPC's, of an error. */
  readonly code?: number | undefined;
}

export type OnAnswer = (answer: Answer) => void;

export interface Tongue {
  /** Returns how to cancel it: then it has no answer, or one that was under way already. */
  ask(method: string, params: object, onAnswer: OnAnswer): () => void;
  /** Stops reading for a while, as a busy client does. */
  doze(ms: number): Promise<void>;
  /** Leaves, whatever it waits for; no answer counts any more. Resolves when the other side has ended. */
  leave(): Promise<void>;
  /** Kills the program it speaks to, where that is a process of its own. */
  kill?(): Promise<void>;
}

export interface TongueEvents {
  /** What no client may ever be sent, in words. */
  readonly onBroken: (what: string) => void;
  /** The program it speaks to has ended by itself. */
  readonly onEnded: (how: string) => void;
}

export interface Result {
  readonly content?: readonly { readonly text?: string }[];
  readonly tools?: readonly unknown[];
  readonly isError?: boolean;
}

export function answerOf(result: Result): Answer {
  const text = result.tools === undefined ? (result.content?.[0]?.text ?? '') : `${result.tools.length} tools`;
  return { text, kind: result.isError === true ? 'tool-error' : 'ok' };
}
