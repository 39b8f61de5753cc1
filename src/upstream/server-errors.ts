/** What can be wrong with one server, in words for people. */
import { AnywhereError, type ErrorCode } from '../base/errors.ts';
import type { ServerPlan } from '../config/plan.ts';

/** @param what follows the server's name; `evidence`: its last lines */
export function serverError(
  code: ErrorCode,
  { host, name }: ServerPlan,
  what: string,
  evidence: readonly string[],
): AnywhereError {
  return new AnywhereError(code, `${host}/${name} ${what}`, { host, server: name, evidence });
}

/** Ours with the server's place; anything else is a defect. */
export function placed(error: unknown, server: ServerPlan): AnywhereError {
  const place = { host: server.host, server: server.name };
  if (error instanceof AnywhereError) return error.at(place);
  return new AnywhereError('INTERNAL', error instanceof Error ? error.message : String(error), {
    ...place,
    cause: error,
  });
}
