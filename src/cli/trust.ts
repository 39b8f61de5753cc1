/**
 * `trust <host>`: shows the key of each machine on the way that is not known yet, and writes it down
 * once a person, or a fingerprint given by one, said that it is right.
 */

import type { TrustCandidate } from '../api/control.ts';
import { AnywhereError, EXIT, type ExitCode } from '../base/errors.ts';
import { oneLine } from '../base/harmless.ts';
import type { ControlClient } from '../control/client.ts';
import { confirmed } from './ask.ts';
import { type CliContext, isInteractive } from './context.ts';
import { withAny } from './session.ts';

export interface TrustOptions {
  /** `SHA256:…`, of the machine itself or of one on the way; all that are needed. */
  readonly fingerprint: readonly string[];
  /** Ask nothing; only with a fingerprint. */
  readonly yes: boolean;
}

interface Written {
  readonly name: string;
  readonly fingerprint: string;
  readonly file: string;
}

export async function runTrust(context: CliContext, host: string, options: TrustOptions): Promise<ExitCode> {
  checkOptions(host, options);
  const outcome = await withAny(context, (client) => new Trusting(context, client, host, options).run());
  if (context.globals.json) context.out.json({ host, ...outcome });
  else if (outcome.written.length === 0)
    context.out.write(`Every key on the way to ${oneLine(host)} is known already.\n`);
  return EXIT.ok;
}

function checkOptions(host: string, { fingerprint, yes }: TrustOptions): void {
  const hint = `mcp-anywhere trust ${host} --fingerprint SHA256:…`;
  if (yes && fingerprint.length === 0) {
    throw new AnywhereError('USAGE', '--yes needs the fingerprint that is to be trusted.', { host, hint });
  }
  const wrong = fingerprint.find((text) => !/^SHA256:[A-Za-z0-9+/]{43}=?$/.test(text));
  if (wrong !== undefined) throw new AnywhereError('USAGE', `${wrong} is not a fingerprint.`, { host, hint });
}

class Trusting {
  readonly #context: CliContext;
  readonly #client: ControlClient;
  readonly #host: string;
  readonly #options: TrustOptions;
  readonly #written: Written[] = [];

  constructor(context: CliContext, client: ControlClient, host: string, options: TrustOptions) {
    this.#context = context;
    this.#client = client;
    this.#host = host;
    this.#options = options;
  }

  /** One machine after the other: the next is seen only through one that is trusted. */
  async run(): Promise<{ candidates: readonly TrustCandidate[]; written: readonly Written[] }> {
    const accepted = new Set<string>();
    for (;;) {
      const candidates = await this.#scan();
      this.#refuseBad(candidates);
      const next = candidates.find((candidate) => candidate.verdict === 'unknown');
      if (next === undefined) return { candidates, written: this.#written };
      if (accepted.has(next.name))
        throw new AnywhereError(
          'INTERNAL',
          `${next.name} is still unknown after its key was written to ${next.file}.`,
          { host: this.#host },
        );
      accepted.add(next.name);
      await this.#decide(next);
    }
  }

  async #scan(): Promise<readonly TrustCandidate[]> {
    const { out, io } = this.#context;
    out.progress(`asking for the keys of ${this.#host} …`);
    const { candidates } = await this.#client.request('trust/scan', { host: this.#host }, io.signal);
    out.progress('');
    return candidates;
  }

  #refuseBad(candidates: readonly TrustCandidate[]): void {
    const bad = candidates.find(({ verdict }) => verdict === 'changed' || verdict === 'revoked');
    if (bad === undefined) return;
    const { cause } = bad;
    if (cause !== undefined) throw new AnywhereError(cause.code, cause.message, { ...cause, host: this.#host });
    const code = bad.verdict === 'changed' ? 'HOST_KEY_CHANGED' : 'HOST_KEY_REVOKED';
    throw new AnywhereError(code, `${bad.name} shows a key that is not trusted.`, {
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
      throw new AnywhereError('HOST_KEY_UNKNOWN', `${candidate.name} does not show the key with that fingerprint.`, {
        host: this.#host,
        evidence: [...given.map((text) => `given: ${text}`), ...keyLines(candidate).map((line) => `shown: ${line}`)],
        hint: `compare with \`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\` on ${candidate.name} itself`,
      });
    }
    const ask = isInteractive(this.#context.io) && !this.#options.yes;
    if (ask) await this.#confirm(candidate, 'The fingerprint is the one given.');
    await this.#accept(candidate, matching);
  }

  async #byPerson(candidate: TrustCandidate): Promise<void> {
    if (!isInteractive(this.#context.io)) {
      throw new AnywhereError('HOST_KEY_UNKNOWN', `Nobody can be asked here whether ${candidate.name} is trusted.`, {
        host: this.#host,
        evidence: keyLines(candidate),
        hint: `mcp-anywhere trust ${this.#host} --fingerprint SHA256:…, with a fingerprint read on the machine itself`,
      });
    }
    await this.#confirm(candidate, "Compare with what the machine's owner says.");
    await this.#accept(candidate, candidate.keys);
  }

  async #confirm(candidate: TrustCandidate, remark: string): Promise<void> {
    const question = `${remark} Trust ${candidate.name}, and write its keys to ${candidate.file}?`;
    if (await confirmed(this.#context, question)) return;
    throw new AnywhereError('INTERRUPTED', `${candidate.name} was not trusted; nothing was written for it.`, {
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
