/** Lists all offers of an instance: every page of every list that its capabilities name. */
import type { CancelTimer, Clock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import { memberOf, rawAt, type Span, textAt, walkElements } from '../protocol/json-scan.ts';
import type { Message } from '../protocol/message.ts';
import { COLLECTIONS, type Collection, type CollectionName, forEachCollection } from '../protocol/methods.ts';
import { isMethodNotFound } from '../protocol/relay.ts';
import { strictProblem } from '../protocol/strict-json.ts';
import type { Instance } from './instance.ts';
import type { Withheld } from './server-hello.ts';

/** The definitions of a collection, verbatim and in the server's order, or the error of the list. Undefined: not listed yet. */
type OneList = readonly Buffer[] | AnywhereError | undefined;

export type Listed = Readonly<Record<CollectionName, OneList>> & {
  readonly withheld: readonly Withheld[];
  /** Why a later page of the list failed. The pages before are in the list. */
  readonly cutShort?: ReadonlyMap<CollectionName, AnywhereError>;
};

/** Gets what is listed so far while another list is still awaited. */
export interface EarlyTaker {
  readonly clock: Clock;
  take(listed: Listed): void;
}

const LONGEST_NAME = 256;
/** A list that takes longer does not hold up the others. */
const EARLY_MS = 250;

interface Findings {
  readonly withheld: Withheld[];
  readonly cutShort: Map<CollectionName, AnywhereError>;
}

/** A list that fails, or is never answered, does not affect the other lists. */
export async function listAll(instance: Instance, early?: EarlyTaker): Promise<Listed> {
  const lists = new Map<CollectionName, OneList>();
  const findings: Findings = { withheld: [], cutShort: new Map() };
  const listed = (): Listed => ({
    ...forEachCollection(({ name }) => lists.get(name)),
    withheld: [...findings.withheld],
    cutShort: new Map(findings.cutShort),
  });
  let cancel: CancelTimer | undefined;
  const takeEarly = (): void => {
    cancel = undefined;
    early?.take(listed());
  };
  const add = (name: CollectionName, list: OneList): void => {
    lists.set(name, list);
    if (Array.isArray(list) && list.length > 0)
      cancel ??= early?.clock.after(EARLY_MS, takeEarly, { background: true });
  };
  const one = async (collection: Collection): Promise<void> => {
    const { name } = collection;
    // The pages so far count while the next page is awaited.
    const pages = (found: readonly Buffer[]): void => {
      findings.cutShort.set(name, listError(instance, collection, 'is not complete yet'));
      add(name, [...found]);
    };
    const list = await listOne(instance, collection, findings, pages).catch((error: unknown) =>
      instance.failureOf(error),
    );
    add(name, list);
  };
  await Promise.all(COLLECTIONS.map(one));
  cancel?.();
  return listed();
}

/** @param onPage gets the definitions of all pages so far while the next page is awaited */
async function listOne(
  instance: Instance,
  collection: Collection,
  { withheld, cutShort }: Findings,
  onPage: (found: readonly Buffer[]) => void,
): Promise<readonly Buffer[]> {
  if (instance.hello?.capabilities[collection.capability] === undefined) return [];
  const { listingPages } = instance.limits;
  const intake = new Intake(collection, instance.limits, withheld);
  const cursors = new Set<string>();
  let params: string | undefined;
  for (let page = 0; page < listingPages && !intake.isFull; page += 1) {
    try {
      params = await listPage(instance, collection, params, intake);
    } catch (error) {
      if (page === 0) throw error;
      cutShort.set(collection.name, instance.failureOf(error));
      return intake.found;
    }
    if (params === undefined) break;
    if (cursors.has(params))
      intake.end('the list never ends, because the server repeats a cursor; the rest is not offered');
    else onPage(intake.found);
    cursors.add(params);
  }
  if (params !== undefined) intake.close(`limits.listingPages (${listingPages})`);
  cutShort.delete(collection.name);
  return intake.found;
}

/** Returns the params for the next page; undefined behind the last page. */
async function listPage(
  instance: Instance,
  collection: Collection,
  params: string | undefined,
  intake: Intake,
): Promise<string | undefined> {
  const options = { timeoutMs: instance.server.timeoutMs, takesUnfit: true };
  const reply = await instance.peer.request(collection.method, params, options);
  if (isMethodNotFound(reply)) return undefined;
  const cursor = readPage(instance, collection, reply, intake);
  if (cursor === undefined) return undefined;
  intake.count(cursor.length);
  return `{"cursor":${cursor}}`;
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
    const { listingItems } = this.#limits;
    const problem = strictProblem(page, { start, end }, this.#limits);
    if (problem !== undefined) {
      this.#withheld.push({
        collection: this.#collection.name,
        item: this.#nameOf(page, { start, end }),
        reason: `its definition ${problem}`,
      });
    } else if (this.count(end - start)) {
      // Verbatim: the catalog checks definitions. A copy: a slice would keep the whole answer in memory.
      this.found.push(Buffer.from(source.subarray(start, end)));
    }
    if (this.found.length + this.#withheld.length > listingItems) {
      this.found.splice(listingItems);
      this.close(`limits.listingItems (${listingItems})`);
    }
  }

  /** False where so many bytes more are over the limit; then the list ends. */
  count(bytes: number): boolean {
    const { listingBytes } = this.#limits;
    if (this.#bytes + bytes > listingBytes) this.close(`limits.listingBytes (${listingBytes})`);
    else this.#bytes += bytes;
    return !this.isFull;
  }

  /** Ends the list at a limit. */
  close(limit: string): void {
    this.end(`the list is over ${limit}; the rest of the list is not offered`);
  }

  end(reason: string): void {
    if (this.isFull) return;
    this.isFull = true;
    const { method, name: collection } = this.#collection;
    this.#withheld.push({ collection, item: method, reason });
  }

  #nameOf(page: Buffer, definition: Span): string {
    const name = memberOf(page, definition, this.#collection.key);
    const isShort = name !== undefined && name.end - name.start <= LONGEST_NAME;
    const text = isShort ? textAt(page, name) : undefined;
    // Half of a surrogate pair in a name must not get into the status.
    return text === undefined ? '(no name)' : Buffer.from(text).toString();
  }
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

/** As JSON text, for this list and for tasks/list. An empty cursor ends the list, as in the official clients. */
export function cursorOf(reply: Message): string | undefined {
  const span = reply.resultMember('nextCursor');
  const text = span === undefined ? 'null' : rawAt(reply.bytes, span);
  return text.startsWith('"') && text !== '""' ? text : undefined;
}

function listError(instance: Instance, collection: Collection, what: string): AnywhereError {
  const { host, name } = instance.server;
  return new AnywhereError('SERVER_PROTOCOL', `${host}/${name}: ${collection.method} ${what}`, { host, server: name });
}
