/**
 * For each promise that hangs on a place in the code, a small change that takes the promise away: `npm run requirements --
 * --mutate` says which of these the tests that claim to prove the promise do not notice.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Mutation {
  /** A text that stands once in src/. Not tied to a file, so that code may move. */
  readonly from: string;
  readonly to: string;
}

export const MUTATIONS: Readonly<Record<string, readonly Mutation[]>> = {
  'tools-list': [{ from: `return text.startsWith('"') && text !== '""' ? text : undefined;`, to: 'return undefined;' }],
  'tools-call': [{ from: 'return span === undefined ? [] : [{ span, text: route.originalJson }];', to: 'return [];' }],
  'list-changed': [{ from: '?.equals(json[name]) === false', to: '?.equals(json[name]) !== undefined' }],
  resources: [{ from: 'if (uri.startsWith(UI_SCHEME)) return', to: 'if (uri === UI_SCHEME) return' }],
  'result-uris': [
    { from: 'if (!aliases.isActive || !reply.mayHaveKey(MARKS)) return [];', to: 'return [];' },
    { from: ' || this.#text.includes(ESCAPED_ASCII);', to: ';' },
    { from: 'return byte === BACKSLASH && keyText(bytes, keyAt) === key;', to: 'return false;' },
  ],
  subscriptions: [
    { from: '!== true || holders.size > 0) return false;', to: '!== true) return false;' },
    { from: 'return known === undefined;', to: 'return true;' },
  ],
  batches: [{ from: 'if (this.#waiting.size === 0) this.#sendAll();', to: 'this.#sendAll();' }],
  'prompts-completion': [
    {
      from: 'return { server: route.server, edits: [{ span, text: route.originalJson }] };',
      to: 'return { server: route.server, edits: [] };',
    },
  ],
  logging: [{ from: 'LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(this.#logLevel)', to: 'true' }],
  progress: [
    { from: 'before({ span, text: tokenText }, edits)', to: 'edits' },
    { from: "progressOutlivesReply: request.param('task') !== undefined", to: 'progressOutlivesReply: true' },
  ],
  cancelled: [{ from: 'key: idKeyAt(notification.bytes, id),', to: 'key: -1,' }],
  ping: [{ from: "['ping', { kind: 'here' }],", to: '' }],
  'client-features': [
    { from: "readonly capabilities = '{}';", to: `readonly capabilities = '{"roots":{},"sampling":{}}';` },
    { from: 'needed !== undefined && !this.#client.capabilities().includes(needed)', to: 'false' },
  ],
  tasks: [
    { from: 'task !== undefined && task.instance.isLive && !this.#isOver(task) ? task : undefined', to: 'task' },
    { from: 'task?.instance !== instance || request.hasTwins()', to: 'task === undefined' },
  ],
  instructions: [{ from: "shortened(parts.join('\\n\\n'), MAX_TOTAL)", to: "parts.join('\\n\\n')" }],
  capabilities: [{ from: 'tools: { listChanged: true },', to: '' }],
  'unknown-methods': [
    { from: 'if (server !== undefined) return this.#forward(call, { server, edits: [] });', to: '' },
    { from: "['server/discover', { kind: 'refused' }],", to: '' },
  ],
  versions: [
    { from: 'return isKnownVersion(asked) ? asked : LATEST_PROTOCOL_VERSION;', to: 'return LATEST_PROTOCOL_VERSION;' },
    { from: 'if (!isKnownVersion(protocolVersion))', to: 'if (protocolVersion === undefined)' },
  ],
  transparent: [
    {
      from: "if (owner.isVerbatim !== true) peer.notify('notifications/initialized');",
      to: "peer.notify('notifications/initialized');",
    },
  ],
  'clients-apart': [{ from: 'return this.#holders.get(uri)?.has(holder) === true;', to: 'return true;' }],
  'client-leaves': [{ from: 'this.#statistics.forget(session.id);\n    this.#fleet.release(session);', to: '' }],
  'answers-at-once': [
    {
      from: 'this.peer.reply(request, helloResult(',
      to: "const late = (...all: Parameters<Peer['reply']>) => void this.#deps.waits.firstListReady(this.#deps.sinceMs(this), 'tools').then(() => this.peer.reply(...all));\n    late(request, helloResult(",
    },
  ],
  'lists-from-cache': [
    {
      from: 'return this.#deps.catalog.isListed(unit.plan, collection) || this.#isHopeless(unit);',
      to: 'return this.#isHopeless(unit);',
    },
  ],
  'first-list': [
    {
      from: 'Math.min(FIRST_LIST_MS, sinceMs + FIRST_LIST_MS - clock.now())',
      to: 'sinceMs + FIRST_LIST_MS - clock.now()',
    },
  ],
  'nothing-left': [{ from: "`_Mreap(){ trap '' TERM;", to: '`_Mreap(){ return 0;' }],
  'host-keys': [{ from: "if (verdict.kind !== 'known') {", to: 'if (false) {' }],
  secrets: [{ from: 'text.replace(this.#pattern, REDACTED)', to: 'text' }],
  'filter-guards': [
    { from: "if (collection.name === 'tools' && !isOffered(this.#server.tools, item.key)) return;", to: '' },
  ],
  'fails-closed': [{ from: "if (state.kind !== 'trusted') throw untrusted(opened.file, state);", to: '' }],
  'explains-itself': [{ from: "'it does not answer')}${this.#retryText(link)}", to: "'it does not answer')}" }],
  'few-connections': [
    {
      from: 'this.#all.find((candidate) => this.#hasRoom(candidate))',
      to: 'this.#all.find((candidate) => candidate.open + candidate.opening === 0)',
    },
  ],
};

/** What is a property of the whole program, and has no single place that could be switched off. */
export const OF_THE_WHOLE: readonly string[] = [
  'verbatim',
  'values',
  'url-elicitation',
  'conformance',
  'independent-clients',
  'differential',
  'down-stays-listed',
  'isolation',
];

/** The sources, by their paths below `root`. */
export function sources(root = fileURLToPath(new URL('..', import.meta.url))): ReadonlyMap<string, string> {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.tsx?$/u.test(name),
  );
  return new Map(files.map((name) => [join('src', name), readFileSync(join(root, 'src', name), 'utf8')]));
}

/** The files that hold the text, each as often as the file does. */
export function holders(text: string, among: ReadonlyMap<string, string>): readonly string[] {
  return [...among].flatMap(([file, source]) => Array.from({ length: source.split(text).length - 1 }, () => file));
}
