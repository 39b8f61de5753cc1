/** What runs for one server, and as what: for people. No value of a variable, and no secret of a command line, is in it. */
import { type ErrorReport, reportOf } from '../base/errors.ts';
import type { Template } from '../config/plan.ts';
import { ClientSession } from '../downstream/session.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { Instance } from '../upstream/instance.ts';
import type { ServerUnit } from '../upstream/unit.ts';

export interface InstanceReport {
  readonly pid?: number;
  readonly sinceMs: number;
  readonly client?: string;
}

export interface ProcessReport {
  readonly command: readonly string[];
  readonly env: readonly string[];
  readonly instances: readonly InstanceReport[];
  readonly restarts: number;
  readonly lastFailure?: { readonly atMs: number; readonly cause: ErrorReport };
}

type Told = Pick<Gateway, 'clock' | 'redact'>;

export function reportProcesses({ clock, redact }: Told, { plan, record, running }: ServerUnit): ProcessReport {
  const { lastFailure } = record;
  const nowMs = clock.now();
  return {
    command: [plan.command, ...plan.args.map(asWritten)].map(redact),
    env: [...plan.env.keys(), ...plan.inheritEnv],
    instances: running.map((instance) => reportInstance(instance, nowMs)),
    restarts: record.restarts,
    ...(lastFailure === undefined
      ? {}
      : { lastFailure: { atMs: lastFailure.atMs, cause: reportOf(lastFailure.cause) } }),
  };
}

function reportInstance({ pid, upMs, owner }: Instance, nowMs: number): InstanceReport {
  return {
    ...(pid === undefined ? {} : { pid }),
    sinceMs: Math.round(nowMs - upMs),
    ...(owner instanceof ClientSession ? { client: owner.id } : {}),
  };
}

/** What a reference stands for is never looked up for this. */
function asWritten({ pieces }: Template): string {
  return pieces
    .map((piece) => {
      if (typeof piece === 'string') return piece;
      return piece.kind === 'env' ? `\${env:${piece.name}}` : `\${${piece.kind}:…}`;
    })
    .join('');
}
