/** Which requests are sent once more when their server went while they were under way, and never more than once. */
import type { AnywhereError } from '../base/errors.ts';
import type { Route } from '../catalog/route.ts';
import type { ServerPlan } from '../config/plan.ts';
import { memberAt, valueAt } from '../protocol/json-scan.ts';
import type { Call } from './call.ts';

/** `unsent`: the server was given nothing of it. `safe`: doing it twice is as good as once. */
export type RepeatReason = 'unsent' | 'safe';

export interface Repeat {
  readonly call: Call;
  readonly server: ServerPlan;
  /** The tool's own name, or the method. */
  readonly what: string;
  readonly why: RepeatReason;
  readonly cause: AnywhereError;
}

/** Requests that only read (MCP, server features). */
const READING = new Set(['resources/read', 'prompts/get', 'completion/complete']);

/** @param cause why the instance is not there any more */
export function repeatReason(call: Call, cause: AnywhereError): RepeatReason | undefined {
  // Another member is asked instead.
  if (call.route?.isMember === true) return undefined;
  return whyAgain(call, cause);
}

/** As `repeatReason`, wherever it is made again. */
export function whyAgain(call: Call, cause: AnywhereError): RepeatReason | undefined {
  if (cause.isUnsent) return 'unsent';
  // A program that crashed may have done so over this very call.
  const isInnocent = cause.code === 'LINK_LOST' || cause.code === 'SERVER_HUNG';
  return isInnocent && isSafe(call) ? 'safe' : undefined;
}

export function repeatOf(call: Call, server: ServerPlan, why: RepeatReason, cause: AnywhereError): Repeat {
  return { call, server, what: call.route?.original ?? call.request.method, why, cause };
}

/** As its server declared the tool (MCP, ToolAnnotations). */
function isSafe({ request, route }: Call): boolean {
  if (route === undefined) return READING.has(request.method);
  // A task is started, whatever its tool does then.
  return request.param('task') === undefined && (isHinted(route, 'readOnlyHint') || isHinted(route, 'idempotentHint'));
}

function isHinted({ definition }: Route, hint: string): boolean {
  const span = memberAt(definition, { start: 0, end: definition.length }, ['annotations', hint]);
  return span !== undefined && valueAt(definition, span) === true;
}
