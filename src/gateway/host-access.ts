/** How hosts are reached: the parts of each link, the agent of the login, and the hosts that wait for a person. */
import { AnywhereError, type ErrorCode } from '../base/errors.ts';
import type { HostPlan } from '../config/plan.ts';
import type { Prompter, Question } from '../launch/contract.ts';
import type { Link, LinkDeps } from '../link/contract.ts';
import { createHostLink } from '../link/create.ts';
import type { LinkSettings } from '../link/link.ts';
import { settingsMemo, settingsResolver } from '../ssh/route.ts';
import { Keyring } from '../ssh2/keyring.ts';
import type { ClientEnvironments } from './client-environments.ts';

/** Errors that another agent may remedy. */
const OPENED_BY_AGENT: ReadonlySet<ErrorCode> = new Set(['AUTH_FAILED', 'KEY_UNUSABLE', 'NO_TTY']);

export class HostAccess {
  /** One passphrase serves all hosts. */
  readonly keyring = new Keyring();
  readonly #deps: LinkDeps;
  readonly #environments: ClientEnvironments | undefined;
  readonly #memo: ReturnType<typeof settingsMemo>;
  /** The questions that wait for a person, by host. */
  readonly #questions = new Map<string, Question>();

  constructor(deps: LinkDeps, environments: ClientEnvironments | undefined) {
    this.#deps = { ...deps, prompter: (question, signal) => this.#ask(deps.prompter, question, signal) };
    this.#environments = environments;
    this.#memo = settingsMemo(this.#deps);
  }

  createLink(host: HostPlan, settings: LinkSettings): Link {
    const deps = this.linkDeps(host.name);
    const resolve = settingsResolver(deps, this.#memo);
    const link = createHostLink(host, settings, deps, { keyring: this.keyring, resolve });
    link.onChange(({ to }) => {
      if (to.kind === 'ready') this.#environments?.connected(host.name);
    });
    return link;
  }

  /** The parts of this host's link; doctor and trust use the same parts. */
  linkDeps(host: string): LinkDeps {
    return { ...this.#deps, ...this.#environments?.linkOf(host) };
  }

  /**
   * A client wants a connection to this host, so that the client's agent is used for the login.
   * @param who the owner of an instance, or the client's environment
   */
  askedFor(link: Link, who: object): void {
    const environments = this.#environments;
    environments?.asked(link.host, who);
    const isOpen = link.state.kind === 'refused' && OPENED_BY_AGENT.has(link.state.cause.code);
    if (isOpen && environments?.isUntried(link.host) === true)
      link.wake('a client with another ssh agent asked for it', { user: true });
  }

  /** The question that the host waits for, as the cause of errors meanwhile. Undefined: the host waits for no person. */
  waitsFor(host: string): AnywhereError | undefined {
    const question = this.#questions.get(host);
    if (question === undefined) return undefined;
    return new AnywhereError('NO_TTY', `it waits for a person: ${question.text}`, {
      host,
      hint: 'mcp-anywhere status, in a terminal: it asks there',
    });
  }

  async #ask(ask: Prompter, question: Question, signal: AbortSignal): Promise<string | undefined> {
    this.#questions.set(question.host, question);
    try {
      return await ask(question, signal);
    } finally {
      if (this.#questions.get(question.host) === question) this.#questions.delete(question.host);
    }
  }
}
