/** Replaces what names a person or a network in texts for strangers: addresses, user names, the home folder. */
import { isIPv6 } from 'node:net';

/** What is known of this user's world. */
export interface Known {
  readonly homeDir: string;
  readonly users: readonly string[];
  /** Names and addresses of machines. */
  readonly addresses: readonly string[];
}

/** In ordinary texts too. */
const ORDINARY = new Set(['root', 'user', 'admin', 'localhost', 'none', 'node', 'git']);
/** A shorter name may be part of anything. */
const SHORTEST = 3;

const IPV4 = /\b(?!127\.|0\.0\.0\.0)\d{1,3}(?:\.\d{1,3}){3}\b/g;
const IPV6 = /(?<![\w:.])[\da-f]{0,4}(?::[\da-f]{0,4}){2,7}(?![\w:])/gi;
const EMAIL = /[\w.+-]+@(?:[\w-]+\.)+[a-z]{2,}\b/gi;
/** The password or token in a URL. */
const URL_LOGIN = /:\/\/[^\s/@"']+@/g;
/** Behind the folder of all homes. */
const HOME = /((?:^|[^\w])(?:\/home|\/Users|\\Users)[\\/])([^\\/\s"':]+)/g;

/** The same text becomes the same mask, so that what belongs together can be seen. */
export function createMask({ homeDir, users, addresses }: Known): (text: string) => string {
  const given = new Map<string, string>();
  const numbered = (kind: string, text: string): string => {
    const key = `${kind} ${text.toLowerCase()}`;
    const mask =
      given.get(key) ?? `<${kind}-${[...given.keys()].filter((one) => one.startsWith(`${kind} `)).length + 1}>`;
    given.set(key, mask);
    return mask;
  };
  const address = (text: string): string => numbered('address', text);
  const user = (text: string): string => numbered('user', text);
  // As such, and inside JSON.
  const home =
    homeDir.length > 1
      ? new RegExp([homeDir, JSON.stringify(homeDir).slice(1, -1)].map(escaped).join('|'), 'g')
      : /\0/g;
  const knownAddresses = wordsPattern(addresses);
  const knownUsers = wordsPattern(users);
  return (text) =>
    text
      .replaceAll(home, '~')
      .replaceAll(URL_LOGIN, '://•••@')
      .replaceAll(knownAddresses, address)
      .replaceAll(EMAIL, address)
      .replaceAll(IPV4, address)
      .replaceAll(IPV6, (found) => (isIPv6(found) && found !== '::1' && found !== '::' ? address(found) : found))
      .replaceAll(HOME, (_all, before: string, name: string) => before + user(name))
      .replaceAll(knownUsers, user);
}

/** Whole words, the longest first. Without words nothing matches: texts hold no NUL. */
function wordsPattern(words: readonly string[]): RegExp {
  const wanted = [...new Set(words)].filter((word) => word.length >= SHORTEST && !ORDINARY.has(word.toLowerCase()));
  const longestFirst = wanted.sort((one, other) => other.length - one.length).map(escaped);
  return longestFirst.length === 0 ? /\0/g : new RegExp(`(?<![\\w-])(?:${longestFirst.join('|')})(?![\\w-])`, 'gi');
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
