/** The command that does the same as the dashboard. */
import { shellWord } from '../base/shell-word.ts';
import { filled } from './form.ts';
import { type Item, type Model, type Step, selectedItem, step, topOverlay } from './model.ts';

export function equivalentCommand(model: Model): string {
  return command(model, ...(overlayWords(model) ?? viewWords(model)));
}

export function command({ program }: Pick<Model, 'program'>, ...words: readonly string[]): string {
  return [program, ...words.map(shellWord)].join(' ');
}

/** Copies the command to the clipboard. */
export function copied(model: Model, text = equivalentCommand(model)): Step {
  return step({ ...model, notice: { text: `copied: ${text}`, look: 'accent' } }, { do: 'copy', text });
}

function overlayWords(model: Model): readonly string[] | undefined {
  const overlay = topOverlay(model);
  if (overlay?.kind === 'explanation') return ['explain', overlay.subject];
  if (overlay?.kind !== 'form') return undefined;
  const given = filled(overlay.form);
  if (!given.ok || Object.keys(given.args).length === 0) return ['call', overlay.form.tool];
  return ['call', overlay.form.tool, '--json-args', JSON.stringify(given.args)];
}

function viewWords(model: Model): readonly string[] {
  const { host, server } = model.logs;
  switch (model.view) {
    case 'logs':
      return ['logs', ...(host === undefined ? [] : [server === undefined ? host : `${host}/${server}`]), '-f'];
    case 'stats':
      return ['stats', '--by', model.stats.by, '--window', model.stats.window];
    default:
      return itemWords(selectedItem(model));
  }
}

function itemWords(item: Item | undefined): readonly string[] {
  if (item?.kind === 'tool') return ['call', item.key];
  if (item?.kind !== 'host' && item?.kind !== 'server') return ['status'];
  const { cause } = item.kind === 'host' ? item.host : item.server;
  return [cause === undefined ? 'tools' : 'explain', item.key];
}
