/** Which servers the patterns of a pool match. */
import { matchesGlob } from '../base/glob.ts';

/** The parts of a server that patterns match. */
export interface Candidate {
  readonly host: string;
  readonly server: string;
  /** Of its host. */
  readonly tags: readonly string[];
}

const TAG = 'tag:';

/** `host/server` of each candidate that a pattern matches, in the order of the patterns and then of the candidates. */
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

/** A pattern for exactly one server: if it matches none, it is a typo. */
export function isLiteral(pattern: string): boolean {
  return !/[*?]/.test(pattern) && !pattern.startsWith(TAG);
}
