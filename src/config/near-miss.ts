/** Which known word somebody meant. */

/** What people who know other tools write, and what it is called here. */
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
    .map(([spelling, word]) => ({ word, distance: distance(normalize(written), normalize(spelling)) }))
    .filter((entry) => entry.distance <= limit)
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.word;
}

function normalize(word: string): string {
  return word.toLowerCase().replaceAll(/[-_\s]/g, '');
}

/** Edits (insert, delete, replace, swap of neighbours) from one word to the other. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Infinity;
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j += 1) {
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, replaced, swapped ? at(i - 2, j - 2) + 1 : Infinity));
    }
  }
  return at(a.length, b.length);
}
