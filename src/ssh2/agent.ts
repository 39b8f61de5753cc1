/** The user's ssh agent: which keys it holds, and its signatures. */
import ssh2, { type BaseAgent, type ParsedKey } from 'ssh2';
import { deadline, orAbort } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';

/** The hash of an RSA signature (RFC 8332); undefined for all other keys. */
export type SignatureHash = 'sha1' | 'sha256' | 'sha512' | undefined;

export interface Agent {
  readonly socket: string;
  readonly keys: readonly ParsedKey[];
  /** May wait for a person (`ssh-add -c`). */
  sign(key: ParsedKey, data: Buffer, hash: SignatureHash): Promise<Buffer>;
}

export type AgentAnswer =
  | { readonly kind: 'none' }
  | { readonly kind: 'unreachable'; readonly socket: string; readonly cause: unknown }
  | { readonly kind: 'agent'; readonly agent: Agent };

/** A forwarded agent whose other end is gone accepts and never answers. */
const LIST_TIMEOUT_MS = 3000;

/** As OpenSSH's own limit (AGENT_MAX_LEN). ssh2 would gather an answer of any length, in quadratic time. */
export const AGENT_ANSWER_BYTES = 256 * 1024;

/** Asks the agent for its keys. Kinds that ssh2 does not know (security keys, certificates) are left out. */
export async function askAgent(socket: string | undefined, clock: Clock, signal: AbortSignal): Promise<AgentAnswer> {
  if (socket === undefined) return { kind: 'none' };
  const limit = deadline(clock, LIST_TIMEOUT_MS, () => new Error('the agent did not answer'), signal);
  try {
    const agent = bounded(ssh2.createAgent(socket));
    const keys = await orAbort(list(agent), limit.signal);
    return { kind: 'agent', agent: { socket, keys, sign: (key, data, hash) => sign(agent, key, data, hash) } };
  } catch (cause) {
    signal.throwIfAborted();
    return { kind: 'unreachable', socket, cause };
  } finally {
    limit.clear();
  }
}

/** Each of its connections carries one answer, and is ended where that is too long. */
function bounded(agent: BaseAgent): BaseAgent {
  const getStream = agent.getStream?.bind(agent);
  if (getStream === undefined) return agent;
  agent.getStream = (callback) => {
    getStream((error, stream) => {
      let bytes = 0;
      callback(error, stream);
      stream?.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > AGENT_ANSWER_BYTES) stream.destroy();
      });
    });
  };
  return agent;
}

function list(agent: BaseAgent): Promise<ParsedKey[]> {
  return new Promise((resolve, reject) => {
    agent.getIdentities((error, keys) => {
      if (error !== undefined && error !== null) reject(error);
      else resolve((keys ?? []).flatMap(asParsed));
    });
  });
}

function asParsed(key: unknown): ParsedKey[] {
  const one = ssh2.utils.parseKey(key as Buffer);
  return one instanceof Error ? [] : [one];
}

function sign(agent: BaseAgent, key: ParsedKey, data: Buffer, hash: SignatureHash): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    agent.sign(key, data, hash === undefined ? {} : { hash }, (error, signature) => {
      if (signature === undefined) reject(error ?? new Error('the agent did not sign'));
      else resolve(signature);
    });
  });
}
