/** The events of a gateway. Faces and logs subscribe to the events; nobody acts on them. */
import * as z from 'zod';
import { ERROR_CODES, type ErrorCode, type ErrorReport } from '../base/errors.ts';

/** The type of a schema's values. Nobody changes data of the control API, so that every part is read-only. */
export type Data<S extends z.ZodType> = ReadOnly<z.infer<S>>;

type ReadOnly<T> = T extends object ? { readonly [K in keyof T]: ReadOnly<T[K]> } : T;

const text = z.string();

export const errorReport: z.ZodType<ErrorReport> = z.object({
  code: z.enum(Object.keys(ERROR_CODES) as ErrorCode[]),
  message: text,
  hint: text,
  host: text.exactOptional(),
  server: text.exactOptional(),
  tool: text.exactOptional(),
  evidence: z.array(text).exactOptional(),
});

const cause = z.exactOptional(errorReport);
/** Wall clock, ms since the epoch. */
export const time = z.number();

export const hostState = z.enum(['idle', 'connecting', 'ready', 'waiting', 'refused', 'closed']);
/** `crash-loop`: the server failed several times in a row. Calls fail at once with the cause while restarts go on in the background. */
export const serverState = z.enum(['idle', 'starting', 'ready', 'failed', 'crash-loop', 'disabled']);
export const logStream = z.enum(['stderr', 'stdout-noise', 'protocol', 'bridge', 'ssh']);

/** tool-error: the tool reports that it failed. error: a JSON-RPC error, or no reply. */
const outcome = z.enum(['ok', 'tool-error', 'error', 'cancelled']);

/** The progress that a server reports (MCP, utilities/progress): so much of `total` is done. */
export const progress = z.object({
  progress: z.number(),
  total: z.number().exactOptional(),
  message: text.exactOptional(),
});

/** What a face asks a person. `kind`: passphrase, password or keyboard-interactive. */
export const question = z.object({
  host: text,
  kind: text,
  text,
  /** False: the answer is a secret, and is not shown while the person types. */
  echo: z.boolean(),
});

/** The tool of a call: `tool` is the server's own name. */
export const callPlace = z.object({ call: z.number(), host: text, server: text, tool: text });

/** An event without its time. */
const eventBody = z.discriminatedUnion('type', [
  z.object({ type: z.literal('host-state'), host: text, state: hostState, reason: text, cause }),
  z.object({ type: z.literal('server-state'), host: text, server: text, state: serverState, reason: text, cause }),
  z.object({ type: z.literal('tools-changed'), host: text, server: text, tools: z.number() }),
  /** A problem without a host concerns the hosts file: the last good version stays in force. */
  z.object({
    type: z.literal('problem'),
    host: text.exactOptional(),
    server: text.exactOptional(),
    problem: errorReport,
  }),
  /** An edited hosts file is in force. Empty `changed`: a problem was corrected, and nothing else differs. */
  z.object({ type: z.literal('hosts-file'), file: text, changed: z.array(text) }),
  callPlace.extend({ type: z.literal('call-started'), client: text }),
  /** Sent at most a few times a second, and not kept. */
  progress.extend({ type: z.literal('call-progress'), call: z.number() }),
  callPlace.extend({
    type: z.literal('call-ended'),
    durationMs: z.number(),
    outcome,
  }),
  /** The server was lost during the call, and MCP-Anywhere sends the call again. `tool` is the method for any other request. */
  callPlace.extend({
    type: z.literal('call-repeated'),
    call: z.number().exactOptional(),
    /** `unsent`: the server received no part of the request. `safe`: the tool declares itself read-only or idempotent. */
    why: z.enum(['unsent', 'safe']),
    cause: errorReport,
  }),
  /** A person is asked something. No event carries the answer. */
  question.extend({ type: z.literal('prompt-asked'), prompt: z.number() }),
  z.object({ type: z.literal('prompt-settled'), prompt: z.number(), host: text }),
  z.object({ type: z.literal('client-joined'), client: text, name: text }),
  z.object({ type: z.literal('client-left'), client: text }),
  /** A client sent a request without an id. The request was not carried out. */
  z.object({ type: z.literal('request-dropped'), client: text, method: text }),
  z.object({
    type: z.literal('log'),
    host: text,
    server: text.exactOptional(),
    stream: logStream,
    line: text,
  }),
]);

export const eventType = z.enum(eventBody.options.map(({ shape }) => shape.type.value));
export const gatewayEvent = eventBody.and(z.object({ atMs: time }));

export type LogStream = Data<typeof logStream>;
export type Outcome = Data<typeof outcome>;
export type Progress = Data<typeof progress>;
/** What the parts of the gateway emit; the event bus adds the time. */
export type GatewayEventBody = Data<typeof eventBody>;
export type GatewayEvent = Data<typeof gatewayEvent>;
