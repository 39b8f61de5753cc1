/** Which servers a pool's patterns name. */
import { matchesGlob } from '../base/glob.ts';

/** A server, as far as patterns look at it. */
export interface Candidate {
  readonly host: string;
  readonly server: string;
  /** Of its host. */
  readonly tags: readonly string[];
}

const TAG = 'tag:';

/** `host/server` of each that one of the patterns names: in the order of the patterns, then of the candidates. */
export function poolMembers(patterns: readonly string[], candidates: readonly Candidate[]): readonly string[] {
  const named = patterns.flatMap((pattern) => candidates.filter((candidate) => isMember(pattern, candidate)));
  return [...new Set(named.map(({ host, server }) => `${host}/${server}`))];
}

export function isMember(pattern: string, { host, server, tags }: Candidate): boolean {
  const slash = pattern.indexOf('/');
  const [where, what] = [pattern.slice(0, slash), pattern.slice(slash + 1)];
  const isThere = where.startsWith(TAG)
    ? tags.some((tag) => matchesGlob(where.slice(TAG.length), tag))
    : matchesGlob(where, host);
  return isThere && matchesGlob(what, server);
}

/** One that can only ever name one server: where it names none, it is a slip. */
export function isLiteral(pattern: string): boolean {
  return !/[*?]/.test(pattern) && !pattern.startsWith(TAG);
}
