/** Which kinds of keys an ssh agent holds (draft-miller-ssh-agent, §4.4), without those that ssh2 would leave out. */
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { deadline } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { Framing } from './framing.ts';
import { framed, WireReader } from './wire.ts';

const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
export const MAX_ANSWER_BYTES = 256 * 1024;
/** An agent is a local process; one that does not answer is as good as none. */
const ANSWER_TIMEOUT_MS = 1000;

/** The types of its keys ("ssh-ed25519", "sk-ssh-ed25519@openssh.com", …), or undefined when no agent answers. */
export async function agentKeyTypes(
  socketPath: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  return (await keysOf(socketPath, clock, signal))?.types;
}

/** Which keys it holds, as a digest that changes with them; undefined when it holds none, or no agent answers. */
export async function agentKeysDigest(
  socketPath: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<string | undefined> {
  const keys = await keysOf(socketPath, clock, signal);
  return keys === undefined || keys.types.length === 0
    ? undefined
    : createHash('sha256').update(keys.answer).digest('hex');
}

async function keysOf(
  socketPath: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<{ readonly answer: Buffer; readonly types: readonly string[] } | undefined> {
  const limit = deadline(clock, ANSWER_TIMEOUT_MS, () => new Error('the agent does not answer'), signal);
  try {
    const answer = await askAgent(socketPath, limit.signal);
    const types = keyTypes(new WireReader(answer));
    return types === undefined ? undefined : { answer, types };
  } catch {
    signal.throwIfAborted();
    return undefined;
  } finally {
    limit.clear();
  }
}

function keyTypes(answer: WireReader): readonly string[] | undefined {
  if (answer.byte() !== IDENTITIES_ANSWER) return undefined;
  const types: string[] = [];
  for (let left = answer.uint32(); left > 0; left--) {
    types.push(new WireReader(answer.string()).text());
    answer.string(); // comment
  }
  return types;
}

async function askAgent(socketPath: string, signal: AbortSignal): Promise<Buffer> {
  const socket = connect({ path: socketPath, signal });
  try {
    return await new Promise((resolve, reject) => {
      const framing = new Framing(MAX_ANSWER_BYTES);
      socket.on('error', reject).on('close', () => {
        reject(new Error('the agent closed the connection'));
      });
      socket.on('data', (chunk: Buffer) => {
        try {
          for (const message of framing.push(chunk)) resolve(message);
        } catch (error) {
          reject(error instanceof Error ? error : new Error('the agent broke its protocol'));
        }
      });
      socket.write(framed(Buffer.of(REQUEST_IDENTITIES)));
    });
  } finally {
    socket.destroy();
  }
}
