/** Asks an instance for all it offers: every page of every list its capabilities name. */
import { AnywhereError } from '../base/errors.ts';
import { COLLECTIONS, type Collection, type CollectionName } from '../protocol/collections.ts';
import { memberOf, rawAt, walkElements } from '../protocol/json-scan.ts';
import type { Message } from '../protocol/message.ts';
import { isMethodNotFound } from '../protocol/relay.ts';
import type { Instance } from './instance.ts';

/** A server whose cursor never ends must not be able to hold us. */
const MAX_PAGES = 1000;

/** The definitions of each collection, verbatim and in the server's order. */
export type Definitions = Readonly<Record<CollectionName, readonly Buffer[]>>;

/**
 * @param onFailure told of a list other than the tools' that failed: it counts as empty, and the tools stay
 * @throws AnywhereError where the server does not answer or answers with something else than a list
 */
export async function listAll(instance: Instance, onFailure?: (error: unknown) => void): Promise<Definitions> {
  const listed = (collection: Collection): Promise<readonly Buffer[]> => {
    const list = listOne(instance, collection);
    if (onFailure === undefined || collection.name === 'tools') return list;
    return list.catch((error: unknown) => {
      onFailure(error);
      return [];
    });
  };
  const lists = await Promise.all(COLLECTIONS.map(listed));
  const [tools = [], prompts = [], resources = [], resourceTemplates = []] = lists;
  return { tools, prompts, resources, resourceTemplates };
}

async function listOne(instance: Instance, collection: Collection): Promise<readonly Buffer[]> {
  if (instance.hello?.capabilities[collection.capability] === undefined) return [];
  const found: Buffer[] = [];
  let params: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const reply = await instance.peer.request(collection.method, params, {
      timeoutMs: instance.server.timeoutMs,
      takesUnfit: true,
    });
    if (isMethodNotFound(reply)) return found;
    const { definitions, cursor } = readPage(instance, collection, reply);
    found.push(...definitions);
    if (cursor === undefined) return found;
    const next = `{"cursor":${cursor}}`;
    if (next === params) break;
    params = next;
  }
  throw listError(instance, collection, 'never comes to an end: its cursor goes round');
}

function readPage(
  instance: Instance,
  collection: Collection,
  reply: Message,
): { definitions: readonly Buffer[]; cursor: string | undefined } {
  if (reply.kind === 'error' || reply.result === undefined)
    throw listError(instance, collection, `failed: ${reply.errorValue().message}`);
  const array = memberOf(reply.bytes, reply.result, collection.member);
  const definitions: Buffer[] = [];
  const end =
    array === undefined
      ? -1
      : walkElements(reply.bytes, array.start, ({ start, end: stop }) => {
          // As the server wrote it, for the catalog to judge. A copy: a slice would keep the whole answer in memory.
          definitions.push(Buffer.from(reply.source.subarray(start, stop)));
        });
  if (end === -1) throw listError(instance, collection, `holds no array "${collection.member}"`);
  return { definitions, cursor: cursorOf(reply) };
}

/** As JSON text. An empty one is the end to the loops of the official clients, and so to servers tried with them. */
function cursorOf(reply: Message): string | undefined {
  const span = reply.resultMember('nextCursor');
  const text = span === undefined ? 'null' : rawAt(reply.bytes, span);
  return text.startsWith('"') && text !== '""' ? text : undefined;
}

function listError(instance: Instance, collection: Collection, what: string): AnywhereError {
  const { host, name } = instance.server;
  return new AnywhereError('SERVER_PROTOCOL', `${host}/${name}: ${collection.method} ${what}`, { host, server: name });
}
