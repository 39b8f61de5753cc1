/** Whether npm has a newer version of this program. Asked only when a person wants to know. */
import { deadline } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { errnoOf } from '../base/errno.ts';
import { AnywhereError } from '../base/errors.ts';
import { isRecord } from '../base/record.ts';

const PACKAGE = 'mcp-anywhere';
export const UPDATE_COMMAND = `npm install -g ${PACKAGE}@latest`;
const REGISTRY = 'https://registry.npmjs.org/';
const LIMIT_MS = 5_000;
/** The abbreviated metadata of a package: about a kilobyte for each version. */
const MAX_BYTES = 4 * 1024 * 1024;

export type Newest =
  | { readonly newest: string; readonly isNewer: boolean }
  /** Why the registry could not be asked, as the end of a sentence. */
  | { readonly unknown: string };

export interface UpdateDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Throws only where the signal aborts. */
export async function newestVersion(version: string, { env, clock, signal }: UpdateDeps): Promise<Newest> {
  const registry = registryOf(env);
  if (registry === undefined) return { unknown: 'npm_config_registry is not an https address without a password' };
  const late = (): AnywhereError => new AnywhereError('HOST_TIMEOUT', `no answer within ${LIMIT_MS / 1000} s`);
  const limit = deadline(clock, LIMIT_MS, late, signal);
  try {
    const newest = latestOf(await fetchText(new URL(PACKAGE, registry), limit.signal));
    if (newest === undefined) return { unknown: `${registry.host} names no version of ${PACKAGE}` };
    return { newest, isNewer: isNewer(newest, version) };
  } catch (error) {
    signal.throwIfAborted();
    return { unknown: `asking ${registry.host} failed: ${reasonOf(error)}` };
  } finally {
    limit.clear();
  }
}

/** As npm reads it from the environment. Without encryption only this machine is asked. */
function registryOf(env: UpdateDeps['env']): URL | undefined {
  const set = env['npm_config_registry'] ?? env['NPM_CONFIG_REGISTRY'] ?? '';
  const text = set === '' ? REGISTRY : set;
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text.endsWith('/') ? text : `${text}/`);
  if (url.username !== '' || url.password !== '') return undefined;
  const isHere = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  return url.protocol === 'https:' || (url.protocol === 'http:' && isHere) ? url : undefined;
}

async function fetchText(url: URL, signal: AbortSignal): Promise<string> {
  const headers = { accept: 'application/vnd.npm.install-v1+json' };
  const response = await fetch(url, { headers, signal, redirect: 'error' });
  if (!response.ok) throw new Error(`HTTP status ${response.status}`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    const bytes = chunk as Uint8Array;
    size += bytes.length;
    if (size > MAX_BYTES) throw new Error('its answer is too long');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const VERSION = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})(-[\w.-]{1,64})?$/;

/** The version that npm would install. */
function latestOf(text: string): string | undefined {
  const whole: unknown = JSON.parse(text);
  const tags = isRecord(whole) ? whole['dist-tags'] : undefined;
  const latest = isRecord(tags) ? tags['latest'] : undefined;
  return typeof latest === 'string' && VERSION.test(latest) ? latest : undefined;
}

/** A release is newer than its own pre-releases. */
export function isNewer(candidate: string, version: string): boolean {
  const [left, right] = [VERSION.exec(candidate), VERSION.exec(version)];
  for (const part of [1, 2, 3]) {
    const difference = Number(left?.[part]) - Number(right?.[part]);
    if (difference !== 0) return difference > 0;
  }
  return left?.[4] === undefined && right?.[4] !== undefined;
}

/** Node hides the reason of a failed fetch in its cause. */
function reasonOf(error: unknown): string {
  if (error instanceof SyntaxError) return 'its answer is not JSON';
  if (!(error instanceof Error)) return String(error);
  if (!(error.cause instanceof Error)) return error.message;
  return error.cause.message === '' ? (errnoOf(error.cause) ?? error.message) : error.cause.message;
}
