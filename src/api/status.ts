/** The state of everything at one moment: what `status` and `ps` show. */
import * as z from 'zod';
import { callPlace, type Data, errorReport, hostState, progress, serverState, time } from './events.ts';

const text = z.string();
const cause = z.exactOptional(errorReport);

/** A process of a server. */
const instanceStatus = z.object({
  /** On its machine; absent where the launcher could not report a pid. */
  pid: z.number().exactOptional(),
  sinceMs: time,
  /** The client that the process works for; absent for a shared process. */
  client: text.exactOptional(),
});

const serverStatus = z.object({
  name: text,
  state: serverState,
  cause,
  /** With a cause: the first failure since the server was last up. */
  failingSinceMs: time.exactOptional(),
  /** The number of tools on offer, as last listed and filtered. */
  tools: z.number(),
  /** Nobody has looked at the server yet: `tools` is 0 because the number is unknown. */
  neverListed: z.literal(true).exactOptional(),
  /** Withheld or renamed tools, and other problems that do not stop the server. */
  problems: z.array(errorReport),
  /** The tools come from the disk cache; the server has not listed them in this run. */
  cached: z.boolean(),
  /** Program and arguments as in the hosts file; references stay references. */
  command: z.array(text),
  /** The names of the server's variables, never their values. */
  env: z.array(text),
  /** The id of the AI client whose file on the host names the server. Absent: the hosts file names it. */
  from: text.exactOptional(),
  /** Other AI clients there that name the same server. */
  alsoIn: z.array(text).exactOptional(),
  /** The file of that client, on the host. */
  file: text.exactOptional(),
  /** Why a server that was found is not started, in words: what it needs, or that its client has switched it off. */
  notStarted: text.exactOptional(),
  /** The processes that are up. */
  instances: z.array(instanceStatus),
  /** How many processes of this run replaced a lost or failed process, or came with a restart. */
  restarts: z.number(),
  /** The last failure, even if a process is up again. */
  lastFailure: z.object({ atMs: time, cause: errorReport }).exactOptional(),
});

export const hostStatus = z.object({
  name: text,
  state: hostState,
  cause,
  /** The first failure since the host was last up. */
  failingSinceMs: time.exactOptional(),
  rttMs: z.number().exactOptional(),
  retryAtMs: time.exactOptional(),
  connections: z.number(),
  backend: text,
  tags: z.array(text),
  servers: z.array(serverStatus),
  /** Only with `discover`. */
  discover: z
    .object({
      /** The files of the AI clients there were not looked at yet. */
      pending: z.literal(true).exactOptional(),
      /** Files of AI clients there that cannot be read. */
      unread: z.array(z.object({ client: text, file: text, problem: text })),
      /** Why the files could not be looked at the last time. */
      cause,
    })
    .exactOptional(),
});

const poolMemberStatus = z.object({
  host: text,
  server: text,
  /** up: calls go there first. untried: not connected yet. retrying: the host or the server failed. refused: the host needs the user. */
  state: z.enum(['up', 'untried', 'retrying', 'refused', 'disabled']),
  /** How many of the pool's tools this member answers: those that it defines as most members do. */
  tools: z.number(),
  /** Calls of the pool that wait for an answer of this member. */
  inFlight: z.number(),
  /** How long calls have taken lately; absent before the first call. */
  latencyMs: z.number().exactOptional(),
  /** The part of its share that a member takes; less than 1 for a while after its return. */
  share: z.number(),
});

const poolStatus = z.object({
  name: text,
  strategy: z.enum(['least-busy', 'round-robin', 'fastest', 'failover', 'sticky']),
  /** The pool's tools take an argument that chooses the host. */
  pin: z.boolean(),
  tools: z.number(),
  /** In the order of the hosts file's patterns. */
  members: z.array(poolMemberStatus),
});

const clientStatus = z.object({
  id: text,
  name: text,
  version: text,
  sinceMs: time,
  /** Not an AI client: the session that the daemon keeps for a shell's calls. It ends at `endsMs`, unless another call comes. */
  shell: z.object({ endsMs: time.exactOptional() }).exactOptional(),
});

/** A tools/call without an answer yet. `call/cancel` takes its number. */
export const liveCall = callPlace.extend({
  /** The client's id, and the name that the client gave. */
  client: text,
  clientName: text,
  startedMs: time,
  /** Size of the request. */
  bytesIn: z.number().exactOptional(),
  ...progress.shape,
  progress: z.number().exactOptional(),
});

/** Why the hosts file as it stands now is not in force: the last good version is. */
export const hostsFileProblem = z.object({ problem: z.exactOptional(errorReport) });

/** What `status --json` prints. */
export const statusSnapshot = z.object({
  schemaVersion: z.literal(1),
  daemon: z
    .object({
      pid: z.number(),
      version: text,
      uptimeMs: z.number(),
      /** Absolute path of the hosts file that the daemon serves. */
      hostsFile: text,
    })
    .nullable(),
  ...hostsFileProblem.shape,
  hosts: z.array(hostStatus),
  /** Absent where the hosts file has no pools. */
  pools: z.array(poolStatus).exactOptional(),
  clients: z.array(clientStatus),
  calls: z.array(liveCall),
});

/** A daemon, as `ps --json` prints it. */
export const daemonRow = z.object({
  pid: z.number(),
  version: text,
  hostsFile: text,
  sinceMs: time,
  log: text,
  /** Null: the daemon did not answer. */
  clients: z.array(clientStatus).nullable(),
  calls: z.array(liveCall),
  /** What helps where the daemon did not answer. */
  hint: text.exactOptional(),
});

export type ServerStatus = Data<typeof serverStatus>;
export type HostStatus = Data<typeof hostStatus>;
export type PoolMemberStatus = Data<typeof poolMemberStatus>;
export type PoolStatus = Data<typeof poolStatus>;
export type LiveCall = Data<typeof liveCall>;
export type HostsFileProblem = Data<typeof hostsFileProblem>;
export type StatusSnapshot = Data<typeof statusSnapshot>;
export type DaemonRow = Data<typeof daemonRow>;
