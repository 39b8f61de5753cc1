/** Which known word somebody meant. */
import { distance } from 'fastest-levenshtein';

/** Words of other tools, and the key of ours. */
const SYNONYMS: Readonly<Record<string, string>> = {
  mcpservers: 'servers',
  server: 'servers',
  machines: 'hosts',
  hostname: 'host',
  username: 'user',
  keyfile: 'identityFile',
  key: 'identityFile',
  privatekey: 'identityFile',
  jump: 'proxyJump',
  jumphost: 'proxyJump',
  bastion: 'proxyJump',
  userknownhostsfile: 'knownHostsFile',
  knownhosts: 'knownHostsFile',
  controlmaster: 'reuseControlMaster',
  cmd: 'command',
  arguments: 'args',
  environment: 'env',
  workdir: 'cwd',
  workingdirectory: 'cwd',
  timeout: 'timeoutMs',
  disabled: 'enabled',
  include: 'allow',
  exclude: 'deny',
};

/** The one of `known` that `written` probably means, or undefined when nothing is near. */
export function nearMiss(written: string, known: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(normalize(written).length / 3));
  const synonyms = Object.entries(SYNONYMS).filter(([, word]) => known.includes(word));
  const ranked = [...known.map((word) => [word, word] as const), ...synonyms]
    .map(([spelling, word]) => ({ word, distance: edits(normalize(written), normalize(spelling)) }))
    .filter((entry) => entry.distance <= limit)
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.word;
}

function normalize(word: string): string {
  return word.toLowerCase().replaceAll(/[-_\s./:]/g, '');
}

/** Edits (insert, delete, replace) from one word to the other; two letters in the wrong order are one edit. */
function edits(a: string, b: string): number {
  const count = distance(a, b);
  return count === 2 && sortedLetters(a) === sortedLetters(b) ? 1 : count;
}

function sortedLetters(word: string): string {
  return Array.from(word).sort().join('');
}

/** More suggestions would be a list to search. */
const MOST_TOOLS = 3;

/**
 * The tools that somebody meant: models write `files.read_file`, `mcp__anywhere__gpu1__files__read_file`, or the tool's own
 * name alone. The nearest first; empty where nothing is near.
 *
 * @param known public names, `host__server__tool`
 */
export function nearTools(written: string, known: readonly string[]): readonly string[] {
  // Clients put the name of their entry in front.
  const name = normalize(written.replace(/^(?:mcp_+)?anywhere(?:_+|[./:-])/i, ''));
  if (name === '') return [];
  const exact = known.filter((tool) => normalize(tool) === name);
  const partly = known.filter((tool) => normalize(tool).endsWith(name) || own(tool) === own(written));
  const near = nearMiss(written, known) ?? nearOwn(written, known);
  return [...new Set([...exact, ...partly, ...(near === undefined ? [] : [near])])].slice(0, MOST_TOOLS);
}

/** The tool's own name. */
function own(tool: string): string {
  return normalize(tool.split(/__|[./:]/).at(-1) ?? tool);
}

function nearOwn(written: string, known: readonly string[]): string | undefined {
  const meant = nearMiss(own(written), known.map(own));
  return meant === undefined ? undefined : known.find((tool) => own(tool) === normalize(meant));
}
