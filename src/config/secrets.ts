/** Resolves references when a server starts. Values go to the caller only, never to a log, a cache or an error. */

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { orAbort } from '../base/abort.ts';
import { errnoText } from '../base/errno.ts';
import { AnywhereError, type ErrorPlace } from '../base/errors.ts';
import { MAX_VALUE_BYTES } from './fields.ts';
import { type Environment, expandHome, resolvePaths } from './paths.ts';
import type { Plan, Reference, Template } from './plan.ts';
import { type CommandRunner, createCommandRunner } from './secret-command.ts';
import { SecretRevisions } from './secret-revisions.ts';
import { SecretStore } from './secret-store.ts';
import { describeReference } from './template.ts';

export interface SecretsDeps {
  /** The user's environment. */
  readonly env: Environment;
  readonly homeDir: string;
}

export interface Secrets {
  /**
   * The text with every reference replaced. Rejects with SECRET_UNRESOLVED, naming the reference and never a
   * value, or with the signal's reason.
   *
   * A lookup that outlasts the start timeout of the server also rejects with SECRET_UNRESOLVED.
   */
  resolve(template: Template, place: ErrorPlace, signal: AbortSignal, options?: ResolveOptions): Promise<string>;
}

export interface RevisingSecrets extends Secrets {
  /** The plan, with another revision in each reference to a stored secret that has changed since a server got it. */
  revised(plan: Plan): Promise<Plan>;
}

export interface ResolveOptions {
  /**
   * Of the client that asks, if not the user's environment: `${env:}` reads it, `${cmd:}` runs in its short list, and its HOME
   * is the `~` of `${file:}`.
   */
  readonly variables?: Environment | undefined;
  /** Told of the value of each reference, so that it can be kept out of logs. */
  readonly onValue?: (value: string) => void;
}

export function createSecrets(deps: SecretsDeps): RevisingSecrets {
  const runner = createCommandRunner();
  const store = new SecretStore(deps.env, resolvePaths(deps.env, process.platform, deps.homeDir).stateDir);
  const revisions = new SecretRevisions();
  const stored = async (reference: StoredReference, signal: AbortSignal): Promise<string> => {
    const value = await store.get(reference.name, signal);
    if (value === undefined) throw await missing(reference, store);
    revisions.saw(reference.name, value);
    return value;
  };
  return {
    revised: (plan) => revisions.revised(plan, (name, signal) => store.get(name, signal)),
    async resolve(template, place, signal, { variables = deps.env, onValue } = {}) {
      signal.throwIfAborted();
      const pending = new Set<Reference>();
      const looked = template.pieces.map(async (piece) => {
        if (typeof piece === 'string') return piece;
        pending.add(piece);
        const value =
          piece.kind === 'keychain'
            ? await stored(piece, signal)
            : await lookUp(piece, placeOf(variables, deps), runner, signal);
        pending.delete(piece);
        onValue?.(value);
        return value;
      });
      const texts = await orAbort(settled(looked), signal).catch((error: unknown) => {
        const [slow] = isTooLate(signal) ? pending : [];
        const told = slow === undefined ? error : tooSlow(slow);
        throw told instanceof AnywhereError ? placed(told, place) : told;
      });
      return usable(texts.join(''), template, place);
    },
  };
}

function placeOf(env: Environment, { homeDir }: SecretsDeps): SecretsDeps {
  const home = env['HOME'];
  return { env, homeDir: home !== undefined && isAbsolute(home) ? home : homeDir };
}

/** Waits for all, so that none is left running; then fails with the first failure. */
async function settled(work: readonly Promise<string>[]): Promise<string[]> {
  const results = await Promise.allSettled(work);
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

type StoredReference = Reference & { readonly kind: 'keychain' };

async function missing(reference: StoredReference, store: SecretStore): Promise<AnywhereError> {
  const why = (await store.hasKeychain())
    ? 'no secret of this name is stored'
    : 'no secret of this name is stored in a file, and this program found no keychain';
  return unresolved(reference, why, `mcp-anywhere secret set ${reference.name}`);
}

async function lookUp(
  reference: Exclude<Reference, StoredReference>,
  deps: SecretsDeps,
  runner: CommandRunner,
  signal: AbortSignal,
): Promise<string> {
  switch (reference.kind) {
    case 'env':
      return variable(reference, deps.env);
    case 'file':
      return fileText(reference, deps.homeDir);
    case 'cmd':
      return withoutFinalNewlines(await runner.run(reference, deps.env, signal));
  }
}

function variable(reference: Reference & { readonly kind: 'env' }, env: Environment): string {
  const value = Object.hasOwn(env, reference.name) ? env[reference.name] : undefined;
  if (reference.fallback !== undefined) return value === undefined || value === '' ? reference.fallback : value;
  if (value !== undefined) return value;
  const hint = `set ${reference.name} in the environment of the AI client or command and restart it, or write \${env:${reference.name}:-default}`;
  throw unresolved(reference, 'the variable is not set', hint);
}

async function fileText(reference: Reference & { readonly kind: 'file' }, homeDir: string): Promise<string> {
  const path = expandHome(reference.path, homeDir);
  if (!isAbsolute(path)) throw unresolved(reference, 'the path must be absolute or start with ~/');
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw unresolved(reference, 'the path is not a file');
      if (stats.size > MAX_VALUE_BYTES) throw unresolved(reference, 'the file is larger than 128 KiB');
      return withoutFinalNewlines(await handle.readFile('utf8'));
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw error instanceof AnywhereError
      ? error
      : unresolved(reference, `the file cannot be read: ${errnoText(error)}`);
  }
}

/** As `$(…)` of sh does. */
function withoutFinalNewlines(text: string): string {
  return text.replace(/(?:\r?\n)+$/, '');
}

/** Throws for a text that no process can take: one with a NUL, or too long for execve(2). */
function usable(text: string, template: Template, place: ErrorPlace): string {
  const fault = text.includes('\0')
    ? 'holds a NUL character'
    : Buffer.byteLength(text) > MAX_VALUE_BYTES
      ? 'is longer than 128 KiB'
      : undefined;
  if (fault === undefined) return text;
  const names = template.pieces
    .filter((piece) => typeof piece !== 'string')
    .map(describeReference)
    .join(' and ');
  throw new AnywhereError('SECRET_UNRESOLVED', `The value of ${names} ${fault}.`, place);
}

/** The same failure, with the place of one of its waiters. */
function placed(error: AnywhereError, place: ErrorPlace): AnywhereError {
  return new AnywhereError(error.code, error.message, { ...place, hint: error.hint, cause: error.cause });
}

function isTooLate({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof AnywhereError && reason.code === 'SERVER_START_TIMEOUT';
}

function tooSlow(reference: Reference): AnywhereError {
  const hint = 'raise `startTimeoutMs` of the server, or find out why the lookup is slow';
  return unresolved(reference, 'the lookup took longer than the start of the server may take', hint);
}

function unresolved(reference: Reference, why: string, hint?: string): AnywhereError {
  return new AnywhereError('SECRET_UNRESOLVED', `${describeReference(reference)} could not be resolved: ${why}.`, {
    hint,
  });
}
