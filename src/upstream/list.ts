/** Lists all offers of an instance: every page of every list that its capabilities name. */
import { AnywhereError } from '../base/errors.ts';
import { memberOf, rawAt, type Span, skipString, textAt, walkElements } from '../protocol/json-scan.ts';
import type { Message } from '../protocol/message.ts';
import { COLLECTIONS, type Collection, type CollectionName } from '../protocol/methods.ts';
import { isMethodNotFound } from '../protocol/relay.ts';
import type { Instance } from './instance.ts';

/** An item over a limit of the hosts file. */
export interface Withheld {
  readonly collection: CollectionName;
  readonly item: string;
  readonly reason: string;
}

/** The definitions of each collection, verbatim and in the server's order, or the error of the list. */
export type Listed = Readonly<Record<CollectionName, readonly Buffer[] | AnywhereError>> & {
  readonly withheld: readonly Withheld[];
};

const LONGEST_NAME = 256;

/** A list that fails does not affect the other lists. */
export async function listAll(instance: Instance): Promise<Listed> {
  const withheld: Withheld[] = [];
  const lists = await Promise.all(
    COLLECTIONS.map((collection) =>
      listOne(instance, collection, withheld).catch((error: unknown) => instance.failureOf(error)),
    ),
  );
  const [tools = [], prompts = [], resources = [], resourceTemplates = []] = lists;
  return { tools, prompts, resources, resourceTemplates, withheld };
}

async function listOne(instance: Instance, collection: Collection, withheld: Withheld[]): Promise<readonly Buffer[]> {
  if (instance.hello?.capabilities[collection.capability] === undefined) return [];
  const { listingPages } = instance.limits;
  const intake = new Intake(collection, instance.limits, withheld);
  let params: string | undefined;
  for (let page = 0; page < listingPages; page += 1) {
    const reply = await instance.peer.request(collection.method, params, {
      timeoutMs: instance.server.timeoutMs,
      takesUnfit: true,
    });
    if (isMethodNotFound(reply)) return intake.found;
    const cursor = readPage(instance, collection, reply, intake);
    if (cursor === undefined || intake.isFull) return intake.found;
    const next = `{"cursor":${cursor}}`;
    if (next === params) throw listError(instance, collection, 'never ends: it repeats a cursor');
    params = next;
  }
  intake.close(`limits.listingPages (${listingPages})`);
  return intake.found;
}

/** Collects definitions within the limits. */
class Intake {
  readonly found: Buffer[] = [];
  readonly #collection: Collection;
  readonly #limits: Instance['limits'];
  readonly #withheld: Withheld[];
  #bytes = 0;
  isFull = false;

  constructor(collection: Collection, limits: Instance['limits'], withheld: Withheld[]) {
    this.#collection = collection;
    this.#limits = limits;
    this.#withheld = withheld;
  }

  take({ bytes: page, source }: Message, { start, end }: Span): void {
    if (this.isFull) return;
    const { listingBytes, listingItems } = this.#limits;
    const problem = this.#problemOf(page, { start, end });
    if (problem !== undefined) {
      this.#withheld.push({
        collection: this.#collection.name,
        item: this.#nameOf(page, { start, end }),
        reason: problem,
      });
    } else if (this.#bytes + end - start > listingBytes) this.close(`limits.listingBytes (${listingBytes})`);
    else {
      this.#bytes += end - start;
      // Verbatim: the catalog checks definitions. A copy: a slice would keep the whole answer in memory.
      this.found.push(Buffer.from(source.subarray(start, end)));
    }
    if (this.found.length + this.#withheld.length > listingItems) {
      this.found.splice(listingItems);
      this.close(`limits.listingItems (${listingItems})`);
    }
  }

  /** Ends the list at a limit. */
  close(limit: string): void {
    if (this.isFull) return;
    this.isFull = true;
    const { method, name: collection } = this.#collection;
    this.#withheld.push({
      collection,
      item: method,
      reason: `the list is over ${limit}; the rest of the list is not offered`,
    });
  }

  #problemOf(page: Buffer, span: Span): string | undefined {
    const { definitionBytes, definitionDepth } = this.#limits;
    const size = span.end - span.start;
    if (size > definitionBytes)
      return `its definition has ${size} bytes, over limits.definitionBytes (${definitionBytes})`;
    if (isDeeper(page, span, definitionDepth))
      return `its definition is nested deeper than limits.definitionDepth (${definitionDepth})`;
    return undefined;
  }

  #nameOf(page: Buffer, definition: Span): string {
    const name = memberOf(page, definition, this.#collection.key);
    const isShort = name !== undefined && name.end - name.start <= LONGEST_NAME;
    return (isShort ? textAt(page, name) : undefined) ?? '(no name)';
  }
}

const QUOTE = 0x22;
const OPEN = new Set(Buffer.from('[{'));
const CLOSE = new Set(Buffer.from(']}'));

/** Without recursion: a hostile server chooses the depth. */
export function isDeeper(bytes: Buffer, { start, end }: Span, most: number): boolean {
  let depth = 0;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) at = skipString(bytes, at) - 1;
    else if (OPEN.has(byte)) depth += 1;
    else if (CLOSE.has(byte)) depth -= 1;
    if (depth > most) return true;
  }
  return false;
}

/** Returns the cursor of the next page. */
function readPage(instance: Instance, collection: Collection, reply: Message, intake: Intake): string | undefined {
  if (reply.kind === 'error' || reply.result === undefined)
    throw listError(instance, collection, `failed: ${reply.errorValue().message}`);
  const array = memberOf(reply.bytes, reply.result, collection.member);
  const take = (span: Span): void => {
    intake.take(reply, span);
  };
  const end = array === undefined ? -1 : walkElements(reply.bytes, array.start, take);
  if (end === -1) throw listError(instance, collection, `holds no array "${collection.member}"`);
  return cursorOf(reply);
}

/** As JSON text. An empty cursor ends the list, as in the official clients. */
function cursorOf(reply: Message): string | undefined {
  const span = reply.resultMember('nextCursor');
  const text = span === undefined ? 'null' : rawAt(reply.bytes, span);
  return text.startsWith('"') && text !== '""' ? text : undefined;
}

function listError(instance: Instance, collection: Collection, what: string): AnywhereError {
  const { host, name } = instance.server;
  return new AnywhereError('SERVER_PROTOCOL', `${host}/${name}: ${collection.method} ${what}`, { host, server: name });
}
