/** The second half of a split view: what is wrong with the selected item, its last calls, and its log as lines arrive. */
import type { PaneLayout } from './layout.ts';
import { type Item, type Model, selectedItem } from './model.ts';
import { placeOf, targetOf } from './place.ts';
import { causeOf, stripOf } from './strip.ts';
import { fit, type Look, line, plain, type SpanLine, span, widthOf, wrapLine } from './text.ts';
import { ageText, clockText, durationText, nextStep } from './words.ts';
import { type EndedCall, isSamePlace, isWithin, membersOf } from './world.ts';

/** The most calls that are shown. The log gets the rest of the rows. */
const CALLS = 6;

/** The title and every row of the pane. */
export function paneRows(model: Model, { rows, columns }: PaneLayout): readonly SpanLine[] {
  const item = selectedItem(model);
  const title = item === undefined ? '' : plain(titleOf(item));
  const rule = '─'.repeat(Math.max(0, columns - widthOf(title) - 4));
  const head = [span('── ', 'dim'), span(title, 'bold'), span(` ${rule}`, 'dim')];
  const about = item === undefined ? [] : aboutRows(model, item, columns);
  const calls = item === undefined ? [] : callRows(model, item, Math.max(1, Math.min(CALLS, Math.floor(rows / 4))));
  const used = [head, ...about, ...calls];
  const log = item === undefined ? [] : logRows(model, item, Math.max(0, rows - used.length));
  const all = [...used, ...log].slice(0, rows);
  return [...all, ...Array.from({ length: rows - all.length }, (): SpanLine => [])];
}

function titleOf(item: Item): string {
  return item.kind === 'tool' ? item.key : targetOf(item);
}

/** The facts, then the cause and the next command in full. */
function aboutRows(model: Model, item: Item, columns: number): readonly SpanLine[] {
  const [facts, said] = stripOf(model, item);
  const cause = causeOf(item);
  if (cause === undefined) return [facts, ...(said.length === 0 ? [] : [said])];
  const why: SpanLine = [span(' why   ', 'dim'), span(`${plain(cause.message)} (${cause.code})`, 'warn')];
  const next: SpanLine = [span(' next  ', 'dim'), span(nextStep(cause, model.program), 'accent')];
  return [facts, ...[why, next].flatMap((each) => wrapLine(each, Math.max(1, columns)))];
}

const OUTCOMES: Readonly<Record<EndedCall['outcome'], Look>> = {
  ok: 'good',
  'tool-error': 'warn',
  error: 'bad',
  cancelled: 'dim',
};

/** Running calls, then those that ended last. */
function callRows(model: Model, item: Item, count: number): readonly SpanLine[] {
  const { world, nowMs } = model;
  const isOwn = ownCalls(item);
  const running = world.calls.filter(isOwn).map((call): SpanLine => {
    const age = ageText(Math.max(0, nowMs - call.startedMs));
    return [span(` ${clockText(call.startedMs)} `, 'dim'), span(`◐ ${age} `, 'warn'), span(plain(call.tool))];
  });
  const ended = world.ended
    .filter(isOwn)
    .slice(-count)
    .map(
      (call): SpanLine => [
        span(` ${clockText(call.atMs)} `, 'dim'),
        span(`${call.outcome} `, OUTCOMES[call.outcome]),
        span(plain(call.tool)),
        span(`  ${durationText(call.durationMs)}`, 'dim'),
      ],
    );
  const shown = [...running, ...ended.toReversed()].slice(0, count);
  return shown.length === 0
    ? [line(' calls  none since the dashboard opened', 'dim')]
    : [line(' calls', 'dim'), ...shown];
}

function ownCalls(
  item: Item,
): (call: { readonly host: string; readonly server: string; readonly tool: string }) => boolean {
  if (item.kind !== 'tool') return (call) => isWithin(placeOf(item), call);
  const members = membersOf(item.tool);
  return (call) => members.includes(`${call.host}/${call.server}`) && call.tool === item.tool.original;
}

function logRows({ world }: Model, item: Item, count: number): readonly SpanLine[] {
  if (count < 2) return [];
  const isLoaded = isSamePlace(world.aside?.of, placeOf(item));
  const lines = isLoaded ? (world.aside?.lines ?? []) : [];
  const isOneServer = placeOf(item).server !== undefined;
  const shown = lines.slice(1 - count).map((entry): SpanLine => {
    const place = isOneServer ? [] : [span(`${fit(plain(entry.server ?? ''), 10)} `, 'accent')];
    return [span(` ${clockText(entry.atMs)} `, 'dim'), ...place, span(plain(entry.line))];
  });
  if (shown.length === 0) return [line(isLoaded ? ' log  empty' : ' log  loading …', 'dim')];
  return [line(' log', 'dim'), ...shown];
}
