/** `doctor` as a picture: while it looks, a line for each host; in the end, a block for each, with what passed folded. */
import type { DoctorStep, DoctorWait } from '../api/control.ts';
import { counted } from '../base/counted.ts';
import { oneLine } from '../base/harmless.ts';
import { cut, widthOf } from '../model/text.ts';
import { durationText, messageAt } from '../model/words.ts';
import { MARKS, reasonLines } from './doctor-text.ts';
import type { Style } from './style.ts';
import { wrappedBy } from './wrap.ts';

/** A step under way. */
export interface Waiting extends DoctorWait {
  readonly sinceMs: number;
}

export interface Screen {
  readonly columns: number;
  readonly rows: number;
}

/** More hosts that passed take one line together. */
const MOST_PASSED = 8;
const NATURAL = new Intl.Collator('en', { numeric: true });
/** This machine itself: the steps without a host. */
const HERE = 'this machine';

/** What the examination waits for, in at most as many rows as the screen has. */
export function livePicture(
  steps: readonly DoctorStep[],
  waits: readonly Waiting[],
  { columns, rows }: Screen,
  nowMs: number,
  style: Style,
): readonly string[] {
  const blocks = blocksOf(steps);
  const failing = blocks.filter(({ worst }) => worst === 'failed');
  const waiting = new Map<string, Waiting[]>();
  for (const wait of waits) waiting.set(wait.host, [...(waiting.get(wait.host) ?? []), wait]);
  const done = blocks.filter(({ name, worst }) => worst !== 'failed' && !waiting.has(name)).length;
  const oldest = (host: string): number => Math.min(...(waiting.get(host) ?? []).map(({ sinceMs }) => sinceMs));
  const hosts = [...waiting.keys()].sort((one, other) => oldest(one) - oldest(other));
  const room = Math.max(1, rows - 2);
  // What is waited for keeps a half of the screen.
  const named = failing.slice(0, Math.max(Math.floor(room / 2), room - hosts.length));
  const lines = [
    ...named.map((block) => mark('failed', failureText(block), columns, style)),
    ...hosts.map((host) => `${style.warn('◐')} ${cut(waitText(waiting.get(host) ?? [], nowMs), columns - 3)}`),
  ];
  const head = `${done} passed, ${hosts.length} under way, ${failing.length} failed`;
  const isWhole = failing.length + hosts.length <= room;
  const shown = isWhole ? lines : lines.slice(0, room - 1);
  const hidden = failing.length + hosts.length - shown.length;
  const more = hidden === 0 ? [] : [style.dim(cut(`  … and ${hidden} more`, columns - 1))];
  return [style.dim(cut(head, columns - 1)), ...shown, ...more];
}

function failureText({ name, troubles }: Block): string {
  const failed = troubles.find(({ outcome }) => outcome === 'failed');
  return failed === undefined ? name : `${name}: ${failed.check}: ${messageAt(whereOf(failed), failed.text)}`;
}

/** `gpu1/noise, 23 s of 60`: the step that has waited longest. */
function waitText(waits: readonly Waiting[], nowMs: number): string {
  const [first, ...others] = [...waits].sort((one, other) => one.sinceMs - other.sinceMs);
  if (first === undefined) return '';
  const { host, server, check, limitMs, sinceMs } = first;
  const what = server === undefined ? `${host} ${check}` : `${host}/${server}`;
  const time = `${Math.floor((nowMs - sinceMs) / 1000)} s of ${Math.round(limitMs / 1000)}`;
  return oneLine(`${what}, ${time}${others.length === 0 ? '' : `, and ${others.length} more`}`);
}

/** What was found: hosts that passed in a line each or together, then the troubles, each cause once. */
export function reportPicture(steps: readonly DoctorStep[], columns: number, style: Style): string {
  // Not in the order of their answers, which differs each time.
  const blocks = blocksOf(steps).sort(byName);
  const passed = blocks.filter(({ worst }) => worst === 'ok');
  const troubled = grouped(blocks.filter(({ worst }) => worst !== 'ok'));
  return [...passedLines(passed, columns, style), ...troubled.flatMap((group) => troubleLines(group, columns, style))]
    .map((line) => `${line}\n`)
    .join('');
}

interface Block {
  readonly name: string;
  readonly steps: readonly DoctorStep[];
  readonly troubles: readonly DoctorStep[];
  readonly worst: 'ok' | 'warning' | 'failed';
}

function blocksOf(steps: readonly DoctorStep[]): Block[] {
  const byName = new Map<string, DoctorStep[]>();
  for (const step of steps) {
    const name = step.host ?? HERE;
    byName.set(name, [...(byName.get(name) ?? []), step]);
  }
  return [...byName].map(([name, own]) => {
    const troubles = own.filter(isTrouble);
    const worst = troubles.some(({ outcome }) => outcome === 'failed') ? 'failed' : 'warning';
    return { name, steps: own, troubles, worst: troubles.length === 0 ? 'ok' : worst };
  });
}

function byName(one: Block, other: Block): number {
  if (one.name === HERE || other.name === HERE) return one.name === HERE ? -1 : 1;
  return NATURAL.compare(one.name, other.name);
}

function isTrouble({ outcome }: DoctorStep): boolean {
  return outcome === 'failed' || outcome === 'warning';
}

function passedLines(passed: readonly Block[], columns: number, style: Style): readonly string[] {
  const here = passed.filter(({ name }) => name === HERE);
  const hosts = passed.filter(({ name }) => name !== HERE);
  if (hosts.length <= MOST_PASSED) return passed.map((block) => mark('ok', passedText(block), columns, style));
  const names = hosts.map(({ name }) => name).join(', ');
  return [
    ...here.map((block) => mark('ok', passedText(block), columns, style)),
    mark('ok', `${counted(hosts.length, 'host')} passed: ${names}`, columns, style),
  ];
}

function passedText({ name, steps }: Block): string {
  const servers = steps.filter(({ check, outcome }) => check === 'server' && outcome === 'ok').length;
  const skipped = steps.filter(({ outcome }) => outcome === 'skipped').length;
  const took = Math.max(...steps.map(({ durationMs }) => durationMs));
  return [
    `${name}: ${counted(steps.length - skipped, 'check')} passed`,
    ...(servers === 0 ? [] : [counted(servers, 'server')]),
    ...(skipped === 0 ? [] : [`${skipped} not tried`]),
    ...(took < 100 ? [] : [durationText(took)]),
  ].join(', ');
}

function mark(outcome: DoctorStep['outcome'], text: string, columns: number, style: Style): string {
  const [glyph, paint] = MARKS[outcome];
  return `${style[paint](glyph)} ${cut(oneLine(text), columns - 3)}`;
}

interface Group {
  readonly block: Block;
  /** Other hosts with the same troubles. */
  readonly same: readonly string[];
}

function grouped(blocks: readonly Block[]): readonly Group[] {
  const groups = new Map<string, Block[]>();
  for (const block of blocks) {
    const key = block.troubles.map((step) => `${step.server ?? ''} ${keyOf(step, block.name)}`).join('\n');
    groups.set(key, [...(groups.get(key) ?? []), block]);
  }
  return [...groups.values()].flatMap(([block, ...others]) =>
    block === undefined ? [] : [{ block, same: others.map(({ name }) => name) }],
  );
}

/** Equal for steps with the same trouble, wherever it is. */
function keyOf(step: DoctorStep, name: string): string {
  const { check, outcome, text, cause } = step;
  return JSON.stringify([check, outcome, cause?.code, messageAt(whereOf(step), text).replaceAll(name, '*')]);
}

function whereOf({ host, server }: DoctorStep): string {
  return [host, server].filter((part) => part !== undefined).join('/');
}

function troubleLines({ block, same }: Group, columns: number, style: Style): readonly string[] {
  const { name, steps, troubles, worst } = block;
  const byCause = new Map<string, DoctorStep[]>();
  for (const step of troubles) {
    const key = keyOf(step, whereOf(step));
    byCause.set(key, [...(byCause.get(key) ?? []), step]);
  }
  const passed = steps.filter(({ outcome }) => outcome === 'ok').length;
  const skipped = steps.filter(({ outcome }) => outcome === 'skipped').length;
  const folded = [
    ...(passed === 0 ? [] : [`${passed} passed`]),
    ...(skipped === 0 ? [] : [`${skipped} not tried`]),
  ].join(', ');
  const also = same.length === 0 ? [] : wrapped(`  the same: ${same.map(oneLine).join(', ')}`, columns, 4);
  return [
    `${mark(worst, name, columns, style)}${folded === '' ? '' : style.dim(cut(`  ${folded}`, columns - widthOf(name) - 3))}`,
    ...[...byCause.values()].flatMap((alike) => findingLines(alike, columns, style)),
    ...also,
  ];
}

/** @param alike steps with one cause, of several servers */
function findingLines(alike: readonly DoctorStep[], columns: number, style: Style): readonly string[] {
  const [step] = alike;
  if (step === undefined) return [];
  const servers = alike.flatMap(({ server }) => server ?? []);
  const [glyph, paint] = MARKS[step.outcome];
  const what = servers.length === 0 ? step.check : servers.map(oneLine).join(', ');
  const head = `  ${style[paint](glyph)} ${style.bold(what)}: ${messageAt(whereOf(step), step.text)}`;
  return [
    ...wrapped(head, columns, 6),
    ...reasonLines(step, style).flatMap((line) => wrapped(`    ${line}`, columns, 9)),
  ];
}

/** One column stays free, because a full row would move the cursor. @param indent of the rows after the first */
function wrapped(line: string, columns: number, indent: number): readonly string[] {
  return wrappedBy(line, columns - 1, indent).split('\n');
}
