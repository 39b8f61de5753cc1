/** What a machine says about its clock and its disks: the program that asks, and what the answer means. */
import { finished } from 'node:stream/promises';
import type { DoctorStep } from '../api/control.ts';
import { deadline, orAbort } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { durationText } from '../base/duration.ts';
import { AnywhereError, type ErrorCode, reportOf } from '../base/errors.ts';
import { shellWord } from '../base/shell-word.ts';
import type { HostPlan } from '../config/plan.ts';
import type { Launch } from '../launch/contract.ts';
import type { Link } from '../link/contract.ts';
import { sshLine } from '../ssh/config.ts';
import { eachLine } from '../upstream/stderr-lines.ts';

/** Waits for a line, so that the answer also tells the round trip. A network folder can hold `df` up, so `df` comes last. */
const SCRIPT = 'read -r _;date +%s;LC_ALL=C df -Pk "$HOME" /tmp 2>/dev/null;echo end';
export const ASK_FACTS: Launch = { command: 'sh', args: ['-c', SCRIPT], env: new Map(), cwd: undefined };

export interface Disk {
  /** Where the disk is mounted. */
  readonly path: string;
  readonly freeBytes: number;
}

export interface HostFacts {
  readonly rttMs: number | undefined;
  /** Positive: the machine's clock is ahead of ours. Exact to a second. */
  readonly clockMs: number | undefined;
  readonly disks: readonly Disk[];
  /** False where `df` did not come to its end in time. */
  readonly isWhole: boolean;
}

/** When the question left, when the first line of the answer came, and our wall clock then. */
export interface Timing {
  readonly askedMs: number;
  readonly answeredMs: number;
  readonly nowMs: number;
}

/** A time, a heading and two disks. */
const MOST_LINES = 20;

/** Rejects only where the connection fails. */
export async function askFacts(
  link: Link,
  { clock, limitMs }: { readonly clock: Clock; readonly limitMs: number },
  signal: AbortSignal,
): Promise<HostFacts> {
  const said: string[] = [];
  let timing: Timing | undefined;
  const channel = await orAbort(link.open(ASK_FACTS, signal), signal, (late) => {
    late.close();
  });
  const limit = deadline(clock, limitMs, () => new Error('late'), signal);
  try {
    channel.input.on('error', () => undefined);
    channel.errors.resume();
    await orAbort(channel.started, limit.signal);
    const askedMs = clock.monotonic();
    eachLine(channel.output, (line) => {
      timing ??= { askedMs, answeredMs: clock.monotonic(), nowMs: clock.now() };
      if (said.length < MOST_LINES) said.push(line);
    });
    channel.input.write('\n');
    await orAbort(Promise.all([channel.ended, finished(channel.output)]), limit.signal);
  } catch {
    // What was said until now counts; a lost connection is the finding of other steps.
    signal.throwIfAborted();
  } finally {
    limit.clear();
    channel.close();
  }
  return factsIn(said, timing);
}

/** @param timing undefined where no line came */
export function factsIn([time = '', ...lines]: readonly string[], timing: Timing | undefined): HostFacts {
  if (timing === undefined) return { rttMs: undefined, clockMs: undefined, disks: [], isWhole: false };
  const rttMs = Math.round(timing.answeredMs - timing.askedMs);
  // The machine read its clock about half a round trip ago, and says whole seconds.
  const clockMs = /^\d{9,12}$/.test(time) ? Number(time) * 1000 + 500 - (timing.nowMs - rttMs / 2) : undefined;
  const disks = lines.flatMap(diskIn);
  const isFirst = (disk: Disk, index: number): boolean => disks.findIndex(({ path }) => path === disk.path) === index;
  return { rttMs, clockMs, disks: disks.filter(isFirst), isWhole: lines.includes('end') };
}

/** A line of `df -Pk` (POSIX): device, blocks of 1 KiB, used, available, capacity, mount point. */
function diskIn(line: string): Disk[] {
  const [, available, path] = /\s-?\d+\s+-?\d+\s+(-?\d+)\s+\S+\s+(\/.*)$/.exec(line) ?? [];
  return available === undefined || path === undefined ? [] : [{ path, freeBytes: Number(available) * 1024 }];
}

/** Certificates and tokens are refused, and logs are hard to compare, from about here on. */
const MOST_CLOCK_MS = 60_000;
const LEAST_FREE_BYTES = 100 * 1024 * 1024;

/** One line for all facts, and a finding for each that hinders. */
export function factSteps({ name, ssh }: HostPlan, facts: HostFacts): readonly DoctorStep[] {
  const place = { host: name, check: 'machine', durationMs: 0 } as const;
  const { clockMs, disks } = facts;
  const rttMs = ssh === undefined ? undefined : facts.rttMs;
  const parts = [
    ...(rttMs === undefined ? [] : [`round trip ${durationText(rttMs)}`]),
    ...(clockMs === undefined ? [] : [clockText(clockMs)]),
    ...disks.map(({ path, freeBytes }) => `${sizeText(freeBytes)} free at ${path}`),
  ];
  const measured = {
    ...(rttMs === undefined ? {} : { rttMs }),
    ...(clockMs === undefined ? {} : { clockMs: Math.round(clockMs) }),
    disks: disks.map((disk) => ({ ...disk })),
  };
  const stuck =
    facts.isWhole || clockMs === undefined
      ? []
      : [`${name} did not say in time how full its disks are: a network folder there may no longer answer`];
  const finding = (code: ErrorCode, text: string, hint: string): DoctorStep => ({
    ...place,
    outcome: 'warning',
    text,
    cause: reportOf(new AnywhereError(code, text, { host: name, hint })),
  });
  return [
    { ...place, outcome: 'ok', text: parts.length === 0 ? 'said nothing about itself' : parts.join(', '), measured },
    ...stuck.map((text) => finding('HOST_TIMEOUT', text, onMachine(ssh, ['df']))),
    ...(clockMs === undefined || Math.abs(clockMs) < MOST_CLOCK_MS
      ? []
      : [finding('CLOCK_WRONG', `the ${clockText(clockMs)}`, 'set the clock of both machines by NTP: timedatectl')]),
    ...disks
      .filter(({ freeBytes }) => freeBytes < LEAST_FREE_BYTES)
      .map(({ path, freeBytes }) => {
        const text = `only ${sizeText(freeBytes)} are free at ${path}`;
        return finding('DISK_FULL', text, `free some space: ${onMachine(ssh, ['du', '-xh', '-d', '2', path])}`);
      }),
  ];
}

/** The command line that runs a program on a machine, or here where there is no ssh. */
function onMachine(ssh: HostPlan['ssh'], program: readonly string[]): string {
  return ssh === undefined ? program.map(shellWord).join(' ') : sshLine(ssh, { program });
}

function clockText(clockMs: number): string {
  const seconds = Math.round(Math.abs(clockMs) / 1000);
  // The answer holds whole seconds.
  if (seconds <= 1) return 'clock as here';
  return `clock is ${durationText(seconds * 1000)} ${clockMs > 0 ? 'ahead of' : 'behind'} the one here`;
}

export function sizeText(bytes: number): string {
  const mebibytes = bytes / 1024 / 1024;
  return mebibytes < 1024
    ? `${Math.floor(mebibytes)} MiB`
    : `${(mebibytes / 1024).toFixed(mebibytes < 10240 ? 1 : 0)} GiB`;
}
