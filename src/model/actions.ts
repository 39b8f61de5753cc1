/**
 * Everything that a key of the dashboard does: its name, its keys and its words.
 *
 * The only table of them. The keys, the help page, the foot and the palette are made from it, and `dashboard.yaml` gives
 * other keys to these names.
 */
import type { NamedKey } from './key.ts';
import { VIEWS, type ViewName } from './view.ts';

interface Entry {
  readonly keys: readonly string[];
  /** What the action does, for the help page and the palette. */
  readonly what: string;
  /** One or two words for the foot; without them the foot does not name the action. */
  readonly hint?: string;
  /** Without them the action works in every view. */
  readonly views?: readonly ViewName[];
}

const LISTS: readonly ViewName[] = ['hosts', 'servers', 'tools', 'live', 'stats'];
const PLACES: readonly ViewName[] = ['hosts', 'servers', 'tools', 'live'];

/** In the order of the foot: a narrow screen leaves out the last ones. */
const TABLE = {
  open: { keys: ['enter'], what: 'opens the details', hint: 'open', views: LISTS },
  call: { keys: ['t'], what: 'calls the tool with a form', hint: 'call', views: ['tools'] },
  cancel: { keys: ['K', 'x'], what: 'cancels the call, after asking', hint: 'cancel', views: ['live'] },
  follow: { keys: ['f'], what: 'follows the end of the log', hint: 'follow', views: ['logs'] },
  wrap: { keys: ['w'], what: 'wraps long lines', hint: 'wrap', views: ['logs'] },
  stream: { keys: ['v'], what: 'only one stream: stderr, protocol, ssh, …', hint: 'stream', views: ['logs'] },
  level: { keys: ['e'], what: 'only lines that look like warnings or errors', hint: 'level', views: ['logs'] },
  'all-logs': { keys: ['l'], what: 'the log of all hosts again', hint: 'all', views: ['logs'] },
  window: { keys: ['w'], what: 'the last hour or the last day', hint: 'hour/day', views: ['stats'] },
  by: { keys: ['b'], what: 'by tool, server, host or client', hint: 'by', views: ['stats'] },
  filter: {
    keys: ['/'],
    what: 'filters by words: !word excludes, ~word matches a name by its letters',
    hint: 'filter',
  },
  palette: { keys: [':'], what: 'finds any of these commands by its name', hint: 'commands' },
  trouble: { keys: ['!'], what: 'only what is in trouble, or everything again', hint: 'trouble' },
  reconnect: { keys: ['r'], what: 'reconnects the host now', hint: 'reconnect', views: PLACES },
  restart: { keys: ['R'], what: 'restarts the host or server, after asking', hint: 'restart', views: PLACES },
  switch: { keys: ['e'], what: 'switches the server off or on, after asking', hint: 'on/off', views: ['servers'] },
  'list-tools': { keys: ['L'], what: 'starts all servers and lists their tools', hint: 'list again', views: ['tools'] },
  log: { keys: ['l'], what: 'shows its log', hint: 'logs', views: PLACES },
  explain: { keys: ['x'], what: 'explains what is wrong', hint: 'explain', views: ['hosts', 'servers', 'tools'] },
  sort: { keys: ['s'], what: 'the next sort order', hint: 'sort', views: LISTS },
  copy: { keys: ['c'], what: 'copies the command that does the same', hint: 'copy' },
  split: { keys: ['|'], what: 'shows or hides the log and the calls of the selected line', views: PLACES },
  pause: { keys: ['p'], what: 'pauses the screen, or resumes' },
  answer: { keys: ['a'], what: 'answers a waiting question (passphrase, code)' },
  start: { keys: ['r'], what: 'starts a daemon after the last one is gone' },
  hosts: { keys: ['1'], what: 'the hosts' },
  servers: { keys: ['2'], what: 'the servers' },
  tools: { keys: ['3'], what: 'the tools' },
  live: { keys: ['4'], what: 'the calls that run now' },
  logs: { keys: ['5'], what: 'the log' },
  stats: { keys: ['6'], what: 'the statistics' },
  'next-view': { keys: [']', 'tab'], what: 'the next view' },
  'previous-view': { keys: ['[', 'back-tab'], what: 'the previous view' },
  down: { keys: ['j', 'down'], what: 'one line down' },
  up: { keys: ['k', 'up'], what: 'one line up' },
  'page-down': { keys: ['page-down', 'ctrl-d', 'ctrl-f'], what: 'one page down' },
  'page-up': { keys: ['page-up', 'ctrl-u', 'ctrl-b'], what: 'one page up' },
  top: { keys: ['g', 'home'], what: 'to the start' },
  bottom: { keys: ['G', 'end'], what: 'to the end' },
  back: { keys: ['escape'], what: 'back; in a list, removes the filter' },
  help: { keys: ['?'], what: 'lists the keys', hint: 'help' },
  quit: { keys: ['q'], what: 'leaves; the daemon goes on (mcp-anywhere stop ends it)', hint: 'quit' },
} as const satisfies Readonly<Record<string, Entry>>;

export type ActionName = keyof typeof TABLE;

export interface Action extends Entry {
  readonly name: ActionName;
}

export const ACTIONS: readonly Action[] = Object.entries(TABLE).map(([name, entry]) => ({
  name: name as ActionName,
  ...entry,
}));

/** Other keys for some actions; an empty list takes the keys of an action away. */
export type KeyChoices = Readonly<Partial<Record<ActionName, readonly string[]>>>;

export function withKeys(choices: KeyChoices): readonly Action[] {
  return ACTIONS.map((action) => ({ ...action, keys: choices[action.name] ?? action.keys }));
}

/** What a person can do in a view. Only a daemon that is gone can be started. */
export function actionsIn(actions: readonly Action[], view: ViewName, isGone: boolean): readonly Action[] {
  return actions.filter(({ name, views }) =>
    name === 'start' ? isGone : (views === undefined || views.includes(view)) && !(isGone && name === 'reconnect'),
  );
}

export interface Clash {
  readonly key: string;
  readonly first: Action;
  readonly second: Action;
}

/** Two actions of one view that share a key; undefined where every key has one meaning. */
export function clashOf(actions: readonly Action[]): Clash | undefined {
  return VIEWS.flatMap(({ name }) => clashIn(actionsIn(actions, name, false)) ?? [])[0];
}

function clashIn(actions: readonly Action[]): Clash | undefined {
  const owners = new Map<string, Action>();
  for (const action of actions) {
    const key = action.keys.find((each) => owners.has(each));
    const first = key === undefined ? undefined : owners.get(key);
    if (key !== undefined && first !== undefined) return { key, first, second: action };
    for (const each of action.keys) owners.set(each, action);
  }
  return undefined;
}

/** These do the same everywhere, as in every program on a terminal. */
export const FIXED_KEYS = { 'ctrl-c': 'detach', 'ctrl-z': 'suspend', 'ctrl-l': 'repaint' } as const;

const NAMED_KEYS: ReadonlySet<string> = new Set<NamedKey>([
  ...(['up', 'down', 'left', 'right', 'home', 'end', 'page-up', 'page-down'] as const),
  ...(['delete', 'backspace', 'enter', 'tab', 'back-tab', 'escape'] as const),
]);

/** A word that a key can be: one character, `ctrl-` with a letter, or the name of a key. */
export function isKeyName(word: string): boolean {
  if (Object.hasOwn(FIXED_KEYS, word)) return false;
  return NAMED_KEYS.has(word) || /^(?:ctrl-[a-z]|[^\p{C}\s])$/u.test(word);
}

const KEY_TEXTS: ReadonlyMap<string, string> = new Map([
  ['enter', '⏎'],
  ['escape', 'Esc'],
  ['up', '↑'],
  ['down', '↓'],
  ['left', '←'],
  ['right', '→'],
  ['page-up', 'PgUp'],
  ['page-down', 'PgDn'],
  ['back-tab', 'Shift-Tab'],
]);

/** A key as the screen shows it: `⏎`, `r`, `Ctrl-D`, `Home`. */
export function keyText(key: string): string {
  if (key.startsWith('ctrl-')) return `Ctrl-${key.slice(5).toUpperCase()}`;
  return KEY_TEXTS.get(key) ?? (key.length > 1 ? `${key.slice(0, 1).toUpperCase()}${key.slice(1)}` : key);
}
