/**
 * The hosts file as zod sees it: the one description that reading, the JSON Schema and the docs share.
 *
 * It holds no transforms and no defaults, so that it can be printed as a JSON Schema and so that `defaults:`
 * of the file can tell absent from set; `resolve.ts` fills in. Unknown keys are errors everywhere. What needs
 * more than one key to judge is in `rules.ts`.
 */

import * as z from 'zod';
import {
  checkAlias,
  checkCommand,
  checkCwd,
  checkMember,
  checkPath,
  checkProxyJump,
  checkShortName,
  checkSshHost,
  checkSubsystem,
  checkTag,
  checkToolName,
  checkUser,
  checkVariable,
  MAX_NAME_LENGTH,
  NAME_PATTERN,
} from './checks.ts';
import { discover } from './discover.ts';
import { flag, milliseconds, oneOrMore, template, text, whole } from './fields.ts';
import type { PoolStrategy } from './plan.ts';

const named = { propertyNames: { pattern: NAME_PATTERN, maxLength: MAX_NAME_LENGTH } };
const variables = { propertyNames: { pattern: '^[A-Za-z_][A-Za-z0-9_]*$' } };
const STRATEGIES = [
  'least-busy',
  'round-robin',
  'fastest',
  'failover',
  'sticky',
] as const satisfies readonly PoolStrategy[];
const attempts = '`unlimited`, or a whole number from 1';
const section = 'a mapping (`key: value` lines)';

function mapping<Shape extends z.core.$ZodLooseShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  return z.strictObject(shape, { error: section });
}

function list<Item extends z.ZodType>(item: Item, of: string): z.ZodArray<Item> {
  return z.array(item, { error: `a list of ${of}` });
}

function byName<Value extends z.ZodType>(value: Value): z.ZodRecord<z.ZodString, Value> {
  return z.record(z.string(), value, { error: section });
}

const tools = mapping({
  // An empty list would read as "nothing" and mean "all": it is refused.
  allow: list(text('a glob'), 'globs')
    .min(1, { error: 'at least one glob; leave the key out to offer all tools' })
    .describe("Globs over the server's own tool names; only these are offered and callable. Left out: all.")
    .optional(),
  deny: list(text('a glob'), 'globs')
    .describe("Globs over the server's own tool names; these are neither offered nor callable.")
    .optional(),
  rename: byName(text('a tool name', checkToolName))
    .describe("The server's own name of a tool: the name it gets inside the public one.")
    .optional(),
});

const as = text('a short name', checkShortName)
  .meta({ pattern: NAME_PATTERN, maxLength: MAX_NAME_LENGTH })
  .describe('A short name, which public tool names hold instead of the full one.')
  .optional();

const server = mapping({
  as,
  command: text('a program', checkCommand)
    .describe(
      'The MCP server, a program that speaks MCP on stdin and stdout: its path, or its name on the PATH of that machine.',
    )
    .optional(),
  args: list(template(), 'texts')
    .describe('Arguments of the program, one by one; no shell expands them. Process lists show them.')
    .optional(),
  env: byName(template())
    .meta(variables)
    .describe(
      'Variables of the program; values may hold ${env:NAME}, ${env:NAME:-default}, ${cmd:command}, ${file:path} and ${keychain:name}, resolved on this machine when the program starts.',
    )
    .nullable()
    .optional(),
  inheritEnv: list(text('a variable name', checkVariable), 'variable names')
    .describe(
      'On this machine (`local: true`): variables of the AI client to pass on, besides HOME, PATH, USER, LOGNAME, SHELL, TERM, LANG, LC_*, TZ and TMPDIR.',
    )
    .optional(),
  cwd: text('a path', checkCwd)
    .describe('Working folder on that machine, starting with / or ~/. Left out: the folder of the login.')
    .optional(),
  sharing: z
    .enum(['session', 'shared'], { error: '`session` or `shared`' })
    .describe('session: one process for each AI client. shared: one process for all clients. Left out: session.')
    .optional(),
  tools: tools.describe('Which tools of the server are offered, and under which names.').optional(),
  timeoutMs: milliseconds(100)
    .describe('Longest time of a call; every progress message starts the time again. Left out: 60000.')
    .optional(),
  totalTimeoutMs: milliseconds(100)
    .describe('Longest time of a call, even with progress messages. Left out: 14400000 (4 hours).')
    .optional(),
  pingMs: milliseconds(0)
    .describe(
      'Time between pings of an idle process; a process that no longer answers is replaced. 0: never. Left out: 60000.',
    )
    .optional(),
  startTimeoutMs: milliseconds(100)
    .describe('Longest time from launch to the answer of initialize. Left out: 120000.')
    .optional(),
  idleMs: milliseconds(100).describe('A process unused for this time is stopped. Left out: 1800000.').optional(),
  enabled: flag().describe('false: the server is ignored. Left out: true.').optional(),
  allowSecretsInArgs: flag()
    .describe('true: references are allowed in args, where every user of that machine can read their values.')
    .optional(),
});

const ssh = mapping({
  alias: text('an alias', checkAlias)
    .describe("The name for ssh, if it differs from the name of the host here. Left out: the host's name.")
    .optional(),
  host: text('a host name or an address', checkSshHost)
    .describe('Name or address to connect to (HostName).')
    .optional(),
  user: text('a login name', checkUser).describe('Login name (User).').optional(),
  port: whole('a port', 1, 65535).describe('Port of sshd (Port).').optional(),
  identityFile: oneOrMore('a path', checkPath)
    .describe('Private key, or several (IdentityFile). Relative to this file; ~/ is expanded.')
    .optional(),
  proxyJump: text('a jump host', checkProxyJump)
    .describe('Jump hosts, `[user@]host[:port]` separated by commas, or `none` (ProxyJump).')
    .optional(),
  configFile: text('a path', checkPath)
    .describe(
      "Read this instead of ~/.ssh/config and the system's file (ssh -F). none: read no file; then no OpenSSH client is needed.",
    )
    .optional(),
  knownHostsFile: oneOrMore('a path', checkPath)
    .describe('Files with known host keys (UserKnownHostsFile).')
    .optional(),
  backend: z
    .enum(['auto', 'ssh2', 'openssh'], { error: '`auto`, `ssh2` or `openssh`' })
    .describe("auto: built-in, and the system's ssh where the built-in client is not enough. Left out: auto.")
    .optional(),
  subsystem: text('the name of a subsystem', checkSubsystem)
    .describe('For hosts with a forced command: every server is this subsystem, and nothing is launched.')
    .optional(),
  reuseControlMaster: flag()
    .describe('true: go through the master connection of your own ssh (ControlPath) where one runs.')
    .optional(),
  forwardAgent: flag()
    .describe('true: programs on that machine may use your ssh agent (ForwardAgent). Left out: false.')
    .optional(),
  connectTimeoutMs: milliseconds(100)
    .describe('Longest time from the first packet to the login. Left out: 20000.')
    .optional(),
});

const servers = byName(server.nullable()).meta(named).describe('MCP servers by name.').nullable().optional();
const tags = list(text('a tag', checkTag), 'tags').describe('Labels for your own sorting.').optional();

const host = mapping({
  as,
  tags,
  ssh: ssh.describe('How to connect; missing keys come from ~/.ssh/config.').optional(),
  local: flag().describe('true: this machine itself, without ssh.').optional(),
  discover,
  servers,
});

const pool = mapping({
  members: list(text('`host/server`', checkMember), 'patterns')
    .min(1, { error: 'at least one pattern like `gpu*/render`' })
    .describe('Which servers: patterns of host/server, or tag:label/server for the hosts with that tag.'),
  strategy: z
    .enum(STRATEGIES, { error: `one of ${STRATEGIES.join(', ')}` })
    .describe(
      'least-busy: the better of two by load and latency. round-robin: each in turn. fastest: the lowest latency. failover: the first that is up, in this order. sticky: the same one for a client as long as it is up. Left out: least-busy.',
    )
    .optional(),
  pin: flag()
    .describe('true: every tool takes `run_on`, the host to run on, as one more optional argument. Left out: false.')
    .optional(),
});

export const hostsFileSchema = mapping({
  $schema: z.string({ error: 'the address of a JSON Schema' }).describe('For editors.').optional(),
  version: z
    .literal(1, { error: '1, the version of the format that this program reads' })
    .describe('Version of this format. Left out: 1.')
    .optional(),
  defaults: mapping({ tags, ssh: ssh.describe('Defaults for every `ssh`.').optional(), servers })
    .describe(
      'Defaults for every host, key by key; `servers` here run on every host except those with `ssh.subsystem`.',
    )
    .nullable()
    .optional(),
  hosts: byName(host.nullable())
    .meta(named)
    .describe('The machines by name; a name is an alias of ~/.ssh/config unless `ssh` says otherwise.')
    .nullable(),
  pools: byName(pool)
    .meta(named)
    .describe('Equal servers on several hosts as one: their tools are offered once, as pool__tool.')
    .nullable()
    .optional(),
  naming: mapping({
    maxLength: whole('a number of characters', 24, 64).describe('Longest public tool name. Left out: 48.').optional(),
    titles: z
      .enum(['place', 'keep'], { error: '`place` or `keep`' })
      .describe(
        'place: with more than one server here, titles say where a tool runs (`Create Directory · gpu1/files`). keep: titles stay as servers wrote them. Left out: place.',
      )
      .optional(),
  })
    .describe('How tools are named.')
    .optional(),
  catalog: mapping({
    ttlMs: milliseconds(0).describe('A listing older than this is refreshed. Left out: 300000.').optional(),
  })
    .describe('The listings of servers, kept on disk.')
    .optional(),
  reconnect: mapping({
    initialMs: milliseconds(10).describe('Time before the first retry. Left out: 250.').optional(),
    maxMs: milliseconds(10).describe('Longest time between retries. Left out: 30000.').optional(),
    attempts: z
      .union([z.literal('unlimited'), z.int().min(1, { error: attempts })], { error: attempts })
      .describe('After this many failed attempts in a row, the host waits for you. Left out: unlimited.')
      .optional(),
  })
    .describe('When a connection is lost.')
    .optional(),
  heartbeat: mapping({
    intervalMs: milliseconds(100).describe('Time between heartbeats on a connection. Left out: 5000.').optional(),
    leaseMs: milliseconds(1000)
      .describe(
        'After this time without a heartbeat, the machine ends everything that was started there. Left out: 60000.',
      )
      .optional(),
  })
    .describe('How a dead connection is noticed, on both ends.')
    .optional(),
  limits: mapping({
    maxMessageBytes: whole('a number of bytes', 4096, 1024 ** 3)
      .describe('Largest MCP message. Left out: 268435456 (256 MiB).')
      .optional(),
    callsPerServer: whole('a number of calls', 1, 65_536)
      .describe('Calls under way at one server process; more wait. Left out: 256.')
      .optional(),
    waitingPerServer: whole('a number of calls', 0, 65_536)
      .describe('Calls that wait at one server process; more are refused. Left out: 1024.')
      .optional(),
    requestsPerClient: whole('a number of requests', 1, 65_536)
      .describe('Unanswered requests of one AI client; more are refused. Left out: 2048.')
      .optional(),
    serverRequests: whole('a number of requests', 1, 65_536)
      .describe('Unanswered requests of one server process to its client; more are refused. Left out: 64.')
      .optional(),
    definitionBytes: whole('a number of bytes', 1024, 1024 ** 3)
      .describe(
        'Largest definition of a tool, prompt or resource; a larger one is withheld. Left out: 262144 (256 KiB).',
      )
      .optional(),
    definitionDepth: whole('a number of levels', 4, 1_000)
      .describe('How deep a definition may be nested; a deeper one is withheld. Left out: 64.')
      .optional(),
    listingBytes: whole('a number of bytes', 4096, 1024 ** 3)
      .describe('All definitions of one list of a server; the rest is withheld. Left out: 16777216 (16 MiB).')
      .optional(),
    listingItems: whole('a number of definitions', 1, 1_000_000)
      .describe('Definitions in one list of a server; the rest is withheld. Left out: 20000.')
      .optional(),
    listingPages: whole('a number of pages', 1, 100_000)
      .describe('Pages of one list of a server; no more are asked for. Left out: 1000.')
      .optional(),
    dials: whole('a number of connections', 1, 1_000)
      .describe(
        'Connections that are being made at once; the others wait, and hosts that somebody waits for go first. Left out: 8.',
      )
      .optional(),
    launches: whole('a number of servers', 1, 1_000)
      .describe(
        'Servers that are being launched at once; the others wait, and servers that somebody waits for go first. Left out: 8.',
      )
      .optional(),
    logLinesPerSecond: whole('a number of lines', 1, 100_000)
      .describe(
        'Log lines, log messages and other notifications of one server; more are dropped and counted. Left out: 500.',
      )
      .optional(),
    logFileBytes: whole('a number of bytes', 4096, 1024 ** 3)
      .describe('A log file is rotated at this size; two are kept. Left out: 5242880 (5 MiB).')
      .optional(),
  })
    .describe('Limits.')
    .optional(),
});

export type HostsFile = z.infer<typeof hostsFileSchema>;
export type HostEntry =
  NonNullable<HostsFile['hosts']> extends Record<string, infer Entry> ? NonNullable<Entry> : never;
export type SshEntry = NonNullable<HostEntry['ssh']>;
export type PoolEntry =
  NonNullable<HostsFile['pools']> extends Record<string, infer Entry> ? NonNullable<Entry> : never;
export type ServerEntry =
  NonNullable<HostEntry['servers']> extends Record<string, infer Entry> ? NonNullable<Entry> : never;

/** The JSON Schema of the hosts file, for editors. */
export function hostsFileJsonSchema(): object {
  const schema = z.toJSONSchema(hostsFileSchema, { io: 'input', target: 'draft-7' });
  return {
    ...schema,
    title: 'MCP-Anywhere hosts file',
    description: 'The machines whose MCP servers one entry in an AI client offers.',
  };
}
