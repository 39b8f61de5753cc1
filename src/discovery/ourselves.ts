/**
 * Finds our own entry by what an entry starts, whatever its name: a server that is MCP-Anywhere would offer every tool again,
 * without end. A runner (`npx`, `node`, `ssh hub`, `sh -c`) is followed to the program that it runs.
 */

const PROGRAM = /^mcp-anywhere(?:@[^/]*)?(?:\.cmd|\.exe)?$/i;
const SCRIPT = /(?:^|\/)mcp-anywhere\/(?:dist\/)?bin\.js$/i;
/** Where our HTTP door listens, unless the hosts file says otherwise. */
const DOOR = /^https?:\/\/(?:127\.0\.0\.1|localhost|\[::1\]):5555(?:\/|$)/i;
/** The name that `install` gives the entry. */
const ENTRY_NAME = 'anywhere';

/** Their first plain word is the program that they run. */
const RUNNERS = new Set([
  ...['npx', 'bunx', 'pnpx', 'node', 'nodejs', 'bun', 'deno', 'tsx', 'mcp-remote'],
  ...['env', 'exec', 'sudo', 'nohup', 'nice', 'time', 'wsl', 'cmd', 'command'],
]);
/** The first plain word is an order, a machine or a time, and the second one is the program. */
const RUNNERS_WITH_ORDER = new Set([
  'npm',
  'pnpm',
  'yarn',
  'volta',
  'mise',
  'timeout',
  'ssh',
  'autossh',
  'mosh',
  'plink',
]);
const SHELLS = new Set([
  'sh',
  'bash',
  'zsh',
  'dash',
  'ash',
  'ksh',
  'fish',
  'nu',
  'ssh',
  'autossh',
  'mosh',
  'plink',
  'cmd',
]);
const CONTAINERS = new Set(['docker', 'podman', 'nerdctl']);
/** Options without a word of their own: the next plain word is the program. */
const FLAGS = new Set(['-y', '--yes', '-q', '--quiet', '--silent', '-c', '-e', '--exec', '--']);
/** Servers that stand before one that speaks HTTP. */
const BRIDGE = /^(?:mcp-remote|mcp-proxy|supergateway)(?:@.*)?$/i;

export interface Started {
  readonly name: string;
  readonly command: string | undefined;
  readonly args: readonly string[];
  readonly url?: string | undefined;
}

export function startsOurselves({ name, command, args, url }: Started): boolean {
  if (url !== undefined) return DOOR.test(url);
  const words = args.map(slashed);
  if (words.some((word) => SCRIPT.test(word))) return true;
  if (name === ENTRY_NAME && words.some((word) => word.endsWith('/dist/bin.js'))) return true;
  return command !== undefined && runsUs([slashed(command), ...words], 8);
}

/** @param depth how many runners of runners are followed */
function runsUs([program = '', ...rest]: readonly string[], depth: number): boolean {
  const name = nameOf(program);
  if (PROGRAM.test(name)) return true;
  if (depth === 0) return false;
  if (BRIDGE.test(name)) return rest.some((word) => DOOR.test(word));
  if (CONTAINERS.has(name))
    return rest.some(
      (word) => /^[\w.-]+(?:\/[\w.-]+)*(?::[\w.-]+)?$/.test(word) && PROGRAM.test(nameOf(word.replace(/:.*$/, ''))),
    );
  if (SHELLS.has(name) && rest.some((word) => /\s/.test(word) && lineRunsUs(word, depth - 1))) return true;
  if (RUNNERS_WITH_ORDER.has(name)) return candidates(rest).some((at) => follows(rest.slice(at + 1), depth));
  return (RUNNERS.has(name) || SHELLS.has(name)) && follows(rest, depth);
}

function follows(words: readonly string[], depth: number): boolean {
  return candidates(words).some((at, index) => {
    const [word = '', ...rest] = words.slice(at);
    // A later word may be a folder of the same name, which a server was given.
    return (
      !/\s/.test(word) && (index === 0 || /^[^/]*$|\/bin\/[^/]*$/.test(word)) && runsUs([word, ...rest], depth - 1)
    );
  });
}

/** Where the program of a runner can stand: the first plain word, and the next one behind an option that may have a word of its own. */
function candidates(words: readonly string[]): readonly number[] {
  const plain = words.flatMap((word, index) => (isPlain(word) ? [index] : []));
  const last = plain.findIndex((at) => !mayTakeWord(words[at - 1]));
  return plain.slice(0, last === -1 ? 4 : last + 1);
}

function isPlain(word: string): boolean {
  return !word.startsWith('-') && !/^\w+=/.test(word) && !/^\/c$/i.test(word);
}

function mayTakeWord(option: string | undefined): boolean {
  return option?.startsWith('-') === true && !option.includes('=') && !FLAGS.has(option);
}

/** A command line in one word, as ssh and shells take one. */
function lineRunsUs(line: string, depth: number): boolean {
  const commands = line.slice(0, 4096).split(/[;&|()\n`]+/);
  return commands.some((command) => {
    const words = command
      .split(/\s+/)
      .map((word) => word.replaceAll(/["']/g, ''))
      .filter((word) => word !== '');
    const at = words.findIndex(isPlain);
    return at !== -1 && runsUs(words.slice(at), depth);
  });
}

function nameOf(program: string): string {
  return program
    .replace(/^.*\//, '')
    .replace(/(?:\.cmd|\.exe)$/i, '')
    .toLowerCase();
}

function slashed(word: string): string {
  return word.replaceAll('\\', '/');
}
