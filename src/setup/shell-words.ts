/** A command line as people paste it, taken apart as a POSIX shell does (XCU 2.2), without running anything. */
import { AnywhereError } from '../base/errors.ts';

/** Throws USAGE for what only a shell can do: pipes, redirections, substitutions. */
export function shellWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  // A backslash before a line end joins two lines.
  const text = line
    .trim()
    .replace(/^\$\s+/, '')
    .replaceAll(/\\\r?\n/g, ' ');
  for (const [token] of text.matchAll(/'[^']*'|"(?:\\[^]|[^"\\])*"|\\[^]|\s+|\$\{[^}]*\}|[^\s'"\\$]+|[^]/g)) {
    if (/^\s/.test(token)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + unquoted(token);
  }
  return word === undefined ? words : [...words, word];
}

function unquoted(token: string): string {
  if (token.length > 1 && token.startsWith("'")) return token.slice(1, -1);
  if (token.length > 1 && token.startsWith('"')) return token.slice(1, -1).replaceAll(/\\(["\\$`])/g, '$1');
  if (token.startsWith('\\')) return token.slice(1);
  if (token.startsWith('${')) return token;
  if (token === "'" || token === '"') throw new AnywhereError('USAGE', 'A quote in the command line is never closed.');
  // Only the operator is shown: the rest of the word may be a secret.
  const [operator] = /[|;&<>`]+|^\$$/.exec(token) ?? [];
  if (operator !== undefined)
    throw new AnywhereError('USAGE', 'The command line needs a shell, and servers are started without one.', {
      evidence: [`in the way: ${operator}`],
      hint: 'put the command line in a script on the host, or quote the text',
    });
  return token;
}
