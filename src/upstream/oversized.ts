/** Whose answer a message was that is too large to keep: its id stands at one of its ends, as every serializer writes it. */

const ID_AT_START = /^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d+)\s*,/u;
const ID_AT_END = /,\s*"id"\s*:\s*(\d+)\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$/u;

/** The id where it can be seen, or undefined. */
export function oversizedId(head: Buffer, tail: Buffer): number | undefined {
  const found = ID_AT_START.exec(head.toString('latin1')) ?? ID_AT_END.exec(tail.toString('latin1'));
  return found?.[1] === undefined ? undefined : Number(found[1]);
}
