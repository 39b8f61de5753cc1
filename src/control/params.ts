/** Checks what arrives at the control API, method by method; the types beside it are in `control-schema.ts`. */
import * as z from 'zod';
import type { ControlMethods } from '../api/control.ts';
import type { GatewayEvent, LogStream } from '../api/events.ts';
import { AnywhereError } from '../base/errors.ts';
import { nearMiss } from '../config/near-miss.ts';

/** No text of a person or of a hosts file is longer; arguments of tools are not limited here. */
const MAX_TEXT = 64 * 1024;
const MAX_LINES = 100_000;

const text = z.string().min(1).max(MAX_TEXT);
const count = z.int().min(0);
const none = z.strictObject({});
const someHost = z.strictObject({ host: text.exactOptional() });
const oneHost = z.strictObject({ host: text });

const STREAMS = ['stderr', 'stdout-noise', 'protocol', 'bridge', 'ssh'] as const satisfies readonly LogStream[];

const EVENT_TYPES = {
  'host-state': true,
  'server-state': true,
  'tools-changed': true,
  problem: true,
  'hosts-file': true,
  'call-started': true,
  'call-progress': true,
  'call-ended': true,
  'call-repeated': true,
  'client-joined': true,
  'client-left': true,
  'request-dropped': true,
  'prompt-asked': true,
  'prompt-settled': true,
  log: true,
} as const satisfies Record<GatewayEvent['type'], true>;

const eventType = z.enum(Object.keys(EVENT_TYPES) as [GatewayEvent['type']]);

type Schemas = { readonly [M in keyof ControlMethods]: z.ZodType<ControlMethods[M]['params']> };

/** Strict: an unknown param is a mistake of the caller, never ignored. */
const PARAMS: Schemas = {
  status: none,
  snapshot: none,
  settle: z.strictObject({
    withinMs: z.number().min(0),
    host: text.exactOptional(),
    start: z.boolean().exactOptional(),
  }),
  tools: z.strictObject({
    host: text.exactOptional(),
    server: text.exactOptional(),
    tool: text.exactOptional(),
    start: z.boolean().exactOptional(),
  }),
  call: z.strictObject({ tool: text, arguments: z.record(z.string(), z.unknown()), host: text.exactOptional() }),
  'call/cancel': z.strictObject({ call: count }),
  logs: z.strictObject({
    host: text.exactOptional(),
    server: text.exactOptional(),
    lines: z.int().min(0).max(MAX_LINES),
    streams: z.array(z.enum(STREAMS)).exactOptional(),
  }),
  doctor: someHost,
  'trust/scan': oneHost,
  'trust/accept': z.strictObject({ host: text, name: text, fingerprint: text }),
  restart: z.strictObject({ host: text, server: text.exactOptional() }),
  reconnect: oneHost,
  enable: z.strictObject({ host: text, server: text, enabled: z.boolean() }),
  reload: none,
  stop: z.strictObject({ drain: z.boolean().exactOptional() }),
  explain: z.strictObject({ subject: text }),
  'prompt/attach': none,
  'prompt/answer': z.strictObject({ id: count, answer: z.string().max(MAX_TEXT).nullable() }),
  stats: z.strictObject({ window: z.enum(['hour', 'day']), by: z.enum(['tool', 'server', 'host', 'client']) }),
  'events/subscribe': z.strictObject({
    since: count.exactOptional(),
    run: text.exactOptional(),
    types: z.array(eventType).exactOptional(),
  }),
};

/** The method's name and params, checked. Throws USAGE, naming every mistake. */
export function checkedRequest<M extends keyof ControlMethods>(
  name: string,
  params: unknown,
): { readonly method: M; readonly params: ControlMethods[M]['params'] } {
  if (!Object.hasOwn(PARAMS, name)) throw unknownMethod(name);
  const method = name as M;
  const checked = PARAMS[method].safeParse(params ?? {});
  if (checked.success) return { method, params: checked.data };
  const evidence = checked.error.issues.map(({ path, message }) => `${['params', ...path].join('.')}: ${message}`);
  throw new AnywhereError('USAGE', `${name} was asked with params it does not take`, { evidence });
}

function unknownMethod(name: string): AnywhereError {
  const near = nearMiss(name, Object.keys(PARAMS));
  return new AnywhereError(
    'USAGE',
    `unknown control method ${name.slice(0, 100)}${near === undefined ? '' : `; did you mean ${near}?`}`,
  );
}
