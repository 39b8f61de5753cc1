/** The questions of `init` at a terminal. Everything is written to stderr. */
import type * as Clack from '@clack/prompts';
import type { DoctorStep, TrustCandidate } from '../api/control.ts';
import { AnywhereError } from '../base/errors.ts';
import { oneLine, shortened } from '../base/harmless.ts';
import { Turns } from '../base/turns.ts';
import { asTyped } from '../model/words.ts';
import { clientFiles } from '../setup/client-file.ts';
import type { CheckedHost, InitFace, Verdict } from '../setup/init.ts';
import type { Choices } from '../setup/init-state.ts';
import type { ServerStart, TrialOptions } from '../setup/init-trial.ts';
import { checkLasting, installedClients } from '../setup/install.ts';
import type { Offer } from '../setup/machine.ts';
import { answerQuestion, dropTypedAhead } from './ask.ts';
import type { CliContext } from './context.ts';
import { lookText, seenText, startText } from './init-text.ts';

type Known = Parameters<InitFace['pickHosts']>[0];

interface Option {
  readonly value: string;
  readonly label: string;
  readonly hint?: string;
}

/** Of clack's line: its guide, the box, and a space at the end. */
const FRAME = 8;

export class PromptFace implements InitFace {
  readonly #context: CliContext;
  readonly #clack: typeof Clack;
  /** Questions of several hosts come one after the other. */
  readonly #turns = new Turns(1);
  /** Lines that came while a question was on the screen. */
  #held: string[] | undefined;

  private constructor(context: CliContext, clack: typeof Clack) {
    this.#context = context;
    this.#clack = clack;
  }

  /** clack takes a while to load, and only this command shows so much of it. */
  static async open(context: CliContext): Promise<PromptFace> {
    return new PromptFace(context, await import('@clack/prompts'));
  }

  /** Passphrases and codes, while hosts are looked at. */
  readonly prompter: NonNullable<TrialOptions['prompter']> = (question, signal) =>
    this.#turns.run(async () => {
      this.#held ??= [];
      try {
        return await answerQuestion(this.#context, question, signal);
      } finally {
        const lines = this.#held;
        this.#held = undefined;
        for (const line of lines) this.#tell(line);
      }
    });

  async goOn({ hosts = [], isWritten }: Choices): Promise<boolean> {
    const where =
      isWritten === true
        ? 'The hosts file is written, and the AI clients come next'
        : `You had picked ${hosts.join(', ')}`;
    return await this.#confirm(`An earlier init was interrupted. ${where}. Continue there?`, true);
  }

  async pickHosts(known: Known, present: readonly string[]): Promise<readonly string[]> {
    const options = known.map(({ name, address, source }) => {
      const hint = present.includes(name) ? 'in the hosts file already' : (address ?? source);
      return this.#option(name, name, hint);
    });
    const { autocompleteMultiselect } = this.#clack;
    const { input, output, signal } = this.#common();
    return await this.#answer(() =>
      autocompleteMultiselect<string>({
        message: 'Which machines?',
        filter: isNamed,
        placeholder: output.columns < 60 ? 'type to filter' : 'type to filter, or user@address',
        required: true,
        maxItems: 12,
        options() {
          const typed = this.userInput.trim();
          const others = this.selectedValues.filter((value: string) => !known.some(({ name }) => name === value));
          const isNew =
            looksLikeHost(typed) && !known.some(({ name }) => name.includes(typed)) && !others.includes(typed);
          const added = [...others, ...(isNew ? [typed] : [])];
          return [...options, ...added.map((value) => ({ value, label: value, hint: 'as typed' }))];
        },
        ...{ input, output, signal },
      }),
    );
  }

  looking(hosts: readonly string[]): void {
    this.#progress(`checking ${hosts.join(', ')} …`);
  }

  step({ host, check, text }: DoctorStep): void {
    this.#progress(`${host ?? ''}: ${check}: ${text}`);
  }

  looked(checked: CheckedHost): void {
    this.#tell(lookText(checked, this.#context.style));
  }

  async trust(host: string, { name, keys, file }: TrustCandidate): Promise<boolean> {
    const lines = keys.map(({ type, fingerprint }) => `  ${oneLine(`${type} ${fingerprint}`)}\n`);
    this.#tell(`\n${oneLine(`${host}: ${name} shows an unknown key:`)}\n${lines.join('')}`);
    const question = `Compare the fingerprint with the owner of the machine. Trust ${name} and write its keys to ${file}?`;
    return await this.#confirm(question, false);
  }

  async failed(host: string): Promise<Verdict> {
    const options: { value: Verdict; label: string }[] = [
      { value: 'retry', label: 'Try again' },
      { value: 'leave out', label: 'Leave it out' },
      { value: 'add', label: 'Add it anyway' },
    ];
    const message = oneLine(`${host} cannot be used now. What next?`);
    return await this.#answer(() => this.#clack.select<Verdict>({ message, options, ...this.#common() }));
  }

  async pickDiscovered(hosts: readonly CheckedHost[]): Promise<readonly string[]> {
    const options = hosts.map(({ host, seen }) => this.#option(host.name, `${host.name}: ${seenText(seen)}`));
    const message = 'Also start the servers that AI clients on these machines start? (discover: true)';
    return await this.#several(
      message,
      options,
      options.map(({ value }) => value),
    );
  }

  async pickServers(offers: readonly Offer[]): Promise<readonly string[]> {
    const options = offers.map(({ host, name, says }) => this.#option(`${host}/${name}`, `${host}/${name}: ${says}`));
    const usual = offers.filter(({ isUsual }) => isUsual).map(({ host, name }) => `${host}/${name}`);
    return await this.#several('Which servers? Each is started once', options, usual);
  }

  starting(servers: readonly string[]): void {
    this.#progress(`starting ${servers.join(', ')} …`);
  }

  started(start: ServerStart): void {
    this.#tell(startText(start, this.#context.style));
  }

  async keepFailed(starts: readonly ServerStart[]): Promise<readonly string[]> {
    const options = starts.map(({ host, server }) => this.#option(`${host}/${server}`, `${host}/${server}`));
    return await this.#several('Add any of those that did not start?', options, []);
  }

  async write(file: string, diff: string): Promise<boolean> {
    this.#tell(`\n${diff}\n`);
    return await this.#confirm(`Write ${file}?`, true);
  }

  /** @param given on the command line. Undefined: no client is to be changed. */
  async pickClients(given: readonly string[] | undefined): Promise<readonly string[] | undefined> {
    if (given !== undefined) return given;
    const { io } = this.#context;
    const here = await installedClients(io);
    if (here.length === 0) {
      const text = 'No AI client was found on this machine. To add one later: mcp-anywhere install <client>\n';
      this.#tell(asTyped(text, this.#context.style.program));
      return undefined;
    }
    const lasting = this.#lasting();
    if (lasting !== undefined) {
      this.#tell(`To add MCP-Anywhere to AI clients: ${lasting}\n`);
      return undefined;
    }
    const options = await Promise.all(
      here.map(async (client) => {
        const [file] = await clientFiles(client, io);
        return this.#option(client.id, `${client.title}: ${file}`);
      }),
    );
    const all = here.map(({ id }) => id);
    const chosen = await this.#several('Add MCP-Anywhere to which AI clients?', options, all);
    return chosen.length === 0 ? undefined : chosen;
  }

  /** What has to come first where this program is in a cache. */
  #lasting(): string | undefined {
    try {
      checkLasting(this.#context.io.program);
      return undefined;
    } catch (error) {
      if (error instanceof AnywhereError) return error.hint;
      throw error;
    }
  }

  async #several(message: string, options: readonly Option[], initial: readonly string[]): Promise<readonly string[]> {
    const { autocompleteMultiselect } = this.#clack;
    return await this.#answer(() =>
      autocompleteMultiselect<string>({
        message,
        filter: isNamed,
        options: options.map((option) => ({ ...option })),
        initialValues: [...initial],
        maxItems: 12,
        ...this.#common(),
      }),
    );
  }

  async #confirm(question: string, initialValue: boolean): Promise<boolean> {
    const message = oneLine(question);
    return await this.#answer(() => this.#clack.confirm({ message, initialValue, ...this.#common() }));
  }

  async #answer<T>(ask: () => Promise<T | typeof Clack.CANCEL_SYMBOL>): Promise<T> {
    await dropTypedAhead(this.#context);
    this.#context.out.clear();
    const answer = await ask();
    if (!this.#clack.isCancel(answer)) return answer;
    this.#context.io.signal.throwIfAborted();
    throw new AnywhereError('INTERRUPTED', 'You stopped init. No file was left half-written.', {
      hint: 'mcp-anywhere init continues from here',
    });
  }

  #common(): { input: NodeJS.ReadStream; output: NodeJS.WriteStream; signal: AbortSignal } {
    const { stdin: input, stderr: output, signal } = this.#context.io;
    return { input, output, signal };
  }

  /** One row: clack loses count of rows that wrap. */
  #option(value: string, label: string, hint?: string): Option {
    const room = Math.max(12, this.#context.io.stderr.columns - FRAME);
    const text = shortened(oneLine(label), room);
    const left = room - text.length - 3;
    return { value, label: text, ...(hint === undefined || left < 6 ? {} : { hint: shortened(oneLine(hint), left) }) };
  }

  #progress(text: string): void {
    if (this.#held === undefined) this.#context.out.progress(text);
  }

  #tell(text: string): void {
    if (this.#held === undefined) this.#context.out.note(text);
    else this.#held.push(text);
  }
}

/** The space that somebody types to select is no part of what is searched. */
function isNamed(search: string, { value, label = value, hint = '' }: Clack.Option<string>): boolean {
  const wanted = search.trim().toLowerCase();
  return [value, label, hint].some((text) => text.toLowerCase().includes(wanted));
}

/** `[user@]address[:port]`, which ssh understands without an alias. */
function looksLikeHost(text: string): boolean {
  return /^(?:[^@\s/-][^@\s]*@)?[\w[][\w.:%[\]-]*$/.test(text) && text.length > 1;
}
