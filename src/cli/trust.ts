/**
 * `trust <host>`: shows each unknown host key on the way to a host, and writes the key to known_hosts after a person
 * confirmed it, or after it matched a given fingerprint.
 */

import type { TrustCandidate } from '../api/control.ts';
import type { Printed } from '../api/printed.ts';
import { AnywhereError, EXIT, type ExitCode } from '../base/errors.ts';
import { oneLine } from '../base/harmless.ts';
import type { ControlClient } from '../control/client.ts';
import { confirmed } from './ask.ts';
import { type CliContext, isInteractive } from './context.ts';
import { withAny } from './session.ts';

export interface TrustOptions {
  /** `SHA256:…`, of the host itself and of each machine on the way to it. */
  readonly fingerprint: readonly string[];
  /** Asks nothing. Valid only with a fingerprint. */
  readonly yes: boolean;
}

export async function runTrust(context: CliContext, host: string, options: TrustOptions): Promise<ExitCode> {
  checkOptions(host, options);
  const outcome = await withAny(context, (client) => new TrustDialog(context, client, host, options).run());
  if (context.globals.json) context.out.json<'trust'>({ host, ...outcome });
  else if (outcome.written.length === 0)
    context.out.write(`Every key on the way to ${oneLine(host)} is known already.\n`);
  return EXIT.ok;
}

function checkOptions(host: string, { fingerprint, yes }: TrustOptions): void {
  const hint = `mcp-anywhere trust ${host} --fingerprint SHA256:…`;
  if (yes && fingerprint.length === 0) {
    throw new AnywhereError('USAGE', '--yes needs the fingerprint to trust.', { host, hint });
  }
  const wrong = fingerprint.find((text) => !/^SHA256:[A-Za-z0-9+/]{43}=?$/.test(text));
  if (wrong !== undefined)
    throw new AnywhereError('USAGE', `${wrong} is not a fingerprint: SHA256: and 43 characters are expected.`, {
      host,
      hint,
    });
}

class TrustDialog {
  readonly #context: CliContext;
  readonly #client: ControlClient;
  readonly #host: string;
  readonly #options: TrustOptions;
  readonly #written: Printed['trust']['written'][number][] = [];

  constructor(context: CliContext, client: ControlClient, host: string, options: TrustOptions) {
    this.#context = context;
    this.#client = client;
    this.#host = host;
    this.#options = options;
  }

  /** One machine after the other, because the next one is reached only through a trusted one. */
  async run(): Promise<Pick<Printed['trust'], 'candidates' | 'written'>> {
    const accepted = new Set<string>();
    for (;;) {
      const candidates = await this.#scan();
      this.#refuseBad(candidates);
      const next = candidates.find((candidate) => candidate.verdict === 'unknown');
      if (next === undefined) return { candidates, written: this.#written };
      if (accepted.has(next.name))
        throw new AnywhereError(
          'INTERNAL',
          `${next.name} is still unknown, although its key was written to ${next.file}.`,
          { host: this.#host },
        );
      accepted.add(next.name);
      await this.#decide(next);
    }
  }

  async #scan(): Promise<readonly TrustCandidate[]> {
    const { out, io } = this.#context;
    out.progress(`asking for the keys of ${this.#host} …`);
    return (await this.#client.request('trust/scan', { host: this.#host }, io.signal)).candidates;
  }

  #refuseBad(candidates: readonly TrustCandidate[]): void {
    const bad = candidates.find(({ verdict }) => verdict === 'changed' || verdict === 'revoked');
    if (bad === undefined) return;
    const { cause } = bad;
    if (cause !== undefined) throw new AnywhereError(cause.code, cause.message, { ...cause, host: this.#host });
    const code = bad.verdict === 'changed' ? 'HOST_KEY_CHANGED' : 'HOST_KEY_REVOKED';
    throw new AnywhereError(code, `${bad.name} shows a key that must not be trusted.`, {
      host: this.#host,
      evidence: keyLines(bad),
    });
  }

  async #decide(candidate: TrustCandidate): Promise<void> {
    const { out } = this.#context;
    out.note(
      `${oneLine(candidate.name)} shows:\n${keyLines(candidate)
        .map((line) => `  ${line}\n`)
        .join('')}`,
    );
    const { fingerprint } = this.#options;
    if (fingerprint.length > 0) await this.#byFingerprint(candidate, fingerprint);
    else await this.#byPerson(candidate);
  }

  async #byFingerprint(candidate: TrustCandidate, given: readonly string[]): Promise<void> {
    const wanted = given.map(withoutPadding);
    const matching = candidate.keys.filter((key) => wanted.includes(withoutPadding(key.fingerprint)));
    if (matching.length === 0) {
      throw new AnywhereError('HOST_KEY_UNKNOWN', `${candidate.name} shows no key with the given fingerprint.`, {
        host: this.#host,
        evidence: [...given.map((text) => `given: ${text}`), ...keyLines(candidate).map((line) => `shown: ${line}`)],
        hint: `read the fingerprint on ${candidate.name} itself: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`,
      });
    }
    const ask = isInteractive(this.#context.io) && !this.#options.yes;
    if (ask) await this.#confirm(candidate, 'The fingerprint matches the given one.');
    await this.#accept(candidate, matching);
  }

  async #byPerson(candidate: TrustCandidate): Promise<void> {
    if (!isInteractive(this.#context.io)) {
      throw new AnywhereError('HOST_KEY_UNKNOWN', `There is no terminal to ask whether to trust ${candidate.name}.`, {
        host: this.#host,
        evidence: keyLines(candidate),
        hint: `mcp-anywhere trust ${this.#host} --fingerprint SHA256:…, with the fingerprint read on the machine itself`,
      });
    }
    await this.#confirm(candidate, 'Compare the fingerprint with the owner of the machine.');
    await this.#accept(candidate, candidate.keys);
  }

  async #confirm(candidate: TrustCandidate, remark: string): Promise<void> {
    const question = `${remark} Trust ${candidate.name} and write its keys to ${candidate.file}?`;
    if (await confirmed(this.#context, question)) return;
    throw new AnywhereError('INTERRUPTED', `${candidate.name} is still not trusted. No key was written.`, {
      host: this.#host,
    });
  }

  async #accept(candidate: TrustCandidate, keys: TrustCandidate['keys']): Promise<void> {
    const { out, io, globals } = this.#context;
    for (const { type, fingerprint } of keys) {
      const params = { host: this.#host, name: candidate.name, fingerprint };
      const { file } = await this.#client.request('trust/accept', params, io.signal);
      this.#written.push({ name: candidate.name, fingerprint, file });
      if (!globals.json) out.write(`${oneLine(`wrote ${type} ${fingerprint} of ${candidate.name} to ${file}`)}\n`);
    }
  }
}

function keyLines(candidate: TrustCandidate): string[] {
  return candidate.keys.map(({ type, fingerprint }) => oneLine(`${type} ${fingerprint}`));
}

function withoutPadding(fingerprint: string): string {
  return fingerprint.replace(/=+$/, '');
}
