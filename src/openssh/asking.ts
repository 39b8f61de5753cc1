/**
 * How the system's ssh asks a person: ssh runs an askpass of two lines, which sends the prompt to the prompter over a socket in
 * our 0700 folder and prints the answer. An answer is never in an argument, a variable or a file.
 */
import { chmod, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { DialerDeps, Question } from '../launch/contract.ts';
import { word } from '../launch/quote.ts';
import { hostPrompt } from '../ssh/askpass.ts';

export interface Askpass {
  /** For the environment of ssh. */
  readonly variables: Readonly<Record<string, string>>;
  /** Questions that wait for a person. */
  readonly open: number;
  /** The first unanswered question. */
  readonly declined: Question | undefined;
  close(): void;
}

/** The login that the questions belong to. */
interface Asked {
  readonly host: string;
  /** `user@host` */
  readonly login: string;
}

/** Without an answer where the person declined. */
interface Reply {
  readonly answer?: string;
}

/** Longest prompt; the host may have written it. */
export const PROMPT_CHARACTERS = 64 * 1024;

const CLIENT = `'use strict';
const [, , socket, text] = process.argv;
const { SSH_ASKPASS_PROMPT: kind = '' } = process.env;
let reply = '';
process.exitCode = 1;
const link = require('node:net').connect(socket, () => link.end(JSON.stringify({ text, kind })));
link.setEncoding('utf8').on('data', (part) => { reply += part; }).on('error', () => {}).on('end', () => {
  const { answer } = JSON.parse(reply || '{}');
  if (answer === undefined) return;
  process.exitCode = 0;
  process.stdout.write(answer + '\\n');
});
`;

/**
 * Listens in `folder`.
 * @param onDeclined nobody gave a password or code: ssh would send an empty one, which counts as a failed attempt. An unanswered
 *   passphrase only skips its key.
 */
export async function startAskpass(
  folder: string,
  { host, login }: Asked,
  deps: DialerDeps,
  onDeclined: () => void,
  signal: AbortSignal,
): Promise<Askpass> {
  const desk = new AskpassServer({ host, login }, deps, onDeclined, signal);
  const socket = join(folder, 'a');
  const [askpass, client] = [join(folder, 'askpass'), join(folder, 'askpass.cjs')];
  await Promise.all([
    desk.listen(socket),
    writeFile(client, CLIENT, { mode: 0o600 }),
    writeFile(
      askpass,
      `#!/bin/sh\nexec ${[process.execPath, client, socket].map((path) => word(path, 'a path')).join(' ')} "$@"\n`,
      { mode: 0o700 },
    ),
  ]);
  await chmod(socket, 0o600);
  desk.variables = {
    SSH_ASKPASS: askpass,
    SSH_ASKPASS_REQUIRE: 'force',
    // Before 8.4 there is no SSH_ASKPASS_REQUIRE, and a display decides.
    DISPLAY: deps.env['DISPLAY'] ?? ':0',
  };
  return desk;
}

class AskpassServer implements Askpass {
  variables: Readonly<Record<string, string>> = {};
  open = 0;
  declined: Question | undefined;
  readonly #host: string;
  readonly #login: string;
  readonly #deps: DialerDeps;
  readonly #onDeclined: () => void;
  readonly #signal: AbortSignal;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor({ host, login }: Asked, deps: DialerDeps, onDeclined: () => void, signal: AbortSignal) {
    this.#host = host;
    this.#login = login;
    this.#deps = deps;
    this.#onDeclined = onDeclined;
    this.#signal = signal;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#accept(socket);
    });
  }

  listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject).listen(path, resolve);
    });
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(socket: Socket): void {
    let request = '';
    this.#sockets.add(socket);
    socket
      .setEncoding('utf8')
      .on('error', () => undefined)
      .on('close', () => this.#sockets.delete(socket));
    socket.on('data', (part: string) => {
      request += part;
      if (request.length > PROMPT_CHARACTERS) socket.destroy();
    });
    socket.on('end', () => {
      void this.#answer(request).then(
        (reply) => {
          if (reply !== 'hold') socket.end(JSON.stringify(reply));
        },
        () => {
          socket.end('{}');
        },
      );
    });
  }

  async #answer(request: string): Promise<Reply | 'hold'> {
    const prompt = JSON.parse(request) as AskpassPrompt;
    const task = taskOf(this.#host, this.#login, prompt);
    if (task.kind === 'ask') return this.#ask(task.question);
    this.#deps.log.info(
      { host: this.#host, prompt: prompt.text },
      task.kind === 'notice' ? 'ssh waits for a person' : 'ssh asked for a consent that is never given',
    );
    return task.kind === 'notice' ? 'hold' : {};
  }

  async #ask(question: Question): Promise<Reply> {
    this.open += 1;
    try {
      const answer = await this.#deps.prompter(question, this.#signal);
      if (answer !== undefined) return { answer };
    } finally {
      this.open -= 1;
    }
    this.declined ??= question;
    if (question.kind !== 'passphrase') this.#onDeclined();
    return {};
  }
}

/** One run of askpass. `kind` is SSH_ASKPASS_PROMPT: empty for a secret (ssh(1), ENVIRONMENT). */
export interface AskpassPrompt {
  readonly text: string;
  readonly kind: string;
}

type AskpassTask =
  /** Stands until ssh ends the askpass: "Confirm user presence for key …". */
  | { readonly kind: 'notice' }
  /** A consent that is never given: to an unknown host key, to the use of a key. */
  | { readonly kind: 'refuse' }
  | { readonly kind: 'ask'; readonly question: Question };

/**
 * A prompt of the system's ssh (readpass.c, sshconnect2.c; LC_ALL=C) as a question. Before OpenSSH 8.5 prompts of ssh and of the
 * host look alike, so all of them are marked with the login.
 * @param login `user@host`
 */
export function taskOf(host: string, login: string, prompt: AskpassPrompt): AskpassTask {
  if (prompt.kind === 'none') return { kind: 'notice' };
  if (prompt.kind !== '' || /\(yes\/no/.test(prompt.text)) return { kind: 'refuse' };
  const text = hostPrompt(login, prompt.text);
  return { kind: 'ask', question: { host, kind: questionKind(prompt.text), text, echo: false } };
}

/** Every other prompt comes from the host (keyboard-interactive); ssh puts `(user@host)` before it. */
function questionKind(text: string): Question['kind'] {
  if (/^Enter (passphrase|PIN) for /.test(text)) return 'passphrase';
  return /^\S+@\S+'s password: $/.test(text) ? 'password' : 'keyboard-interactive';
}
