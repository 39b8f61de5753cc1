/**
 * Public URIs of resources. Identical servers on several hosts list identical URIs, so with more than one server in the
 * hosts file every URI is aliased by host and server, whether or not it collides.
 *
 * `file:///x` becomes `mcpa://host/server/file:///x`: the original follows the prefix unchanged, so templates (RFC 6570)
 * stay templates. `ui://x` stays a `ui://` URI (MCP Apps), as `ui://host__server/x`. Only URIs in known places of a
 * message are aliased: `structuredContent` and texts are the server's own data.
 */
import type { Plan, ServerPlan } from '../config/plan.ts';
import { memberOf, type Span, textAt, walkElements } from '../protocol/json-scan.ts';
import { clearMember, MemberIndex } from '../protocol/member-index.ts';
import type { Message } from '../protocol/message.ts';
import type { Edit } from '../protocol/splice.ts';

const SCHEME = 'mcpa://';
const UI_SCHEME = 'ui://';

export interface Original {
  readonly server: ServerPlan;
  readonly uri: string;
}

export class UriAliases {
  #servers: ReadonlyMap<string, ServerPlan> = new Map();
  #only: ServerPlan | undefined;

  constructor(plan: Plan) {
    this.replan(plan);
  }

  /** The hosts file changed. */
  replan(plan: Plan): void {
    const servers = plan.hosts.flatMap((host) => host.servers);
    this.#servers = new Map(
      servers.flatMap(
        (server) =>
          [
            [slashed(server), server],
            [joined(server), server],
          ] as const,
      ),
    );
    this.#only = servers.length === 1 ? servers[0] : undefined;
  }

  /** False with a single server, whose URIs stay unchanged. */
  get isActive(): boolean {
    return this.#only === undefined;
  }

  toPublic(server: ServerPlan, uri: string): string {
    if (!this.isActive) return uri;
    if (uri.startsWith(UI_SCHEME)) return `${UI_SCHEME}${joined(server)}/${uri.slice(UI_SCHEME.length)}`;
    return `${SCHEME}${slashed(server)}/${uri}`;
  }

  /** The server's own URI; undefined where the public URI names no server. */
  toOriginal(uri: string): Original | undefined {
    if (this.#only !== undefined) return { server: this.#only, uri };
    if (uri.startsWith(SCHEME)) return this.#split(uri.slice(SCHEME.length), 2, '');
    return uri.startsWith(UI_SCHEME) ? this.#split(uri.slice(UI_SCHEME.length), 1, UI_SCHEME) : undefined;
  }

  /** The first `segments` path segments name the server; the rest is the original behind `scheme`. */
  #split(path: string, segments: number, scheme: string): Original | undefined {
    const end = nthSlash(path, segments);
    const server = end === -1 ? undefined : this.#servers.get(path.slice(0, end));
    return server === undefined ? undefined : { server, uri: scheme + path.slice(end + 1) };
  }
}

function slashed(server: ServerPlan): string {
  return `${server.host}/${server.name}`;
}

function joined(server: ServerPlan): string {
  return `${server.host}__${server.name}`;
}

function nthSlash(text: string, count: number): number {
  let at = -1;
  for (let found = 0; found < count; found += 1) {
    at = text.indexOf('/', at + 1);
    if (at === -1) return -1;
  }
  return at;
}

/** The ends of the keys `uri` and `resourceUri`, also for a reader that ignores case. */
const MARKS = ['ri"', 'rI"', 'Ri"', 'RI"'].map((end) => Buffer.from(end));

/**
 * Edits for the `result` of tools/call, prompts/get, resources/read and so on. A result without URIs is searched only, not
 * walked.
 * @throws AnywhereError SERVER_PROTOCOL where two readers could find two URIs in one place
 */
export function resultUriEdits(reply: Message, server: ServerPlan, aliases: UriAliases): readonly Edit[] {
  if (!aliases.isActive || !reply.mayHaveKey(MARKS)) return [];
  return reply.resultEdits(urisIn, (uri) => JSON.stringify(aliases.toPublic(server, uri)));
}

function urisIn(bytes: Buffer, result: Span): (Span | undefined)[] {
  const members = MemberIndex.of(bytes, result);
  return [
    ...contentUris(bytes, members.clear('content')),
    ...elementsOf(bytes, members.clear('contents')).map((item) => clearMember(bytes, item, 'uri')),
    ...elementsOf(bytes, members.clear('messages')).flatMap((item) =>
      oneContentUris(bytes, clearMember(bytes, item, 'content')),
    ),
    ...uiUris(bytes, result),
  ];
}

/** Edits for one definition of a list: the URI of its app. The definition is checked for twins. */
export function definitionUriEdits(bytes: Buffer, server: ServerPlan, aliases: UriAliases): readonly Edit[] {
  const whole = { start: 0, end: bytes.length };
  return uiUris(bytes, whole, memberOf).flatMap((span) => aliasEdit(bytes, span, server, aliases) ?? []);
}

export function aliasEdit(
  bytes: Buffer,
  span: Span | undefined,
  server: ServerPlan,
  aliases: UriAliases,
): Edit | undefined {
  const uri = span === undefined ? undefined : textAt(bytes, span);
  return span === undefined || uri === undefined
    ? undefined
    : { span, text: JSON.stringify(aliases.toPublic(server, uri)) };
}

type Find = (bytes: Buffer, object: Span, key: string) => Span | undefined;

/** MCP Apps: `_meta.ui.resourceUri`, and the flat key of the first drafts. */
function uiUris(bytes: Buffer, object: Span, find: Find = clearMember): (Span | undefined)[] {
  const meta = find(bytes, object, '_meta');
  const ui = meta && find(bytes, meta, 'ui');
  return [ui && find(bytes, ui, 'resourceUri'), meta && find(bytes, meta, 'ui/resourceUri')];
}

function contentUris(bytes: Buffer, content: Span | undefined): (Span | undefined)[] {
  return elementsOf(bytes, content).flatMap((block) => oneContentUris(bytes, block));
}

/** A resource_link holds its URI directly, an embedded resource inside `resource`. */
function oneContentUris(bytes: Buffer, block: Span | undefined): (Span | undefined)[] {
  const members = MemberIndex.of(bytes, block);
  const typeSpan = members.clear('type');
  const type = typeSpan === undefined ? undefined : textAt(bytes, typeSpan);
  if (block !== undefined && type === 'resource_link') return [members.clear('uri'), ...uiUris(bytes, block)];
  return type === 'resource' ? [clearMember(bytes, members.clear('resource'), 'uri')] : [];
}

function elementsOf(bytes: Buffer, array: Span | undefined): readonly Span[] {
  const found: Span[] = [];
  if (array !== undefined) walkElements(bytes, array.start, (span) => found.push(span));
  return found;
}
