/**
 * What each command prints with `--json`: one document, or with `-f` and `--watch` one a line.
 *
 * Programs read these forms. Additions keep `schemaVersion`; a change of meaning raises it.
 */
import * as z from 'zod';
import { clientChange } from './clients.ts';
import { doctorFix, explanation, logEntry, METHODS, statKey, statWindow, trustCandidate } from './control.ts';
import { type Data, errorReport, gatewayEvent } from './events.ts';
import { hostsFileEdit } from './hosts-file.ts';
import type { ConfigProblem, FileSource } from './hosts-problems.ts';
import { importResult } from './import.ts';
import { initReport } from './init.ts';
import { secretList, secretRemoved, secretStored, secretsMoved, supportBundle } from './secrets.ts';
import { daemonRow, hostStatus, statusSnapshot } from './status.ts';

const text = z.string();
const count = z.int().min(0);
const document = z.object({ schemaVersion: z.literal(1) });

const fileSource: z.ZodType<FileSource> = z.enum(['flag', 'environment', 'user', 'folder']);

const configProblem: z.ZodType<ConfigProblem> = z.object({
  file: text,
  line: z.number(),
  column: z.number(),
  key: text,
  expected: text,
  found: text,
  suggestion: text.exactOptional(),
});

export const PRINTED = {
  status: statusSnapshot,
  /** `status --watch`: after the status, a line for each change. */
  change: document.and(gatewayEvent),
  tools: document.extend(METHODS.tools.result.shape),
  call: document.extend(METHODS.call.result.shape),
  logs: document.extend(METHODS.logs.result.shape),
  /** `logs -f`. */
  'log line': document.extend(logEntry.shape),
  /** `fixed` only with --fix. */
  doctor: document.extend({ ...METHODS.doctor.result.shape, fixed: z.array(doctorFix).exactOptional() }),
  trust: document.extend({
    host: text,
    candidates: z.array(trustCandidate),
    /** The keys that this run added to known_hosts. */
    written: z.array(z.object({ name: text, fingerprint: text, file: text })),
  }),
  /** Of a host, of one of its servers, or of a pool. */
  explain: document.extend({
    ...explanation.shape,
    host: text.exactOptional(),
    server: text.exactOptional(),
    pool: text.exactOptional(),
  }),
  'explain code': document.extend({
    code: text,
    meaning: text,
    hint: text,
    exitCode: z.number(),
    causes: z.array(z.object({ cause: text, see: text, fix: text })),
  }),
  stats: document.extend({ by: statKey, window: statWindow, ...METHODS.stats.result.shape }),
  /** `install` and `uninstall`. */
  install: document.extend({ dryRun: z.boolean(), clients: z.array(clientChange) }),
  init: document.extend(initReport.shape),
  /** `add`, `rm` and `server …`. */
  'hosts file edit': document.extend(hostsFileEdit.shape),
  import: document.extend(importResult.shape),
  'support-bundle': document.extend(supportBundle.shape),
  'secret ls': document.extend(secretList.shape),
  'secret set': document.extend(secretStored.shape),
  'secret rm': document.extend(secretRemoved.shape),
  'secret move': document.extend(secretsMoved.shape),
  ps: document.extend({ daemons: z.array(daemonRow) }),
  /** Where one server was restarted, only that one stands in the host. */
  restart: document.extend({ host: hostStatus }),
  /** `enable` and `disable`. */
  switch: document.extend({ host: text, server: text, enabled: z.boolean() }),
  reload: document.extend(METHODS.reload.result.shape),
  /** The pid of the daemon that ended. */
  stop: document.extend({ stopped: z.number().nullable() }),
  completion: document.extend({ shell: z.enum(['bash', 'zsh', 'fish']), script: text }),
  'config path': document.extend({ file: text, source: fileSource }),
  'config validate': document.extend({
    ok: z.literal(true),
    file: text,
    hosts: count,
    servers: count,
    trusted: z.boolean(),
    problems: z.array(configProblem).length(0),
  }),
  'config trust': document.extend({ file: text, trusted: z.literal(true) }),
  /** A `config` command that failed, on stdout as its data. */
  'config failure': document.extend({
    ok: z.literal(false),
    error: errorReport,
    problems: z.array(configProblem),
  }),
  /** `--version --check`. */
  'version check': document.extend({
    version: text,
    newest: text.exactOptional(),
    isNewer: z.boolean().exactOptional(),
    /** The command that installs it. */
    update: text.exactOptional(),
    /** Why the registry could not be asked. */
    unknown: text.exactOptional(),
  }),
  /** Any other command that failed, on stderr. */
  failure: document.extend({ error: errorReport }),
} as const;

export type Printed = { readonly [F in keyof typeof PRINTED]: Data<(typeof PRINTED)[F]> };
