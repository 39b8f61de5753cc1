/** What hosts, servers and tools may be called: public tool names are `host__server__tool`, [A-Za-z0-9_-]. */

/** Begins and ends with a letter or digit, so that `a_` + `__` + `b` can never be read in two ways. */
export const NAME_PATTERN = '^[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?$';
export const MAX_NAME_LENGTH = 63;

const NAME = new RegExp(NAME_PATTERN);

export const NAME_RULE = 'a name of letters, digits, `-` and single `_`, with a letter or digit first and last';

/** Whether a host or a server may be called so. */
export function isLegalName(name: string): boolean {
  return NAME.test(name) && !name.includes('__') && name.length <= MAX_NAME_LENGTH;
}

/** The nearest legal name, or undefined when nothing of it is left. */
export function legalName(name: string): string | undefined {
  const cleaned = name
    .replaceAll(/[^A-Za-z0-9_-]+/g, '-')
    .replaceAll(/_{2,}/g, '_')
    .replaceAll(/^[_-]+|[_-]+$/g, '')
    .slice(0, MAX_NAME_LENGTH);
  return isLegalName(cleaned) ? cleaned : undefined;
}
