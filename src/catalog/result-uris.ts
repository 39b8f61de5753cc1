/**
 * Where a message of a server names its resources: those URIs, and only those, get their aliases.
 * What stands in `structuredContent` or in a text is the server's own data and is never touched.
 */
import type { ServerPlan } from '../config/plan.ts';
import { memberAt, memberOf, type Span, textAt, walkElements } from '../protocol/json-scan.ts';
import type { Message } from '../protocol/message.ts';
import type { Edit } from '../protocol/splice.ts';
import type { UriAliases } from './alias.ts';

/** The end of every key that names one: `uri` and `resourceUri`. */
const MARK = Buffer.from('ri"');

/** Edits for the `result` of tools/call, prompts/get, resources/read and alike. A large one without URIs is only searched, never walked. */
export function resultUriEdits(reply: Message, server: ServerPlan, aliases: UriAliases): readonly Edit[] {
  if (!aliases.isActive || !reply.mayHaveKey(MARK)) return [];
  return reply.resultEdits(urisIn, (uri) => JSON.stringify(aliases.toPublic(server, uri)));
}

function urisIn(bytes: Buffer, result: Span): (Span | undefined)[] {
  return [
    ...contentUris(bytes, memberOf(bytes, result, 'content')),
    ...elementsOf(bytes, memberOf(bytes, result, 'contents')).map((item) => memberOf(bytes, item, 'uri')),
    ...elementsOf(bytes, memberOf(bytes, result, 'messages')).flatMap((item) =>
      oneContentUris(bytes, memberOf(bytes, item, 'content')),
    ),
    ...uiUris(bytes, result),
  ];
}

/** Edits for one definition of a list: its own URI or template, and the app it names. */
export function definitionUriEdits(bytes: Buffer, server: ServerPlan, aliases: UriAliases): readonly Edit[] {
  const whole = { start: 0, end: bytes.length };
  return uiUris(bytes, whole).flatMap((span) => aliasEdit(bytes, span, server, aliases) ?? []);
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

/** MCP Apps: `_meta.ui.resourceUri`, and the flat key of its first drafts. */
function uiUris(bytes: Buffer, object: Span): (Span | undefined)[] {
  return [
    memberAt(bytes, object, ['_meta', 'ui', 'resourceUri']),
    memberAt(bytes, object, ['_meta', 'ui/resourceUri']),
  ];
}

function contentUris(bytes: Buffer, content: Span | undefined): (Span | undefined)[] {
  return elementsOf(bytes, content).flatMap((block) => oneContentUris(bytes, block));
}

/** A resource_link names its URI itself, an embedded resource inside `resource`. */
function oneContentUris(bytes: Buffer, block: Span | undefined): (Span | undefined)[] {
  if (block === undefined) return [];
  const typeSpan = memberOf(bytes, block, 'type');
  const type = typeSpan === undefined ? undefined : textAt(bytes, typeSpan);
  if (type === 'resource_link') return [memberOf(bytes, block, 'uri'), ...uiUris(bytes, block)];
  return type === 'resource' ? [memberAt(bytes, block, ['resource', 'uri'])] : [];
}

function elementsOf(bytes: Buffer, array: Span | undefined): readonly Span[] {
  const found: Span[] = [];
  if (array !== undefined) walkElements(bytes, array.start, (span) => found.push(span));
  return found;
}
