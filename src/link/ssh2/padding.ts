/**
 * Random padding from a pool. ssh2 asks the system's generator for the few bytes of every packet (RFC 4253, section 6),
 * which costs a small call more than all else that ssh2 does for it; asked for in blocks, the same bytes cost next to nothing.
 */
import { randomFillSync } from 'node:crypto';
import type { Client } from 'ssh2';
import { Slab } from '../../base/slab.ts';

interface Cipher {
  allocPacket(payloadBytes: number): Buffer;
}

/** Of ssh2's Protocol.js and crypto.js. */
interface Internals {
  readonly _protocol?: {
    readonly _cipher?: Cipher;
    /** Set during a key exchange, when packets are only queued. */
    readonly _kexinit?: unknown;
    readonly _packetRW?: { readonly write: { alloc(payloadBytes: number, force?: boolean): Buffer } };
  };
}

const POOL_BYTES = 4096;
/** Length and padding length stand before the payload. */
const HEAD_BYTES = 5;
const BLOCK_BYTES = 16;
const MIN_PADDING = 4;
const TAG_BYTES = 16;

/** After the login, on a connection without compression. Other ciphers than AES-GCM of ssh2's addon stay as they are. */
export function poolPadding(client: Client): void {
  const protocol = (client as unknown as Internals)._protocol;
  const writer = protocol?._packetRW?.write;
  if (protocol === undefined || typeof writer?.alloc !== 'function') return;
  const original = writer.alloc.bind(writer);
  const padding = new PaddingPool();
  const slab = new Slab();
  writer.alloc = (payloadBytes, force) => {
    const isQueued = protocol._kexinit !== undefined && force !== true;
    return isQueued || protocol._cipher?.constructor.name !== 'AESGCMCipherBinding'
      ? original(payloadBytes, force)
      : gcmPacket(payloadBytes, padding, slab);
  };
}

/** RFC 5647, section 7.2: the length is not encrypted, so what stands behind it fills whole blocks. */
function gcmPacket(payloadBytes: number, padding: PaddingPool, slab: Slab): Buffer {
  let paddingBytes = BLOCK_BYTES - ((1 + payloadBytes) % BLOCK_BYTES);
  if (paddingBytes < MIN_PADDING) paddingBytes += BLOCK_BYTES;
  const packet = slab.take(HEAD_BYTES + payloadBytes + paddingBytes + TAG_BYTES);
  const length = 1 + payloadBytes + paddingBytes;
  packet[0] = length >>> 24;
  packet[1] = length >>> 16;
  packet[2] = length >>> 8;
  packet[3] = length;
  packet[4] = paddingBytes;
  padding.fill(packet, HEAD_BYTES + payloadBytes, paddingBytes);
  return packet;
}

/** Each byte is used once. */
class PaddingPool {
  readonly #bytes = Buffer.alloc(POOL_BYTES);
  #used = POOL_BYTES;

  fill(target: Buffer, at: number, count: number): void {
    if (this.#used + count > POOL_BYTES) {
      randomFillSync(this.#bytes);
      this.#used = 0;
    }
    const pool = this.#bytes;
    const from = this.#used;
    for (let index = 0; index < count; index += 1) target[at + index] = pool[from + index] ?? 0;
    this.#used = from + count;
  }
}
