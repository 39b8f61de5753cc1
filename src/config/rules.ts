/**
 * Rules that need more than one key, or the name of a key. They look at the unchecked value, so that
 * the user gets these complaints together with those of the schema.
 */

import { legalName, nameRule } from './checks.ts';
import { DEFAULTS } from './defaults.ts';
import { discoverRules } from './discover.ts';
import { MAX_VALUE_BYTES } from './fields.ts';
import { poolRules } from './pool-rules.ts';
import { type Complaint, complaint, describeFound, type KeyPath, type Mapping, mapping } from './problem.ts';
import { hasReference, parseTemplate, VARIABLE_NAME } from './template.ts';

export function brokenRules(root: unknown): Complaint[] {
  const file = mapping(root);
  const defaults = mapping(file['defaults']);
  const hosts = mapping(file['hosts']);
  return [
    ...ordered(file, 'reconnect', 'initialMs', 'maxMs', 1),
    ...ordered(file, 'heartbeat', 'intervalMs', 'leaseMs', 2),
    ...serversRules(defaults['servers'], ['defaults', 'servers'], {
      inherited: {},
      isLocal: true,
      subsystem: false,
      complete: false,
    }),
    ...Object.entries(hosts).flatMap(([name, host]) => hostRules(name, mapping(host), defaults)),
    ...shortNameRules(hosts, ['hosts'], Object.keys(mapping(file['pools']))),
    ...poolRules(file),
  ];
}

/** Public names start with short names, so no two may be equal. */
function shortNameRules(entries: Mapping, path: KeyPath, taken: readonly string[] = []): Complaint[] {
  const holders = new Map([...taken, ...Object.keys(entries)].map((name) => [name, name]));
  return Object.entries(entries).flatMap(([name, entry]) => {
    const { as } = mapping(entry);
    if (typeof as !== 'string' || as === name) return [];
    const holder = holders.get(as);
    holders.set(as, holder ?? name);
    if (holder === undefined) return [];
    return [
      complaint(
        [...path, name, 'as'],
        'value',
        'a name that nothing else in this file has',
        `the name of \`${holder}\``,
      ),
    ];
  });
}

function hostRules(name: string, host: Mapping, defaults: Mapping): Complaint[] {
  const path = ['hosts', name];
  const ssh = { ...mapping(defaults['ssh']), ...mapping(host['ssh']) };
  const subsystem = host['local'] !== true && ssh['subsystem'] !== undefined;
  const inherited = subsystem ? {} : mapping(defaults['servers']);
  const both = host['local'] === true && host['ssh'] !== undefined && host['ssh'] !== null;
  return [
    ...nameRule(
      name,
      path,
      `keep the alias with \`${legalName(name) ?? 'name'}: { ssh: { alias: ${JSON.stringify(name)} } }\``,
    ),
    ...(both ? [complaint([...path, 'ssh'], 'key', '`local: true` or `ssh`', 'both', 'remove one of them')] : []),
    ...discoverRules(host['discover'], [...path, 'discover'], subsystem),
    ...serversRules(host['servers'], [...path, 'servers'], {
      inherited,
      isLocal: host['local'] === true,
      subsystem,
      complete: true,
    }),
    ...shortNameRules(mergedServers(inherited, mapping(host['servers'])), [...path, 'servers']),
  ];
}

function mergedServers(inherited: Mapping, own: Mapping): Mapping {
  const names = [...new Set([...Object.keys(inherited), ...Object.keys(own)])];
  return Object.fromEntries(names.map((name) => [name, { ...mapping(inherited[name]), ...mapping(own[name]) }]));
}

interface ServersContext {
  /** Servers of `defaults`, under the same names. */
  readonly inherited: Mapping;
  /** True also where that is not known yet. */
  readonly isLocal: boolean;
  readonly subsystem: boolean;
  /** False for `defaults`, whose servers may leave the command to the hosts. */
  readonly complete: boolean;
}

function serversRules(servers: unknown, path: KeyPath, context: ServersContext): Complaint[] {
  return Object.entries(mapping(servers)).flatMap(([name, own]) => {
    const here = [...path, name];
    const merged = { ...mapping(context.inherited[name]), ...mapping(own) };
    return [
      ...nameRule(name, here, legalName(name) === undefined ? undefined : `for instance \`${legalName(name) ?? ''}\``),
      ...(context.complete ? commandRule(merged, here, context.subsystem) : []),
      ...environmentRules(mapping(own)['env'], [...here, 'env']),
      ...(context.isLocal ? [] : inheritRule(merged, here)),
      ...argumentRules(mapping(own)['args'], [...here, 'args'], merged['allowSecretsInArgs'] === true),
      ...renameRule(mapping(mapping(own)['tools'])['rename'], [...here, 'tools', 'rename']),
    ];
  });
}

function commandRule(server: Mapping, path: KeyPath, subsystem: boolean): Complaint[] {
  if (subsystem) {
    return ['args', 'env', 'cwd']
      .filter((key) => server[key] !== undefined)
      .map((key) =>
        complaint(
          [...path, key],
          'key',
          'no such key on a host with `ssh.subsystem`',
          `\`${key}\``,
          'remove the key: nothing is launched on such a host',
        ),
      );
  }
  if (server['command'] !== undefined || server['url'] !== undefined) return [];
  return [complaint([...path, 'command'], 'value', 'a program', 'nothing', 'add `command`')];
}

function inheritRule(server: Mapping, path: KeyPath): Complaint[] {
  if (server['inheritEnv'] === undefined) return [];
  const advice = 'set the variable in `env`, for instance `env: { NAME: "${env:NAME}" }`';
  const expected = 'this key only on a host with `local: true`';
  return [complaint([...path, 'inheritEnv'], 'key', expected, '`inheritEnv`', advice)];
}

/** execve(2) counts `NAME=value` and its final NUL as one string. */
function environmentRules(env: unknown, path: KeyPath): Complaint[] {
  return Object.entries(mapping(env)).flatMap(([name, value]) => {
    if (!VARIABLE_NAME.test(name)) {
      const fixed = name.replaceAll(/[^A-Za-z0-9_]/g, '_');
      const better = VARIABLE_NAME.test(fixed) ? `for instance \`${fixed}\`` : undefined;
      return [
        complaint(
          [...path, name],
          'key',
          'a variable name of letters, digits and `_`',
          describeFound(name, []),
          better,
        ),
      ];
    }
    const bytes = typeof value === 'string' ? Buffer.byteLength(value) : 0;
    const tooLong = bytes <= MAX_VALUE_BYTES && bytes + name.length + 1 > MAX_VALUE_BYTES;
    return tooLong
      ? [complaint([...path, name], 'value', 'at most 128 KiB with its name', `${String(bytes)} bytes`)]
      : [];
  });
}

function argumentRules(args: unknown, path: KeyPath, allowed: boolean): Complaint[] {
  if (allowed || !Array.isArray(args)) return [];
  return args.flatMap((value: unknown, index) => {
    if (typeof value !== 'string') return [];
    const parsed = parseTemplate(value);
    if ('fault' in parsed || !hasReference(parsed.template)) return [];
    const advice = 'pass the value in `env`, or set `allowSecretsInArgs: true`';
    return [
      complaint(
        [...path, index],
        'value',
        'a text without references: every user of that machine can read arguments',
        'a reference',
        advice,
      ),
    ];
  });
}

function renameRule(rename: unknown, path: KeyPath): Complaint[] {
  const seen = new Set<unknown>();
  return Object.entries(mapping(rename)).flatMap(([original, target]) => {
    const twice = seen.has(target);
    seen.add(target);
    return twice
      ? [complaint([...path, original], 'value', 'a different name for each tool', 'the same name twice')]
      : [];
  });
}

/** `small` × `factor` must fit into `large`. */
function ordered(
  file: Mapping,
  group: 'reconnect' | 'heartbeat',
  small: string,
  large: string,
  factor: number,
): Complaint[] {
  const values = { ...DEFAULTS[group], ...mapping(file[group]) } as Mapping;
  const [low, high] = [values[small], values[large]];
  if (typeof low !== 'number' || typeof high !== 'number' || low * factor <= high) return [];
  const path = [group, mapping(file[group])[large] === undefined ? small : large];
  const relation =
    factor === 1 ? `\`${large}\` of at least \`${small}\`` : `\`${large}\` of at least twice \`${small}\``;
  return [complaint(path, 'value', relation, `${String(low)} and ${String(high)}`)];
}
