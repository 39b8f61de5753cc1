/** The user's ssh agent: its keys and its signatures (draft-miller-ssh-agent). Each question has a connection of its own. */
import { connect } from 'node:net';
import { deadline } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { keyTypeOf } from './known-hosts-lines.ts';
import { byte, Framing, framed, string, uint32, WireReader } from './wire.ts';

/** The hash of an RSA signature (RFC 8332); undefined for all other keys. */
export type SignatureHash = 'sha1' | 'sha256' | 'sha512' | undefined;

export interface Agent {
  readonly socket: string;
  /** Public keys as in RFC 4253, section 6.6; certificates and security keys are among them. */
  readonly keys: readonly Buffer[];
  /** May wait for a person (`ssh-add -c`). */
  sign(key: Buffer, data: Buffer, hash: SignatureHash): Promise<Buffer>;
}

export type AgentAnswer =
  | { readonly kind: 'none' }
  | { readonly kind: 'unreachable'; readonly socket: string; readonly cause: unknown }
  | { readonly kind: 'agent'; readonly agent: Agent };

const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const SIGN_REQUEST = 13;
const SIGN_RESPONSE = 14;
const RSA_FLAGS = { sha1: 0, sha256: 2, sha512: 4 } as const;

/** OpenSSH's own limit (AGENT_MAX_LEN). */
export const AGENT_ANSWER_BYTES = 256 * 1024;
/** A forwarded agent whose other end is gone accepts connections and never answers. */
const LOGIN_TIMEOUT_MS = 3000;
const LOOK_TIMEOUT_MS = 1000;

/** Asks the agent for its keys. Signatures are given up with `signal`. */
export async function askAgent(
  socket: string | undefined,
  clock: Clock,
  signal: AbortSignal,
  timeoutMs = LOGIN_TIMEOUT_MS,
): Promise<AgentAnswer> {
  if (socket === undefined) return { kind: 'none' };
  const limit = deadline(clock, timeoutMs, () => new Error('the agent did not answer'), signal);
  try {
    const keys = keysIn(await exchange(socket, [byte(REQUEST_IDENTITIES)], limit.signal));
    return { kind: 'agent', agent: { socket, keys, sign: (...what) => sign(socket, what, signal) } };
  } catch (cause) {
    signal.throwIfAborted();
    return { kind: 'unreachable', socket, cause };
  } finally {
    limit.clear();
  }
}

/** Its keys, or undefined when no agent answers soon. */
export async function agentKeys(
  socket: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly Buffer[] | undefined> {
  const answer = await askAgent(socket, clock, signal, LOOK_TIMEOUT_MS);
  return answer.kind === 'agent' ? answer.agent.keys : undefined;
}

/** The types of its keys: "ssh-ed25519", "sk-ssh-ed25519@openssh.com" and others. */
export async function agentKeyTypes(
  socket: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  return (await agentKeys(socket, clock, signal))?.map(keyTypeOf);
}

function keysIn(message: WireReader): readonly Buffer[] {
  if (message.byte() !== IDENTITIES_ANSWER) throw new Error('the agent did not list its keys');
  const keys: Buffer[] = [];
  for (let left = message.uint32(); left > 0; left--) {
    keys.push(message.string());
    message.string(); // comment
  }
  return keys;
}

/** The signature alone, without the name of its algorithm. */
async function sign(
  socket: string,
  [key, data, hash]: Parameters<Agent['sign']>,
  signal: AbortSignal,
): Promise<Buffer> {
  const flags = hash === undefined ? 0 : RSA_FLAGS[hash];
  const message = await exchange(socket, [byte(SIGN_REQUEST), string(key), string(data), uint32(flags)], signal);
  if (message.byte() !== SIGN_RESPONSE) throw new Error('the agent did not sign');
  const signature = new WireReader(message.string());
  signature.string(); // algorithm
  return signature.string();
}

async function exchange(socketPath: string, question: readonly Buffer[], signal: AbortSignal): Promise<WireReader> {
  const socket = connect({ path: socketPath, signal });
  try {
    return await new Promise((resolve, reject) => {
      const framing = new Framing(AGENT_ANSWER_BYTES);
      socket.on('error', reject).on('close', () => {
        reject(new Error('the agent closed the connection'));
      });
      socket.on('data', (chunk: Buffer) => {
        try {
          for (const message of framing.push(chunk)) resolve(new WireReader(message));
        } catch (error) {
          reject(error instanceof Error ? error : new Error('the agent broke its protocol'));
        }
      });
      socket.write(framed(...question));
    });
  } finally {
    socket.destroy();
  }
}
