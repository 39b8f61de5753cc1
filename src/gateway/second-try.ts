/** Which calls are made once more by themselves when their server went while they were under way (never more than once). */
import type { AnywhereError } from '../base/errors.ts';
import type { Route } from '../catalog/snapshot.ts';
import type { ServerPlan } from '../config/plan.ts';
import type { Outgoing } from '../downstream/client-side.ts';
import { memberAt, valueAt } from '../protocol/json-scan.ts';

/** `unsent`: the server was given nothing of it. `safe`: doing it twice is as good as once. */
export type RepeatReason = 'unsent' | 'safe';

/** A request on its way; of a tools/call also its number and its tool. */
export type Sent = Outgoing & { readonly id?: number; readonly route?: Route };

export interface Repeat {
  readonly call: number | undefined;
  readonly server: ServerPlan;
  /** The tool's own name, or the method. */
  readonly what: string;
  readonly why: RepeatReason;
  readonly cause: AnywhereError;
}

/** Requests that only read (MCP, server features). */
const READING = new Set(['resources/read', 'prompts/get', 'completion/complete']);

/** @param cause why the instance is not there any more */
export function repeatReason(sent: Sent, cause: AnywhereError, isUnsent: boolean): RepeatReason | undefined {
  // Another member is asked instead.
  if (sent.route?.isMember === true) return undefined;
  return whyAgain(sent, cause, isUnsent);
}

/** As `repeatReason`, wherever it is made again. */
export function whyAgain(sent: Sent, cause: AnywhereError, isUnsent: boolean): RepeatReason | undefined {
  if (isUnsent) return 'unsent';
  // A program that crashed may have done so over this very call.
  const isInnocent = cause.code === 'LINK_LOST' || cause.code === 'SERVER_HUNG';
  return isInnocent && isSafe(sent) ? 'safe' : undefined;
}

export function repeatOf(sent: Sent, server: ServerPlan, why: RepeatReason, cause: AnywhereError): Repeat {
  return { call: sent.id, server, what: sent.route?.original ?? sent.request.method, why, cause };
}

/** As its server declared the tool (MCP, ToolAnnotations). */
function isSafe({ request, route }: Sent): boolean {
  if (route === undefined) return READING.has(request.method);
  // A task is started, whatever its tool does then.
  return request.param('task') === undefined && (isHinted(route, 'readOnlyHint') || isHinted(route, 'idempotentHint'));
}

function isHinted({ definition }: Route, hint: string): boolean {
  const span = memberAt(definition, { start: 0, end: definition.length }, ['annotations', hint]);
  return span !== undefined && valueAt(definition, span) === true;
}
