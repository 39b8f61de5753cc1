/** `doctor [host] [--fix]`: checks every step from this machine to each server's initialize, and prints cause and fix. */

import type { DoctorFix, DoctorStep } from '../api/control.ts';
import { counted } from '../base/counted.ts';
import { durationText } from '../base/duration.ts';
import {
  AnywhereError,
  asAnywhereError,
  type ErrorCode,
  type ErrorReport,
  EXIT,
  type ExitCode,
  reportOf,
} from '../base/errors.ts';
import { harmless, oneLine } from '../base/harmless.ts';
import type { ControlClient, QuestionHandler } from '../control/client.ts';
import { messageAt, nextStep } from '../model/words.ts';
import type { Finding } from '../setup/self-check.ts';
import { type CliContext, isInteractive } from './context.ts';
import { combinedExit, exitOf } from './report.ts';
import { withAny } from './session.ts';
import type { Style } from './style.ts';

export interface DoctorOptions {
  readonly fix: boolean;
  /** Asks npm whether a newer version is out. */
  readonly check: boolean;
}

export async function runDoctor(
  context: CliContext,
  host: string | undefined,
  { fix, check }: DoctorOptions,
): Promise<ExitCode> {
  const fixed: DoctorFix[] = [];
  const version = check ? [await examineVersion(context)] : [];
  const local = host === undefined ? await examineHere(context, fix ? fixed : undefined) : [];
  // Under --fix a passphrase is given to the agent, and not to this one connection.
  const there = await examine(context, host, fix ? declining : undefined);
  const again = fix ? await addKeys(context, there, fixed) : [];
  const isOld = (step: DoctorStep): boolean => again.some((one) => one.host === step.host);
  const hosts = [...there.filter((step) => !isOld(step)), ...again.filter((step) => step.host !== undefined)];
  const steps = [...version, ...local, ...hosts];
  if (context.globals.json) context.out.json<'doctor'>({ steps, ...(fix ? { fixed } : {}) });
  else context.out.write(summary(steps, context.style) + (fix ? fixedText(steps, fixed) : ''));
  return doctorExit(steps);
}

async function examineVersion(context: CliContext): Promise<DoctorStep> {
  const { versionStep } = await import('./updates.ts');
  const step = await versionStep(context);
  show(context, step);
  return step;
}

/** This machine: node, ssh, agent, our files, the daemons, and the entries of AI clients. @param fixed absent: nothing is changed */
async function examineHere(context: CliContext, fixed: DoctorFix[] | undefined): Promise<readonly DoctorStep[]> {
  const { localFindings } = await import('./local-findings.ts');
  const steps: DoctorStep[] = [];
  for (const found of await localFindings(context)) {
    const step = fixed === undefined ? found.step : await mended(context, found, fixed);
    steps.push(step);
    show(context, step);
  }
  return steps;
}

/** The step after its fix. A fix that fails says why beside the finding. */
async function mended({ io }: CliContext, { step, fix }: Finding, fixed: DoctorFix[]): Promise<DoctorStep> {
  if (fix === undefined) return step;
  const { check } = step;
  try {
    await fix.run(io.signal);
    fixed.push({ check, text: fix.says });
    return { check, outcome: 'ok', text: fix.says, durationMs: 0 };
  } catch (thrown) {
    io.signal.throwIfAborted();
    const { message, hint } = asAnywhereError(thrown);
    if (step.cause === undefined) return step;
    const evidence = [...(step.cause.evidence ?? []), `not fixed: ${message}`];
    return { ...step, cause: { ...step.cause, evidence, hint } };
  }
}

/** The codes of a login that lacks a key. */
const LACKS_KEY: readonly ErrorCode[] = ['AUTH_FAILED', 'KEY_UNUSABLE', 'NO_TTY'];

function lacksKey({ check, cause }: DoctorStep): boolean {
  return check === 'login' && LACKS_KEY.some((code) => code === cause?.code);
}

/** Gives the agent the keys that failed logins lack, and examines those hosts again, now with questions to a person. */
async function addKeys(
  context: CliContext,
  steps: readonly DoctorStep[],
  fixed: DoctorFix[],
): Promise<readonly DoctorStep[]> {
  const again: DoctorStep[] = [];
  const tried = new Map<string, boolean>();
  for (const { host, cause } of steps.filter(lacksKey)) {
    if (host === undefined) continue;
    const wanted = steps.find((step) => step.host === host && step.sshAdd !== undefined)?.sshAdd;
    let isBetter = cause?.code === 'NO_TTY' && isInteractive(context.io);
    for (const key of wanted?.keys ?? []) {
      const isAdded = tried.get(key) ?? (await sshAddKey(context, key, wanted?.agent));
      if (isAdded && !tried.has(key)) fixed.push({ check: 'agent', host, text: `added ${key} to the agent` });
      tried.set(key, isAdded);
      isBetter ||= isAdded;
    }
    if (isBetter) again.push(...(await examine(context, host)));
  }
  return again;
}

/** ssh-add asks for the passphrase in the terminal. Without one only keys without a passphrase can be added. */
async function sshAddKey({ io, out }: CliContext, key: string, agent: string | undefined): Promise<boolean> {
  out.clear();
  const { addKey } = await import('../setup/self-check.ts');
  return await addKey(
    key,
    { ...io.env, SSH_AUTH_SOCK: agent },
    { isInteractive: isInteractive(io), signal: io.signal },
  );
}

function show(context: CliContext, step: DoctorStep): void {
  if (!context.globals.json) context.out.write(stepText(step, context.style));
}

function fixedText(steps: readonly DoctorStep[], fixed: readonly DoctorFix[]): string {
  const left = steps.filter(({ outcome }) => outcome === 'failed' || outcome === 'warning').length;
  const did = fixed.map(({ host, text }) => `  ${oneLine(host === undefined ? text : `${host}: ${text}`)}\n`);
  const head = fixed.length === 0 ? 'Nothing was fixed.\n' : `Fixed ${fixed.length}:\n`;
  const rest = left === 0 ? '' : `Left to you: ${counted(left, 'finding')}, each with its fix above.\n`;
  return head + did.join('') + rest;
}

const declining: QuestionHandler = () => Promise.resolve(undefined);

async function examine(
  context: CliContext,
  host: string | undefined,
  answers?: QuestionHandler,
): Promise<readonly DoctorStep[]> {
  const work = async (client: ControlClient): Promise<readonly DoctorStep[]> => {
    const stopListening = client.on('doctor/step', (step) => {
      show(context, step);
      context.out.progress(`examining ${host ?? 'all hosts'} …`);
    });
    try {
      return (await client.request('doctor', host === undefined ? {} : { host }, context.io.signal)).steps;
    } finally {
      stopListening();
    }
  };
  try {
    return await withAny(context, work, answers);
  } catch (error) {
    const failed = configStep(error);
    show(context, failed);
    return [failed];
  }
}

/** A broken hosts file is a finding. Any other error is a failure of the examination itself. */
function configStep(error: unknown): DoctorStep {
  if (!(error instanceof AnywhereError) || error.exitCode !== EXIT.config) throw error;
  return { check: 'config', outcome: 'failed', text: error.message, cause: reportOf(error), durationMs: 0 };
}

export function doctorExit(steps: readonly DoctorStep[]): ExitCode {
  const config = steps.find((step) => step.check === 'config' && step.outcome === 'failed');
  if (config !== undefined) return causeExit(config);
  const hosts = [...new Set(steps.flatMap((step) => (step.host === undefined ? [] : [step.host])))];
  const failures = hosts.map((host) => steps.find((step) => step.host === host && step.outcome === 'failed'));
  if (failures.some((step) => step !== undefined && step.cause === undefined)) return EXIT.unexpected;
  // A host with one good and one bad server is partly up.
  const partly = hosts.some((host) => isPartlyUp(steps.filter((step) => step.host === host)));
  return partly ? EXIT.partly : combinedExit(failures.map((step) => step?.cause));
}

function isPartlyUp(steps: readonly DoctorStep[]): boolean {
  const servers = steps.filter((step) => step.check === 'server');
  return servers.some((step) => step.outcome === 'ok') && servers.some((step) => step.outcome === 'failed');
}

function causeExit(step: DoctorStep): ExitCode {
  return step.cause === undefined ? EXIT.unexpected : exitOf(step.cause);
}

const MARKS = { ok: ['✓', 'good'], warning: ['!', 'warn'], failed: ['✖', 'bad'], skipped: ['○', 'dim'] } as const;

export function stepText(step: DoctorStep, style: Style): string {
  const [glyph, paint] = MARKS[step.outcome];
  const where = [step.host, step.server].filter((name) => name !== undefined).join('/');
  const took = step.durationMs >= 1 ? style.dim(` ${durationText(step.durationMs)}`) : '';
  const head = `${style[paint](glyph)} ${step.check.padEnd(10)} ${where === '' ? '' : `${style.bold(where)}: `}${messageAt(where, step.text)}${took}\n`;
  return step.cause === undefined ? head : head + causeText(step.cause, step.text, style);
}

function causeText(cause: ErrorReport, shown: string, style: Style): string {
  const why = [...(shown.includes(cause.message) ? [] : [cause.message]), ...(cause.evidence ?? [])];
  const lines = why.flatMap((text) => harmless(text).trimEnd().split('\n'));
  return [
    ...lines.map((line, index) => `    ${index === 0 ? style.dim('Why:') : '    '} ${line}\n`),
    `    ${style.dim('Fix:')} ${fixOf(cause, style)}\n`,
  ].join('');
}

/** The hint without the command that the person has just run, where it has another one. */
function fixOf(cause: ErrorReport, { program }: Style): string {
  const next = nextStep(cause, program);
  const steps = next.split('; ').filter((step) => !step.startsWith(`${program} doctor`));
  return steps.length === 0 ? next : steps.join('; ');
}

function summary(steps: readonly DoctorStep[], style: Style): string {
  const count = (outcome: DoctorStep['outcome']): number => steps.filter((step) => step.outcome === outcome).length;
  const failed = count('failed');
  const warnings = count('warning');
  if (failed + warnings === 0) return style.good(`\nAll ${counted(count('ok'), 'check')} passed.\n`);
  return `\n${String(count('ok'))} passed, ${String(failed)} failed, ${counted(warnings, 'warning')}, ${String(count('skipped'))} not tried.\n`;
}
