/** Rules for single texts of the hosts file. Values reach the command line of `ssh`, so no value may look like an option. */
import type { Finding } from './fields.ts';
import { type Complaint, complaint, describeFound, type KeyPath } from './problem.ts';
import { VARIABLE_NAME } from './template.ts';

export function checkSshHost(value: string): Finding | undefined {
  const expected = 'a host name or an address';
  const url = /^ssh:\/\/(?:([^@/]+)@)?(\[[^\]]+\]|[^:/]+)(?::(\d+))?\/?$/i.exec(value);
  if (url !== null) return { expected, suggestion: inParts(url[1], url[2], url[3]) };
  const userAt = /^([^@]+)@(\[[^\]]+\]|.+?)(?::(\d+))?$/.exec(value);
  if (userAt !== null) return { expected, suggestion: inParts(userAt[1], userAt[2], userAt[3]) };
  const bracketed = /^(\[[^\]]+\])(?::(\d+))?$/.exec(value);
  if (bracketed !== null) return { expected, suggestion: inParts(undefined, bracketed[1], bracketed[2]) };
  const port = /^([^:]+):(\d+)$/.exec(value);
  if (port !== null) return { expected, suggestion: `write \`host: ${port[1] ?? ''}\` and \`port: ${port[2] ?? ''}\`` };
  return /^[A-Za-z0-9_:.][A-Za-z0-9_:.%-]*$/.test(value) ? undefined : { expected };
}

/** The parts of an address as separate keys. */
function inParts(user: string | undefined, host: string | undefined, port: string | undefined): string {
  const parts = { user, host: host?.replace(/^\[|\]$/g, ''), port };
  const keys = Object.entries(parts).flatMap(([key, text]) => (text === undefined ? [] : [`\`${key}: ${text}\``]));
  return `write ${keys.join(' and ')}`;
}

export function checkAlias(value: string): Finding | undefined {
  const fits = /^[^-\s*?!,@][^\s*?!,]*$/.test(value);
  return fits ? undefined : { expected: 'an alias from ~/.ssh/config, without wildcards and not starting with `-`' };
}

/** A login name as `ssh -l` accepts it: `CORP\me`, `first last` and `host$` are names, shell syntax is not. */
export function checkUser(value: string): Finding | undefined {
  const fits = /^[^-\s'"`;&<>|(){}][^\u0000-\u001f\u007f'"`;&<>|(){}]*$/.test(value);
  return fits && !/[\s\\]$|\s-/.test(value) ? undefined : { expected: 'a login name' };
}

/** ssh_config(5), ProxyJump: `[user@]host[:port]`, several with commas, or `none`. */
export function checkProxyJump(value: string): Finding | undefined {
  const hop =
    /^(?:[^-\s@,'"`;&<>|(){}][^\s@,'"`;&<>|(){}]*@)?(?:[A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.%a-z]+\])(?::\d{1,5})?$/;
  const bad = value.split(',').some((part) => !hop.test(part));
  return bad ? { expected: '`[user@]host[:port]`, several separated by commas, or `none`' } : undefined;
}

export function checkPath(value: string): Finding | undefined {
  if (value.startsWith('-')) return { expected: 'a path', suggestion: `write \`./${value}\`` };
  if (/^~[^/]/.test(value)) return { expected: 'a path', suggestion: 'write the full path; only `~/` is expanded' };
  if (value.includes('%') || value.includes('$')) {
    return { expected: 'a path without `%` and `$`', suggestion: 'write the full path; only `~/` is expanded' };
  }
  return undefined;
}

export function checkSubsystem(value: string): Finding | undefined {
  return /^[A-Za-z0-9_.][A-Za-z0-9_.@-]*$/.test(value) ? undefined : { expected: 'the name of a subsystem of sshd' };
}

export function checkCommand(value: string): Finding | undefined {
  if (value.includes('${'))
    return { expected: 'a program', found: 'a reference', suggestion: 'use references in `env`' };
  if (value.startsWith('$'))
    return {
      expected: 'a program',
      suggestion: 'write the path of the program, or its name on the PATH; no shell expands variables here',
    };
  const [program = '', ...rest] = value.trim().split(/\s+/);
  if (rest.length === 0 || /^[/~.]/.test(program)) return undefined;
  return {
    expected: 'a program without arguments',
    found: 'a program with arguments',
    suggestion: `write \`command: ${program}\` and put the rest into \`args\` as a list`,
  };
}

export function checkVariable(value: string): Finding | undefined {
  return VARIABLE_NAME.test(value) ? undefined : { expected: 'a variable name of letters, digits and `_`' };
}

export function checkCwd(value: string): Finding | undefined {
  if (/^(?:\/|~$|~\/|[A-Za-z]:[\\/])/.test(value)) return undefined;
  const home = /^\$(?:HOME|\{HOME\})(\/.*)?$/.exec(value);
  const better = home === null ? `~/${value.replace(/^\.\//, '')}` : `~${home[1] ?? ''}`;
  return {
    expected: 'a path that starts with `/` or `~/`',
    suggestion: /^[~$]/.test(value) && home === null ? 'only `~/` is expanded' : `write \`${better}\``,
  };
}

export function checkToolName(value: string): Finding | undefined {
  return /^[A-Za-z0-9_-]{1,64}$/.test(value) ? undefined : { expected: 'a tool name of letters, digits, `_` and `-`' };
}

/** `as` becomes part of public names, so the rule for names of hosts and servers applies. */
export function checkShortName(value: string): Finding | undefined {
  if (isLegalName(value)) return undefined;
  const better = legalName(value);
  return { expected: NAME_RULE, ...(better === undefined ? {} : { suggestion: `for instance \`${better}\`` }) };
}

/** A member of a pool: `host/server` or `tag:label/server`, with `*` and `?` in each part. */
export function checkMember(value: string): Finding | undefined {
  if (/^(?:tag:)?[A-Za-z0-9_.*?-]+\/[A-Za-z0-9_*?-]+$/.test(value)) return undefined;
  const expected = '`host/server` or `tag:label/server`, with `*` and `?` as wildcards';
  return value.includes('/') ? { expected } : { expected, suggestion: `write \`${value}/*\` for every server there` };
}

export function checkTag(value: string): Finding | undefined {
  return /^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(value)
    ? undefined
    : { expected: 'a tag of letters, digits, `-`, `_` and `.`' };
}

/** Starts and ends with a letter or digit: otherwise `a_` + `__` + `b` could be split in two ways. */
export const NAME_PATTERN = '^[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?$';
export const MAX_NAME_LENGTH = 63;

const NAME = new RegExp(NAME_PATTERN);

export const NAME_RULE = 'a name of letters, digits, `-` and single `_`, starting and ending with a letter or digit';

/** Whether a host or a server may have this name. */
export function isLegalName(name: string): boolean {
  return NAME.test(name) && !name.includes('__') && name.length <= MAX_NAME_LENGTH;
}

/** The nearest legal name, or undefined when no legal character is left. */
export function legalName(name: string): string | undefined {
  const cleaned = name
    .replaceAll(/[^A-Za-z0-9_-]+/g, '-')
    .replaceAll(/_{2,}/g, '_')
    .replaceAll(/^[_-]+|[_-]+$/g, '')
    .slice(0, MAX_NAME_LENGTH);
  return isLegalName(cleaned) ? cleaned : undefined;
}

/** The complaint about the name of a host, server or pool. */
export function nameRule(name: string, path: KeyPath, suggestion: string | undefined): Complaint[] {
  // `__proto__` has its own complaint (document.ts).
  return isLegalName(name) || name === '__proto__'
    ? []
    : [complaint(path, 'key', NAME_RULE, describeFound(name, []), suggestion)];
}
