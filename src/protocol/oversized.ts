/** Whose message it was that is too large to keep: its id stands at one of its ends, as every serializer writes it. */

const ID = String.raw`"id"\s*:\s*(\d+|"(?:[^"\\]|\\.)*")`;
const VERSION = String.raw`"jsonrpc"\s*:\s*"2\.0"`;
const START = new RegExp(
  String.raw`^\s*\{\s*(?:${VERSION}\s*,\s*)?(?:${ID}\s*,\s*)?(?:"(result|error)"|"method"\s*:\s*"[^"]*"\s*,\s*(?:${ID})?)`,
  'u',
);
const END = new RegExp(String.raw`,\s*${ID}\s*(?:,\s*${VERSION}\s*)?\}\s*$`, 'u');

export interface OversizedId {
  /** A reply answers a request of ours; a request or notification is the other side's own. */
  readonly isReply: boolean;
  /** As JSON text. */
  readonly idText: string;
}

/** Undefined where the id cannot be seen, or there is none. */
export function oversizedId(head: Buffer, tail: Buffer): OversizedId | undefined {
  const [start, idFirst, reply, idBehindMethod] = START.exec(head.toString('latin1')) ?? [];
  if (start === undefined) return undefined;
  const idText = idFirst ?? idBehindMethod ?? END.exec(tail.toString('latin1'))?.[1];
  return idText === undefined
    ? undefined
    : { isReply: reply !== undefined, idText: Buffer.from(idText, 'latin1').toString('utf8') };
}
