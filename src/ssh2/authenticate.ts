/** Drives ssh2's login with the reducer of attempts.ts. */
import ssh2, { type AnyAuthMethod, type AuthHandlerMiddleware, type ParsedKey } from 'ssh2';
import { AnywhereError } from '../base/errors.ts';
import type { SignatureHash } from '../ssh/agent.ts';
import type { SshSettings } from '../ssh/config.ts';
import { type Attempt, type LoginState, nextAttempt, startLogin, withoutQuestions } from './attempts.ts';
import type { Identity, IdentityList } from './identities.ts';
import type { Asker } from './questions.ts';

export interface Authentication {
  readonly handler: AuthHandlerMiddleware;
  /** The machine refused an attempt, or accepted a part of the login. */
  refused(methods: readonly string[], partial: boolean): void;
  /** The key of the attempt under way. */
  trying(): Identity | undefined;
  /** The methods that made the login, for people. */
  method(): string;
  /** Why the login failed, with everything that was tried. */
  failure(machine: string, host: string): AnywhereError;
}

export interface AuthenticationOptions {
  readonly settings: SshSettings;
  readonly identities: Promise<IdentityList>;
  readonly asker: Asker;
}

export function createAuthentication(options: AuthenticationOptions): Authentication {
  return new Login(options);
}

class Login implements Authentication {
  readonly #options: AuthenticationOptions;
  #state: LoginState | undefined;
  #notes: readonly string[] = [];
  #methods: readonly string[] | undefined;
  #attempt: Attempt | undefined;
  /** The machine has not answered the attempt. */
  #isUnderWay = false;
  #steps: string[] = [];
  readonly #tried: string[] = [];
  #usedAgent = false;
  #keyFailure: AnywhereError | undefined;

  constructor(options: AuthenticationOptions) {
    this.#options = options;
  }

  readonly handler: AuthHandlerMiddleware = (_methods, _partial, next) => {
    const giveUp = (): void => {
      // ssh2's types lack `false`.
      next(false as unknown as AnyAuthMethod);
    };
    // ssh2 throws where the connection has ended meanwhile; that end fails the login.
    this.#next()
      .then(next, giveUp)
      .catch(() => undefined);
  };

  refused(methods: readonly string[], partial: boolean): void {
    this.#methods = methods;
    this.#isUnderWay = false;
    if (partial) this.#steps = [...this.#steps, this.#nameOf(this.#attempt)];
    else if (this.#attempt?.kind !== 'none') this.#tried.push(this.#nameOf(this.#attempt));
  }

  trying(): Identity | undefined {
    return this.#attempt?.kind === 'publickey' ? this.#attempt.identity : undefined;
  }

  method(): string {
    return [...this.#steps, this.#nameOf(this.#attempt)].join(', then ');
  }

  failure(machine: string, host: string): AnywhereError {
    const evidence = [
      ...(this.#tried.length === 0 && !this.#isUnderWay ? ['there was no key to offer'] : []),
      ...this.#tried.map((what) => `refused: ${what}`),
      ...this.#notes,
      ...this.#unanswered(),
      ...this.#untried(),
      ...(this.#methods === undefined ? [] : [`it accepts: ${this.#methods.join(', ')}`]),
    ];
    if (this.#keyFailure !== undefined)
      return new AnywhereError(this.#keyFailure.code, this.#keyFailure.message, {
        host,
        evidence,
        hint: this.#keyFailure.hint,
      });
    if (this.#options.asker.declined())
      return new AnywhereError('NO_TTY', `${machine} asked a question that nobody answered`, { host, evidence });
    return new AnywhereError('AUTH_FAILED', `${machine} accepted none of the keys and answers`, {
      host,
      evidence,
      hint: this.#usedAgent ? undefined : `name the right key with IdentityFile; mcp-anywhere doctor ${host}`,
    });
  }

  /** sshd ends the login instead of refusing the last attempt that MaxAuthTries allows. */
  #unanswered(): string[] {
    return this.#isUnderWay ? [`the machine ended the login instead of answering: ${this.#nameOf(this.#attempt)}`] : [];
  }

  /** The keys that were left when the machine ended the login (MaxAuthTries). */
  #untried(): string[] {
    const rest = this.#attempt?.kind === 'publickey' ? (this.#state?.identities ?? []) : [];
    return rest.length === 0
      ? []
      : [
          `the machine ended the login (MaxAuthTries) before these were tried: ${rest.map(({ label }) => label).join(', ')}`,
        ];
  }

  async #next(): Promise<AnyAuthMethod> {
    this.#state ??= await this.#start();
    if (this.#options.asker.declined()) this.#state = withoutQuestions(this.#state);
    const [attempt, state] = nextAttempt(this.#state, { methods: this.#methods });
    this.#attempt = attempt;
    this.#isUnderWay = attempt.kind !== 'none' && attempt.kind !== 'give-up';
    this.#state = state;
    this.#usedAgent ||= attempt.kind === 'publickey' && attempt.identity.source === 'agent';
    return this.#methodOf(attempt, this.#options.settings.user);
  }

  async #start(): Promise<LoginState> {
    const { identities, notes } = await this.#options.identities;
    this.#notes = notes;
    return startLogin(this.#options.settings, identities);
  }

  async #methodOf(attempt: Attempt, username: string): Promise<AnyAuthMethod> {
    switch (attempt.kind) {
      case 'publickey':
        return this.#publicKey(attempt.identity, username);
      case 'keyboard-interactive':
        return { type: 'keyboard-interactive', username, prompt: this.#options.asker.interactive };
      case 'password': {
        const password = await this.#options.asker.password(
          1 + this.#tried.filter((what) => what === 'password').length,
        );
        return password === undefined ? this.#next() : { type: 'password', username, password };
      }
      case 'none':
        return { type: 'none', username };
      case 'give-up':
        throw new Error('nothing left to try');
    }
  }

  async #publicKey(identity: Identity, username: string): Promise<AnyAuthMethod> {
    try {
      const key = await identity.publicKey(this.#options.asker.passphrase);
      return {
        type: 'agent',
        username,
        agent: new OneKeyAgent(identity, key, this.#options.asker, (error) => {
          this.#noteKeyFailure(error);
        }),
      };
    } catch (error) {
      this.#noteKeyFailure(error);
      return this.#next();
    }
  }

  #noteKeyFailure(error: unknown): void {
    if (error instanceof AnywhereError) this.#keyFailure = error;
    this.#notes = [
      ...this.#notes,
      `${this.#nameOf(this.#attempt)} could not sign: ${error instanceof Error ? error.message : String(error)}`,
    ];
  }

  #nameOf(attempt: Attempt | undefined): string {
    return attempt?.kind === 'publickey' ? attempt.identity.label : (attempt?.kind ?? 'none');
  }
}

/** ssh2 asks an agent for a signature only once the machine accepts the key, so nobody types a passphrase in vain. */
class OneKeyAgent extends ssh2.BaseAgent<ParsedKey> {
  readonly #identity: Identity;
  readonly #key: ParsedKey;
  readonly #asker: Asker;
  readonly #onFailure: (error: unknown) => void;

  constructor(identity: Identity, key: ParsedKey, asker: Asker, onFailure: (error: unknown) => void) {
    super();
    this.#identity = identity;
    this.#key = key;
    this.#asker = asker;
    this.#onFailure = onFailure;
  }

  override getIdentities(done: (error: undefined, keys: ParsedKey[]) => void): void {
    done(undefined, [this.#key]);
  }

  override sign(_key: ParsedKey, data: Buffer, options: unknown, done?: unknown): void {
    const answer = (typeof options === 'function' ? options : done) as (
      error: Error | null,
      signature?: Buffer,
    ) => void;
    const hash =
      typeof options === 'object' && options !== null ? (options as { hash?: SignatureHash }).hash : undefined;
    const failed = (error: unknown): void => {
      this.#onFailure(error);
      answer(error instanceof Error ? error : new Error(String(error)));
    };
    const signed = (signature: Buffer): void => {
      answer(null, signature);
    };
    this.#identity
      .sign(data, hash, this.#asker.passphrase)
      .then(signed, failed)
      .catch(() => undefined);
  }
}
