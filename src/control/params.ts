/** Checks the requests that arrive at the control API. */

import { type ControlMethods, METHODS } from '../api/control.ts';
import { AnywhereError } from '../base/errors.ts';
import { beginning } from '../base/harmless.ts';
import { nearMiss } from '../config/near-miss.ts';

/**
 * The method's name and params, checked.
 * @throws AnywhereError USAGE with every mistake; an unknown param is a mistake too
 */
export function checkedRequest<M extends keyof ControlMethods>(
  name: string,
  params: unknown,
): { readonly method: M; readonly params: ControlMethods[M]['params'] } {
  if (!Object.hasOwn(METHODS, name)) throw unknownMethod(name);
  const method = name as M;
  const checked = METHODS[method].params.safeParse(params ?? {});
  if (checked.success) return { method, params: checked.data as ControlMethods[M]['params'] };
  const evidence = checked.error.issues.map(({ path, message }) => `${['params', ...path].join('.')}: ${message}`);
  throw new AnywhereError('USAGE', `${name} was asked with params it does not take`, { evidence });
}

function unknownMethod(name: string): AnywhereError {
  const near = nearMiss(name, Object.keys(METHODS));
  return new AnywhereError(
    'USAGE',
    `unknown control method ${beginning(name, 100)}${near === undefined ? '' : `; did you mean ${near}?`}`,
  );
}
