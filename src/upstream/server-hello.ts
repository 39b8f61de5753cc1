/**
 * `initialize` with a server, and the server's answer. Parts of the answer stand in the answer to every client, so each part
 * has the limits of a definition and the shape that MCP gives it. What does not fit is left out and reported, and the
 * server works.
 */

import * as z from 'zod';
import { OPEN_BRACE } from '../base/ascii.ts';
import { beginning } from '../base/harmless.ts';
import { isRecord } from '../base/record.ts';
import { keyText, memberOf, type Span, skipValue, textAt, valueAt, walkMembers } from '../protocol/json-scan.ts';
import type { Message } from '../protocol/message.ts';
import { type CollectionName, isKnownVersion } from '../protocol/methods.ts';
import type { Peer } from '../protocol/peer.ts';
import { strictProblem, type TextLimits } from '../protocol/strict-json.ts';

/** A part of what a server says that is not offered, or only with changes. */
export interface Withheld {
  readonly collection: CollectionName | 'initialize';
  readonly item: string;
  readonly reason: string;
}

/** What the catalog keeps of the answer. */
export interface ServerWords {
  readonly capabilities: Readonly<Record<string, unknown>>;
  readonly instructions: string | undefined;
  /** What was left out, and why. */
  readonly problems: readonly Withheld[];
}

export interface ServerHello extends ServerWords {
  /** The whole result, verbatim. */
  readonly raw: Buffer;
  readonly protocolVersion: string;
}

/** The client data of `initialize`, as JSON texts. */
interface ClientData {
  readonly protocolVersion: string;
  readonly capabilities: string;
  readonly clientInfo: string;
}

/** Sends `initialize`. A returned text says what is wrong with the answer. */
export async function initialize(peer: Peer, client: ClientData, limits: TextLimits): Promise<ServerHello | string> {
  const { protocolVersion, capabilities, clientInfo } = client;
  const params = `{"protocolVersion":"${protocolVersion}","capabilities":${capabilities},"clientInfo":${clientInfo}}`;
  const options = { timeoutMs: Number.POSITIVE_INFINITY, cancellable: false };
  return readServerHello(await peer.request('initialize', params, options), limits);
}

/** A returned text says what is wrong with the answer. */
export function readServerHello(reply: Message, limits: TextLimits): ServerHello | string {
  if (reply.kind === 'error') return `answered initialize with an error: ${reply.errorValue().message}`;
  const { bytes, result } = reply;
  if (result === undefined || bytes[result.start] !== OPEN_BRACE) return 'answered initialize with no object';
  const version = memberOf(bytes, result, 'protocolVersion');
  const protocolVersion = version && textAt(bytes, version);
  if (protocolVersion === undefined) return 'answered initialize without a protocolVersion that is a string';
  if (!isKnownVersion(protocolVersion))
    return `speaks protocol version ${JSON.stringify(beginning(protocolVersion, LONGEST_SHOWN))}, which MCP-Anywhere does not know`;
  return {
    raw: Buffer.from(bytes.subarray(result.start, result.end)),
    protocolVersion,
    ...readWords(bytes, result, limits),
  };
}

/** @param whole an object with the members `capabilities` and `instructions` */
export function readWords(bytes: Buffer, whole: Span, limits: TextLimits): ServerWords {
  const problems: Withheld[] = [];
  const leaveOut = (item: string, what: string): void => {
    if (problems.length < MOST_PROBLEMS)
      problems.push({ collection: 'initialize', item, reason: `left out: it ${what}` });
  };
  const span = memberOf(bytes, whole, 'instructions');
  const problem = span && strictProblem(bytes, span, limits);
  if (problem !== undefined) leaveOut('instructions', problem);
  const text = span === undefined || problem !== undefined ? undefined : textAt(bytes, span);
  return {
    capabilities: readCapabilities(bytes, memberOf(bytes, whole, 'capabilities'), limits, leaveOut),
    instructions: text === '' ? undefined : text,
    problems,
  };
}

const LONGEST_SHOWN = 100;
const MOST_PROBLEMS = 100;

/** Each capability alone: a bad one costs no other. All together have the size of one definition. */
function readCapabilities(
  bytes: Buffer,
  whole: Span | undefined,
  limits: TextLimits,
  leaveOut: (item: string, what: string) => void,
): Record<string, unknown> {
  const capabilities: Record<string, unknown> = {};
  let size = 0;
  const member = (keyAt: number, start: number): number => {
    const end = skipValue(bytes, start);
    if (end === -1) return end;
    const name = keyText(bytes, keyAt);
    const problem = strictProblem(bytes, { start: keyAt, end }, limits);
    const room = limits.definitionBytes - size;
    if (problem === undefined && end - keyAt <= room) {
      size += end - keyAt;
      Object.assign(capabilities, fitting(name, valueAt(bytes, { start, end }), leaveOut));
      return end;
    }
    const why = problem ?? `makes all capabilities larger than limits.definitionBytes (${limits.definitionBytes})`;
    leaveOut(`capabilities.${Buffer.from(beginning(name, LONGEST_SHOWN)).toString()}`, why);
    if (OFFERED.has(name)) capabilities[name] = {};
    return end;
  };
  if (whole !== undefined) walkMembers(bytes, whole.start, { member });
  return capabilities;
}

const object = z.record(z.string(), z.unknown()).optional();

/** MCP 2025-11-25, ServerCapabilities. */
const TASKS = z.object({
  list: object,
  cancel: object,
  requests: z.object({ tools: z.object({ call: object }).optional() }).optional(),
});
/** The answer to a client has capabilities of ours in place of these. */
const OFFERED: ReadonlySet<string> = new Set(['tools', 'prompts', 'resources', 'logging', 'completions']);
/** Their members are objects. */
const MAPS: ReadonlySet<string> = new Set(['experimental', 'extensions']);

/** The capability without what clients would refuse. MCP does not say what a capability of another name is. */
function fitting(
  name: string,
  value: unknown,
  leaveOut: (item: string, what: string) => void,
): Record<string, unknown> {
  const item = `capabilities.${name}`;
  if (!OFFERED.has(name) && !MAPS.has(name) && name !== 'tasks') return { [name]: value };
  if (!isRecord(value)) {
    leaveOut(item, 'is not an object');
    // A server that says `"tools": true` has tools.
    return OFFERED.has(name) && value !== null && value !== false ? { [name]: {} } : {};
  }
  if (name === 'tasks' && !TASKS.safeParse(value).success) {
    leaveOut(item, 'is not what MCP defines');
    return {};
  }
  if (!MAPS.has(name)) return { [name]: value };
  const entries = Object.entries(value);
  for (const [key, one] of entries) if (!isRecord(one)) leaveOut(`${item}.${key}`, 'is not an object');
  return { [name]: Object.fromEntries(entries.filter(([, one]) => isRecord(one))) };
}
