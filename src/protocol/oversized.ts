/** Finds the sender of a message that was too large to keep. Every serializer writes the id near one of the ends. */
import { ownIdAt } from './message.ts';

const ID = String.raw`"id"\s*:\s*(\d+|"(?:[^"\\\x00-\x1f]|\\.)*")`;
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
  /** The id as one of ours, or NaN. */
  readonly ownId: number;
}

/** Undefined where the ends show no id. */
export function oversizedId(head: Buffer, tail: Buffer): OversizedId | undefined {
  const [start, idFirst, reply, idBehindMethod] = START.exec(head.toString('latin1')) ?? [];
  if (start === undefined) return undefined;
  const idText = idFirst ?? idBehindMethod ?? END.exec(tail.toString('latin1'))?.[1];
  if (idText === undefined) return undefined;
  const bytes = Buffer.from(idText, 'latin1');
  const ownId = ownIdAt(bytes, { start: 0, end: bytes.length });
  return { isReply: reply !== undefined, idText: bytes.toString('utf8'), ownId };
}
