/** Which requests are repeated, once, when their instance ended while they were pending. */
import type { AnywhereError } from '../base/errors.ts';
import type { Route } from '../catalog/route.ts';
import type { ServerPlan } from '../config/plan.ts';
import { memberAt, valueAt } from '../protocol/json-scan.ts';
import type { Call } from './call.ts';

/** `unsent`: the server got nothing of the request. `safe`: the request reads only, or is idempotent. */
export type RepeatReason = 'unsent' | 'safe';

export interface Repeat {
  readonly call: Call;
  readonly server: ServerPlan;
  /** The tool's own name, or the method. */
  readonly what: string;
  readonly why: RepeatReason;
  readonly cause: AnywhereError;
}

/** Requests that read only (MCP, server features). */
const READING = new Set(['resources/read', 'prompts/get', 'completion/complete']);

/** @param cause why the instance ended */
export function repeatReason(call: Call, cause: AnywhereError): RepeatReason | undefined {
  // The pool sends the call to another member.
  if (call.route?.isMember === true) return undefined;
  return whyAgain(call, cause);
}

/** As `repeatReason`, for any target. */
export function whyAgain(call: Call, cause: AnywhereError): RepeatReason | undefined {
  if (cause.isUnsent) return 'unsent';
  // A program that crashed may have crashed because of this call.
  const isInnocent = cause.code === 'LINK_LOST' || cause.code === 'SERVER_HUNG';
  return isInnocent && isSafe(call) ? 'safe' : undefined;
}

export function repeatOf(call: Call, server: ServerPlan, why: RepeatReason, cause: AnywhereError): Repeat {
  return { call, server, what: call.route?.original ?? call.request.method, why, cause };
}

/** By the tool's annotations (MCP, ToolAnnotations). */
function isSafe({ request, route }: Call): boolean {
  if (route === undefined) return READING.has(request.method);
  // A repeated task request would start a second task.
  return request.param('task') === undefined && (isHinted(route, 'readOnlyHint') || isHinted(route, 'idempotentHint'));
}

function isHinted({ definition }: Route, hint: string): boolean {
  const span = memberAt(definition, { start: 0, end: definition.length }, ['annotations', hint]);
  return span !== undefined && valueAt(definition, span) === true;
}
