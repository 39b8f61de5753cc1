/** `doctor [host] [--fix]`: checks every step from this machine to each server's initialize, and prints cause and fix. */

import type { DoctorFix, DoctorStep } from '../api/control.ts';
import { AnywhereError, asAnywhereError, type ErrorCode, EXIT, type ExitCode, reportOf } from '../base/errors.ts';
import type { ControlClient, QuestionHandler } from '../control/client.ts';
import type { Finding } from '../setup/self-check.ts';
import { answerQuestion, confirmed } from './ask.ts';
import { type CliContext, isInteractive } from './context.ts';
import { fixedText, summary } from './doctor-text.ts';
import type { DoctorView } from './doctor-view.ts';
import { combinedExit, exitOf, formatError } from './report.ts';
import { withAny } from './session.ts';

export interface DoctorOptions {
  readonly fix: boolean;
  /** Asks npm whether a newer version is out. */
  readonly check: boolean;
  /** Every step, also on a terminal. */
  readonly verbose: boolean;
}

interface Examining {
  readonly context: CliContext;
  readonly view: DoctorView;
}

export async function runDoctor(
  context: CliContext,
  host: string | undefined,
  { fix, check, verbose }: DoctorOptions,
): Promise<ExitCode> {
  const { createView } = await import('./doctor-view.ts');
  const run = { context, view: createView(context, verbose) };
  const fixed: DoctorFix[] = [];
  const steps = await stopped(run, async () => {
    const version = check ? [await examineVersion(run)] : [];
    const local = host === undefined ? await examineHere(run, fix ? fixed : undefined) : [];
    // Under --fix a passphrase is given to the agent, and not to this one connection.
    const there = await examine(run, host, fix ? declining : undefined);
    const again = fix ? await addKeys(run, there, fixed) : [];
    return renewed([...version, ...local, ...there], again);
  });
  run.view.end(steps);
  const last = fix ? steps : await offered(run, steps);
  if (context.globals.json) context.out.json<'doctor'>({ steps, ...(fix ? { fixed } : {}) });
  else context.out.write(summary(last, context.style) + (fix ? fixedText(steps, fixed) : ''));
  return doctorExit(last);
}

/** Shows what was found so far where the person stops the examination. */
async function stopped<T>({ view }: Examining, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    view.end();
    throw error;
  }
}

/** The steps with those of hosts that were examined again. */
function renewed(steps: readonly DoctorStep[], again: readonly DoctorStep[]): readonly DoctorStep[] {
  const isOld = (step: DoctorStep): boolean => step.host !== undefined && again.some((one) => one.host === step.host);
  return [...steps.filter((step) => !isOld(step)), ...again.filter(({ host }) => host !== undefined)];
}

/** Offers a person the fixes that need a person, and examines those hosts again. */
async function offered(run: Examining, steps: readonly DoctorStep[]): Promise<readonly DoctorStep[]> {
  const { context } = run;
  if (context.globals.json || !isInteractive(context.io) || !context.io.stdout.isTTY) return steps;
  const again: DoctorStep[] = [];
  for (const { host } of steps.filter(({ cause }) => cause?.code === 'HOST_KEY_UNKNOWN'))
    if (host !== undefined && (await isTrusted(context, host))) again.push(...(await examine(run, host)));
  const left = renewed(steps, again);
  const locked = left.filter((step) => lacksKey(step) && left.some(({ host, sshAdd }) => sshAdd && host === step.host));
  const names = locked.map(({ host = '' }) => host).join(', ');
  if (locked.length > 0 && (await confirmed(context, `Add the keys for ${names} to the ssh agent now? [y/N]`)))
    again.push(...(await addKeys(run, left, [])));
  if (again.length > 0) run.view.end(again.filter(({ host }) => host !== undefined));
  return renewed(steps, again);
}

/** Asks, and lets the person compare the fingerprints. */
async function isTrusted(context: CliContext, host: string): Promise<boolean> {
  if (!(await confirmed(context, `Trust ${host} now? [y/N]`))) return false;
  const { runTrust } = await import('./trust.ts');
  try {
    await runTrust(context, host, { fingerprint: [], yes: false });
    return true;
  } catch (thrown) {
    context.io.signal.throwIfAborted();
    // Declined, or a key that must not be trusted: the examination itself has gone well.
    context.out.note(formatError(reportOf(asAnywhereError(thrown)), context.style));
    return false;
  }
}

async function examineVersion({ context, view }: Examining): Promise<DoctorStep> {
  const { versionStep } = await import('./updates.ts');
  const step = await versionStep(context);
  view.step(step);
  return step;
}

/** This machine: node, ssh, agent, our files, the daemons, and the entries of AI clients. @param fixed absent: nothing is changed */
async function examineHere(
  { context, view }: Examining,
  fixed: DoctorFix[] | undefined,
): Promise<readonly DoctorStep[]> {
  const { localFindings } = await import('./local-findings.ts');
  const steps: DoctorStep[] = [];
  for (const found of await localFindings(context)) {
    const step = fixed === undefined ? found.step : await mended(context, found, fixed);
    steps.push(step);
    view.step(step);
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
  run: Examining,
  steps: readonly DoctorStep[],
  fixed: DoctorFix[],
): Promise<readonly DoctorStep[]> {
  const again: DoctorStep[] = [];
  const tried = new Map<string, boolean>();
  for (const { host, cause } of steps.filter(lacksKey)) {
    if (host === undefined) continue;
    const wanted = steps.find((step) => step.host === host && step.sshAdd !== undefined)?.sshAdd;
    let isBetter = cause?.code === 'NO_TTY' && isInteractive(run.context.io);
    for (const key of wanted?.keys ?? []) {
      const isAdded = tried.get(key) ?? (await sshAddKey(run, key, wanted?.agent));
      if (isAdded && !tried.has(key)) fixed.push({ check: 'agent', host, text: `added ${key} to the agent` });
      tried.set(key, isAdded);
      isBetter ||= isAdded;
    }
    if (isBetter) again.push(...(await examine(run, host)));
  }
  return again;
}

/** ssh-add asks for the passphrase in the terminal. Without one only keys without a passphrase can be added. */
async function sshAddKey({ context, view }: Examining, key: string, agent: string | undefined): Promise<boolean> {
  const { io, out } = context;
  out.clear();
  const { addKey } = await import('../setup/self-check.ts');
  const asking = { isInteractive: isInteractive(io), signal: io.signal };
  return await view.quiet(() => addKey(key, { ...io.env, SSH_AUTH_SOCK: agent }, asking));
}

const declining: QuestionHandler = () => Promise.resolve(undefined);

async function examine(
  { context, view }: Examining,
  host: string | undefined,
  answers = asking(context, view),
): Promise<readonly DoctorStep[]> {
  const work = async (client: ControlClient): Promise<readonly DoctorStep[]> => {
    const listening = [
      client.on('doctor/step', (step) => {
        view.step(step);
      }),
      client.on('doctor/wait', (wait) => {
        view.wait(wait);
      }),
    ];
    try {
      return (await client.request('doctor', host === undefined ? {} : { host }, context.io.signal)).steps;
    } finally {
      for (const stop of listening) stop();
    }
  };
  try {
    return await withAny(context, work, answers);
  } catch (error) {
    const failed = configStep(error);
    view.step(failed);
    return [failed];
  }
}

/** Undefined without a person. */
function asking(context: CliContext, view: DoctorView): QuestionHandler | undefined {
  if (!isInteractive(context.io)) return undefined;
  return (question, settled) => view.quiet(() => answerQuestion(context, question, settled));
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
