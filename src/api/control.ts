/**
 * The control API: what every face (CLI, dashboard, later web) can see and do.
 *
 * JSON-RPC 2.0 over newline-delimited JSON, the same in memory and on the daemon's socket. The server checks params
 * strictly. A face does not check a daemon's answers, so that a newer daemon may send more. Additions keep
 * `CONTROL_VERSION`; a change of meaning raises it.
 */
import * as z from 'zod';
import { type Data, errorReport, eventType, gatewayEvent, logStream, progress, question, time } from './events.ts';
import { hostStatus, hostsFileProblem, liveCall, statusSnapshot } from './status.ts';

/** Two sides with different versions do not understand each other. */
export const CONTROL_VERSION = 1;

const text = z.string();
/** The hosts file and people write shorter texts; arguments of tools have no such limit. */
const MAX_TEXT = 64 * 1024;
const MAX_LINES = 100_000;
const given = z.string().min(1).max(MAX_TEXT);
const count = z.int().min(0);
const none = z.strictObject({});
const someHost = z.strictObject({ host: given.exactOptional() });
const oneHost = z.strictObject({ host: given });
const flag = z.boolean().exactOptional();
/**
 * Not in the session of this face, which ends with it, but in the session that the daemon keeps for the face's shell.
 * `fresh`: in a new one, which is kept from now on. The first use of a face decides for its later ones.
 */
const shell = z.enum(['kept', 'fresh']).exactOptional();

/** A question to a person without an answer yet. */
const pendingPrompt = question.extend({ id: z.number(), sinceMs: time });

export const statWindow = z.enum(['hour', 'day']);
export const statKey = z.enum(['tool', 'server', 'host', 'client']);

/** How often something was called, and how fast the answers were. */
const statRow = z.object({
  /** `host/server/tool` with the server's own tool name, `host/server`, the host, or the name that the client gave. */
  key: text,
  calls: z.number(),
  /** Calls that ended with an error of the tool or on the way; cancelled calls do not count. */
  errors: z.number(),
  p50Ms: z.number(),
  p95Ms: z.number(),
  p99Ms: z.number(),
  /** Size of the requests. */
  bytesIn: z.number(),
  /** Size of the answers. */
  bytesOut: z.number(),
});

/** The state of a host, server or pool in words, or the meaning of an error code. */
export const explanation = z.object({
  title: text,
  lines: z.array(text),
  /** The first failure since the host or server was last up. */
  sinceMs: time.exactOptional(),
  /** The next command. */
  hint: text.exactOptional(),
  /** A pool that takes calls, although some of its members have problems. */
  works: z.literal(true).exactOptional(),
  /** The problems as data. */
  causes: z.array(errorReport),
});

const toolEntry = z.object({
  /** The public name. */
  name: text,
  host: text,
  server: text,
  /** The server's own name of the tool. */
  original: text,
  /** The id of the AI client whose file on the host names the server. Absent: the hosts file names it. */
  from: text.exactOptional(),
  /** For a tool of a pool; `host` and `server` are then the first of the members (`host/server`). */
  pool: z.object({ name: text, members: z.array(text) }).exactOptional(),
  title: text.exactOptional(),
  description: text.exactOptional(),
  /** The definition as the server wrote it, with the public name. */
  definition: z.unknown(),
});

const callOutcome = z.object({
  host: text,
  server: text,
  tool: text,
  durationMs: z.number(),
  /** The server's CallToolResult, unchanged but for numbers that JavaScript cannot hold. */
  result: z.unknown(),
  /** The same as the server wrote it, where that was asked for. */
  raw: text.exactOptional(),
});

export const logEntry = z.object({
  atMs: time,
  host: text,
  server: text.exactOptional(),
  stream: logStream,
  line: text,
});

/** In the order of an examination: this machine, the hosts file, the way to a host, the host, its servers. */
const doctorCheck = z.enum([
  'version',
  'node',
  'ssh',
  'files',
  'daemon',
  'client',
  'config',
  'package',
  'ssh-config',
  'agent',
  'host-key',
  'login',
  'probe',
  'machine',
  'server',
]);

/** One line of `doctor`: ✓, ✖, or ○ for a step that could not be tried. */
const doctorStep = z.object({
  host: text.exactOptional(),
  server: text.exactOptional(),
  check: doctorCheck,
  outcome: z.enum(['ok', 'warning', 'failed', 'skipped']),
  text,
  cause: z.exactOptional(errorReport),
  durationMs: z.number(),
  /** Of a machine. */
  measured: z
    .object({
      rttMs: z.number().exactOptional(),
      /** Positive: the clock there is ahead. Exact to a second. */
      clockMs: z.number().exactOptional(),
      disks: z.array(z.object({ path: text, freeBytes: z.number() })),
    })
    .exactOptional(),
  /** Key files that the agent could unlock logins with, and does not hold. */
  sshAdd: z.object({ agent: text, keys: z.array(text) }).exactOptional(),
});

/** A step of `doctor` under way; the next message about the same place ends it. */
const doctorWait = z.object({
  host: text,
  server: text.exactOptional(),
  check: doctorCheck,
  /** The step is given up after this time. */
  limitMs: z.number(),
});

/** What `doctor --fix` has done. */
export const doctorFix = z.object({ check: doctorCheck, host: text.exactOptional(), text });

/** One machine on the way (each jump host too) and the keys that the machine shows. */
export const trustCandidate = z.object({
  /** How known_hosts names the machine: `host`, `[host]:port` or the HostKeyAlias. */
  name: text,
  keys: z.array(z.object({ type: text, fingerprint: text })),
  /** known: nothing to do. unknown: `trust` can add the key. changed and revoked: MCP-Anywhere never adds the key. */
  verdict: z.enum(['known', 'unknown', 'changed', 'revoked']),
  /** The file that accepting writes; empty where the ssh configuration names no file. */
  file: text,
  cause: z.exactOptional(errorReport),
});

/** The requests of a face. */
export const METHODS = {
  status: { params: none, result: statusSnapshot },
  /** Everything at one moment: the events that follow have numbers above `sequence`. */
  snapshot: {
    params: none,
    result: z.object({
      controlVersion: z.literal(CONTROL_VERSION),
      /** Names this run of the daemon: sequence numbers of another run have no meaning. */
      run: text,
      sequence: z.number(),
      status: statusSnapshot,
      calls: z.array(liveCall),
      prompts: z.array(pendingPrompt),
    }),
  },
  /**
   * Resolves when every host and server is up or has failed, or after `withinMs`. Servers are started, unless `start`
   * is false: then only starts under way are waited for.
   */
  settle: {
    params: z.strictObject({ withinMs: z.number().min(0), host: given.exactOptional(), start: flag }),
    result: statusSnapshot,
  },
  /**
   * Servers that have not listed in this run are started and waited for, unless `start` is false. With `tool`, a public
   * name: the tools of the servers that the name may belong to, or of all, and only those servers can be `missing`.
   */
  tools: {
    params: z.strictObject({
      host: given.exactOptional(),
      server: given.exactOptional(),
      tool: given.exactOptional(),
      start: flag,
      shell,
    }),
    result: hostsFileProblem.extend({
      tools: z.array(toolEntry),
      missing: z.array(errorReport),
      /** Servers that AI clients there name, and that are not started. */
      notStarted: z.array(z.object({ host: text, server: text, from: text, why: text })).exactOptional(),
    }),
  },
  /** Progress arrives as `call/progress` notifications before the reply. `host`: of a pool's tool only the member there. */
  call: {
    params: z.strictObject({
      tool: given,
      arguments: z.record(z.string(), z.unknown()),
      host: given.exactOptional(),
      raw: flag,
      shell,
    }),
    result: callOutcome.extend(hostsFileProblem.shape),
  },
  /** Cancels a call of any client, as the client's own cancellation would, and answers that client. */
  'call/cancel': { params: z.strictObject({ call: count }), result: none },
  /** Without `streams`: the lines of all streams. */
  logs: {
    params: z.strictObject({
      host: given.exactOptional(),
      server: given.exactOptional(),
      lines: count.max(MAX_LINES),
      streams: z.array(logStream).exactOptional(),
    }),
    result: z.object({ entries: z.array(logEntry) }),
  },
  /** Steps arrive as `doctor/step` notifications before the reply, and `doctor/wait` tells what is waited for. */
  doctor: { params: someHost, result: z.object({ steps: z.array(doctorStep) }) },
  /** The machines on the way to the host, up to the first machine without a known key. */
  'trust/scan': { params: oneHost, result: z.object({ candidates: z.array(trustCandidate) }) },
  /** Writes the named key; refused where the machine no longer shows that fingerprint. */
  'trust/accept': {
    params: z.strictObject({ host: given, name: given, fingerprint: given }),
    result: z.object({ file: text }),
  },
  /** Stops and starts the servers, and resolves when they are up or have failed. A host that is down is dialled now. */
  restart: { params: z.strictObject({ host: given, server: given.exactOptional() }), result: hostStatus },
  /** Dials a waiting or refused host now, and does not wait for the outcome. */
  reconnect: { params: oneHost, result: none },
  /** Until this daemon ends: a disabled server is not offered, and its calls fail with the reason. */
  enable: { params: z.strictObject({ host: given, server: given, enabled: z.boolean() }), result: none },
  /** Reads the hosts file again. `changed`: the changes, a line each, like `gpu1/files: restarts`; none with a `problem`. */
  reload: { params: none, result: hostsFileProblem.extend({ changed: z.array(text) }) },
  /** The reply comes first. `drain` false: calls under way are not waited for. */
  stop: { params: z.strictObject({ drain: flag }), result: none },
  /** `subject`: an error code, a host, a pool or `host/server`. */
  explain: { params: z.strictObject({ subject: given }), result: explanation },
  /** From now on this face gets the questions to a person, as the request `prompt`. */
  'prompt/attach': { params: none, result: z.object({ prompts: z.array(pendingPrompt) }) },
  /** Null: the person declined. The first answer of all faces counts. */
  'prompt/answer': {
    params: z.strictObject({ id: count, answer: z.string().max(MAX_TEXT).nullable() }),
    result: none,
  },
  stats: { params: z.strictObject({ window: statWindow, by: statKey }), result: z.object({ rows: z.array(statRow) }) },
  /**
   * Events from now on, as `event` notifications; with `types` only these. With `since` (and the `run` of that number)
   * missed events come first, without log lines. `resync`: missed events are no longer kept, take a snapshot.
   */
  'events/subscribe': {
    params: z.strictObject({
      since: count.exactOptional(),
      run: given.exactOptional(),
      types: z.array(eventType).exactOptional(),
    }),
    result: z.object({ run: text, sequence: z.number(), resync: z.boolean() }),
  },
} as const;

/** Notifications to a face. */
export const NOTIFICATIONS = {
  event: z.object({ sequence: z.number(), event: gatewayEvent }),
  /** This face read too slowly and lost events up to `sequence`: take a snapshot. */
  'events/resync': z.object({ sequence: z.number() }),
  'doctor/step': doctorStep,
  'doctor/wait': doctorWait,
  'call/progress': progress,
} as const;

export type ControlMethods = {
  readonly [M in keyof typeof METHODS]: {
    readonly params: Data<(typeof METHODS)[M]['params']>;
    readonly result: Data<(typeof METHODS)[M]['result']>;
  };
};
export type ControlNotifications = { readonly [N in keyof typeof NOTIFICATIONS]: Data<(typeof NOTIFICATIONS)[N]> };
/** Requests to a face that can ask a person (a TTY). Null: the person declined. */
export interface ControlQuestions {
  readonly prompt: { readonly params: Data<typeof question>; readonly result: { readonly answer: string | null } };
}
export type PendingPrompt = Data<typeof pendingPrompt>;
export type StatWindow = Data<typeof statWindow>;
export type StatKey = Data<typeof statKey>;
export type StatRow = Data<typeof statRow>;
export type Explanation = Data<typeof explanation>;
export type ToolEntry = Data<typeof toolEntry>;
export type CallOutcome = Data<typeof callOutcome>;
export type LogEntry = Data<typeof logEntry>;
export type DoctorStep = Data<typeof doctorStep>;
export type DoctorWait = Data<typeof doctorWait>;
export type DoctorFix = Data<typeof doctorFix>;
export type TrustCandidate = Data<typeof trustCandidate>;
