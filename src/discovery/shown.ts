/** What people and caches may see of a found server: the program and what it runs, never a value that may be a secret. */
import type { FoundServer } from './found.ts';
import type { Text } from './references.ts';

/** Stands for arguments that are not shown. */
const MORE = '…';

/** Their first plain argument names a package, a script or an image. */
const RUNNERS =
  /^(?:npx|bunx|pnpx|uvx|uv|pipx|npm|pnpm|yarn|bun|deno|node|nodejs|tsx|python[\d.]*|ruby|php|perl|docker|podman|java|go|cargo|dotnet)(?:\.cmd|\.exe)?$/;

/** Orders of runners: the next plain argument names what runs. */
const ORDERS = new Set(['run', 'exec', 'x', 'dlx', 'tool', 'start']);

/** The program and its arguments: options, paths, and the package, script or image that a runner runs. The others are `…`. */
export function shapeOf({ command, args, url }: FoundServer): readonly string[] {
  if (command === undefined) return url === undefined ? [] : ['url'];
  const program = written(command);
  let isNameNext = RUNNERS.test(program.replace(/^.*[\\/]/, ''));
  const words = args.map(written).map((word, index, all) => {
    if (isOption(word)) return word;
    // A word after a long option may be its value.
    const mayBeName = isNameNext && !/^--\w/.test(all[index - 1] ?? '');
    if (mayBeName && !ORDERS.has(word) && !word.startsWith('-')) isNameNext = false;
    return (mayBeName && isName(word)) || isPath(word) ? word : MORE;
  });
  return [isProgram(program) ? program : MORE, ...words];
}

/** References in one notation, whatever the client's is. */
export function written({ pieces, lacks }: Text): string {
  const words = pieces.map((piece) => {
    if (typeof piece === 'string') return piece;
    return 'variable' in piece ? `$${piece.variable}` : `{file:${piece.file}}`;
  });
  return lacks.length === 0 ? words.join('') : `${words.join('')}${MORE}`;
}

/** A path may hold blanks; a command line with a value in it is no program. */
function isProgram(word: string): boolean {
  return word.length <= 300 && !word.includes('=') && (!/\s/.test(word) || /^(?:\/|[A-Za-z]:)/.test(word));
}

function isOption(word: string): boolean {
  return /^(?:-{1,2}|-[A-Za-z]{1,2}|--[a-z][a-z0-9-]{0,40})$/.test(word);
}

function isPath(word: string): boolean {
  return /^(?:~|\.{1,2})?\/[\w./ @+$-]*$/.test(word) && word.length <= 300 && !isKey(word);
}

/** The name of a package, a script or an image, or an order. */
function isName(word: string): boolean {
  return /^[@\w~./$][\w@~./:^+-]*$/.test(word) && word.length <= 200 && !word.includes('://') && !isKey(word);
}

/** A long run of letters and digits, or a token that says what it is. */
function isKey(word: string): boolean {
  return (
    /(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{20,}/.test(word) ||
    /^(?:sk-|gh[pousr]_|github_pat_|glpat-|xox[a-z]-|AKIA)/.test(word)
  );
}
