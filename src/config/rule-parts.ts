/** Helpers of the rules of the hosts file, for values that are not checked yet. */

import { isLegalName, NAME_RULE } from './checks.ts';
import { type Complaint, describeFound, type KeyPath } from './problem.ts';

export type Mapping = Readonly<Record<string, unknown>>;

/** Empty where the value is not a mapping. */
export function mapping(value: unknown): Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Mapping) : {};
}

export function nameRule(name: string, path: KeyPath, suggestion: string | undefined): Complaint[] {
  // `__proto__` has its own complaint (document.ts).
  return isLegalName(name) || name === '__proto__'
    ? []
    : [complaint(path, 'key', NAME_RULE, describeFound(name, []), suggestion)];
}

export function complaint(
  path: KeyPath,
  about: 'key' | 'value',
  expected: string,
  found: string,
  suggestion?: string,
): Complaint {
  return { path, about, expected, found, suggestion };
}
