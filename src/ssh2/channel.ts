/** One program on the machine, as ssh2 carries it (RFC 4254, sections 5 and 6). */
import type { ClientChannel } from 'ssh2';
import { AnywhereError } from '../base/errors.ts';
import type { Channel, ChannelEnd } from '../launch/contract.ts';
import { errorsOf, type Feed, Input, outputOf } from './streams.ts';
import { shareWindow } from './windows.ts';

export class Ssh2Channel implements Channel {
  readonly input: Input;
  readonly ended: Promise<ChannelEnd>;
  readonly #raw: ClientChannel;
  readonly #output: Feed;
  readonly #errors: Feed;
  #end: ChannelEnd | undefined;
  #resolve: (end: ChannelEnd) => void = () => undefined;
  #exit: { readonly code: number | undefined; readonly signal: string | undefined } | undefined;

  constructor(raw: ClientChannel) {
    this.#raw = raw;
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    shareWindow(raw);
    this.input = new Input(raw, () => this.#death());
    this.#output = outputOf(raw);
    this.#errors = errorsOf(raw);
    raw.on('error', () => undefined);
    raw.on('exit', (code: number | null, signal?: string) => {
      this.#exit = { code: code ?? undefined, signal: signal?.replace(/^SIG/, '') };
    });
    // `exit` may never come (mscdex/ssh2#168); `close` comes when the output was read.
    raw.once('close', () => {
      this.#finish(this.#exited() ?? { kind: 'exited', code: undefined, signal: undefined });
    });
  }

  get output(): Feed['stream'] {
    return this.#output.stream;
  }

  get errors(): Feed['stream'] {
    return this.#errors.stream;
  }

  get dead(): boolean {
    return this.#end?.kind === 'lost';
  }

  close(): void {
    if (this.#end !== undefined) return;
    this.#finish({ kind: 'closed' });
    this.#closeRaw();
  }

  /** The connection under it died. */
  lose(cause: AnywhereError): void {
    this.#finish(this.#exited() ?? { kind: 'lost', cause });
  }

  #exited(): ChannelEnd | undefined {
    return this.#exit === undefined ? undefined : { kind: 'exited', ...this.#exit };
  }

  #finish(end: ChannelEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.input.destroy(this.#death());
    if (end.kind === 'exited') {
      this.#output.finish();
      this.#errors.finish();
    } else {
      // What ssh2 still holds comes first; nothing may hold it back any longer.
      this.#raw.resume();
      this.#raw.stderr.resume();
      setImmediate(() => {
        this.#output.finish();
        this.#errors.finish();
      });
    }
    this.#resolve(end);
  }

  #closeRaw(): void {
    try {
      this.#raw.eof();
      this.#raw.close();
    } catch {
      // The connection went in the same moment, and the channel with it.
    }
  }

  #death(): AnywhereError | undefined {
    switch (this.#end?.kind) {
      case undefined:
        return undefined;
      case 'lost':
        return this.#end.cause;
      case 'closed':
        return new AnywhereError('SERVER_EXITED', 'the channel was closed');
      case 'exited':
        return new AnywhereError('SERVER_EXITED', 'the program has ended');
    }
  }
}
