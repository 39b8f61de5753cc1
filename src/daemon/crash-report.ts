/**
 * The report of a daemon that crashed: a file in its log folder, without secrets. Node itself ends the process.
 */

import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolderSync } from '../base/make-folder.ts';
import { isRecord } from '../base/record.ts';
import type { Redact } from '../telemetry/redact.ts';

export interface CrashReport {
  /** Wall clock, ms since the epoch. */
  readonly atMs: number;
  readonly pid: number;
  readonly version: string;
  readonly node: string;
  /** Absolute path of the hosts file. */
  readonly hostsFile: string;
  readonly origin: string;
  readonly message: string;
  readonly stack: string;
  /** The last events, oldest first. */
  readonly events: readonly unknown[];
}

export interface CrashDeps {
  readonly folder: string;
  readonly version: string;
  readonly hostsFile: string;
  readonly now: () => number;
  readonly redact: Redact;
  readonly lastEvents: () => readonly unknown[];
}

const NAMED = /^crash-\d+-\d+\.json$/;
const KEPT = 5;
const LATELY_MS = 60 * 60_000;

/**
 * Writes a report when an unhandled exception or rejection is about to end the process (exit code 1). Returns a function
 * that stops the reporting.
 */
export function reportCrashes(process: NodeJS.Process, deps: CrashDeps): () => void {
  const onCrash = (error: unknown, origin: string): void => {
    writeReport(process, deps, { error, origin });
  };
  process.on('uncaughtExceptionMonitor', onCrash);
  return () => {
    process.off('uncaughtExceptionMonitor', onCrash);
  };
}

/** The latest crash of this hosts file's daemon. @param sinceMs wall clock */
export async function lastCrash(folder: string, hostsFile: string, sinceMs: number): Promise<CrashReport | undefined> {
  const names = await readdir(folder).catch(() => []);
  for (const name of crashes(names).reverse()) {
    const report = await readReport(join(folder, name));
    if (report?.hostsFile === hostsFile && report.atMs >= sinceMs) return report;
  }
  return undefined;
}

/** Evidence for an error about a missing daemon: the last crash and its report. Empty without a recent crash. */
export async function crashEvidence(folder: string, hostsFile: string, nowMs: number): Promise<readonly string[]> {
  const crash = await lastCrash(folder, hostsFile, nowMs - LATELY_MS);
  if (crash === undefined) return [];
  const at = new Date(crash.atMs).toISOString();
  return [`the daemon of process ${crash.pid} crashed at ${at}: ${crash.message}`, `its report is in ${folder}`];
}

/** Synchronous, because the process is about to end. A failure here must not hide the first error. */
function writeReport(process: NodeJS.Process, deps: CrashDeps, crash: { error: unknown; origin: string }): void {
  const { folder, version, hostsFile, redact } = deps;
  const error = crash.error instanceof Error ? crash.error : new Error(String(crash.error));
  const atMs = deps.now();
  const report: CrashReport = {
    atMs,
    pid: process.pid,
    version,
    node: process.version,
    hostsFile,
    origin: crash.origin,
    message: error.message,
    stack: error.stack ?? '',
    events: deps.lastEvents(),
  };
  try {
    makeFolderSync(folder);
    const file = join(folder, `crash-${atMs}-${process.pid}.json`);
    writeFileSync(file, `${redact(JSON.stringify(report, undefined, 2))}\n`, { mode: 0o600 });
    for (const name of crashes(readdirSync(folder)).slice(0, -KEPT)) rmSync(join(folder, name), { force: true });
  } catch {
    // A full disk, for example. Node still prints the error.
  }
}

/** Oldest first. */
function crashes(names: readonly string[]): string[] {
  return names.filter((name) => NAMED.test(name)).sort();
}

async function readReport(file: string): Promise<CrashReport | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    return isRecord(value) ? (value as unknown as CrashReport) : undefined;
  } catch {
    return undefined;
  }
}
