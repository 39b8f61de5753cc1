/** States and figures in words. A state is a glyph and a word, never a colour alone. */

import type { HostStatus, LiveCall, ServerStatus } from '../api/status.ts';
import { ageText } from '../base/duration.ts';
import type { ErrorReport } from '../base/errors.ts';
import { plain } from './plain.ts';
import type { Look, Span } from './text.ts';

export { ageText, durationText } from '../base/duration.ts';
export { clockText } from '../base/local-time.ts';

interface Sign {
  readonly text: string;
  readonly look: Look;
}

const HOSTS: Readonly<Record<HostStatus['state'], Sign>> = {
  idle: { text: '○ idle', look: 'dim' },
  connecting: { text: '◐ connecting', look: 'warn' },
  ready: { text: '● up', look: 'good' },
  waiting: { text: '◐ retry', look: 'warn' },
  refused: { text: '✖ refused', look: 'bad' },
  closed: { text: '○ closed', look: 'dim' },
};

const SERVERS: Readonly<Record<ServerStatus['state'], Sign>> = {
  idle: { text: '○ idle', look: 'dim' },
  starting: { text: '◐ starting', look: 'warn' },
  ready: { text: '● up', look: 'good' },
  failed: { text: '✖ failed', look: 'bad' },
  'crash-loop': { text: '✖ crashing', look: 'bad' },
  disabled: { text: '– off', look: 'dim' },
};

export function hostSign({ state }: Pick<HostStatus, 'state'>): Span {
  return HOSTS[state];
}

export function serverSign({ state }: Pick<ServerStatus, 'state'>): Span {
  return SERVERS[state];
}

/** The servers of a host: how many there are and how many of them work, and the names of those that are switched off. */
export interface ServerCounts {
  readonly up: number;
  readonly all: number;
  readonly off: readonly string[];
}

export function serverCounts(host: Pick<HostStatus, 'state' | 'servers'>): ServerCounts {
  const { servers } = host;
  const off = servers.filter(({ state }) => state === 'disabled').map(({ name }) => plain(name));
  return { up: servers.filter((server) => isWell(host, server)).length, all: servers.length, off };
}

/** An idle server of a host that is up starts with its next call. */
export function isWell({ state }: Pick<HostStatus, 'state'>, server: Pick<ServerStatus, 'state'>): boolean {
  return server.state === 'ready' || (server.state === 'idle' && state === 'ready');
}

/** The message without the place at its start, for output that shows the place beside the message. */
export function messageAt(place: string, message = ''): string {
  const text = plain(message);
  return text.startsWith(`${place}: `) ? text.slice(place.length + 2) : text;
}

/** The AI clients whose files name a server; empty where the hosts file names it. */
export function foundBy({ from, alsoIn = [] }: Pick<ServerStatus, 'from' | 'alsoIn'>): string {
  return from === undefined ? '' : [from, ...alsoIn].map((id) => plain(id)).join(', ');
}

/** The cause of a server, its first problem, or the cause of its host. */
export function serverWhy(host: HostStatus, { name, cause, problems, notStarted }: ServerStatus): string {
  if (notStarted !== undefined) return plain(notStarted);
  const own = cause ?? problems[0];
  const text = own === undefined ? host.cause?.message : messageAt(`${host.name}/${name}`, own.message);
  return messageAt(host.name, text);
}

export function hostWhy(host: HostStatus, nowMs: number): string {
  const retry = host.retryAtMs === undefined ? '' : `retry ${ageText(Math.max(0, host.retryAtMs - nowMs))}`;
  return [messageAt(host.name, host.cause?.message), retry].filter((part) => part !== '').join('; ');
}

export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes}B`;
  if (bytes < 999_500) return `${(bytes / 1000).toFixed(bytes < 9950 ? 1 : 0)}K`;
  return bytes < 999_500_000 ? `${(bytes / 1e6).toFixed(1)}M` : `${(bytes / 1e9).toFixed(1)}G`;
}

/** `<1m`, `3m`, `2h`: a text that does not change every second. */
export function upText(ms: number): string {
  return ms < 60_000 ? '<1m' : ageText(ms);
}

const BAR = 8;

/** `████···· 20/40 copying`, or without a total `20 copying`. Undefined without progress. */
export function progressText({ progress, total, message = '' }: Partial<LiveCall>): string | undefined {
  if (progress === undefined) return undefined;
  const isPart = total !== undefined && total > 0;
  const done = isPart ? Math.round(Math.min(1, Math.max(0, progress / total)) * BAR) : 0;
  const bar = isPart ? `${'█'.repeat(done)}${'·'.repeat(BAR - done)} ` : '';
  const figures = isPart ? `${figure(progress)}/${figure(total)}` : figure(progress);
  return `${bar}${figures} ${plain(message)}`.trimEnd();
}

function figure(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** An estimate: four characters for a token. */
export function tokensOf(definition: unknown): number {
  return Math.ceil(JSON.stringify([definition]).length / 4);
}

/** The hint with the known places filled in. */
export function nextStep({ hint, host, server }: ErrorReport, program: string): string {
  const filled = plain(hint)
    .replaceAll('{host}', plain(host ?? '<host>'))
    .replaceAll('{server}', plain(server ?? '<server>'));
  return asTyped(filled, program);
}

/**
 * The text with its commands as this person can paste them. In a hint, `mcp-anywhere` stands for the program as it was called.
 *
 * @param program the program and its options, such as `mcp-anywhere --config lab.yaml`
 */
export function asTyped(text: string, program: string): string {
  return text.replaceAll(/\bmcp-anywhere(?= (?:[a-z]|--))/g, () => program);
}
