/** The command that does or shows what the dashboard does or shows. */
import { filled } from './form.ts';
import { type Model, selectedItem, topOverlay } from './model.ts';

/** Undefined: there is none. */
export function equivalentCommand(model: Model): string | undefined {
  const words = overlayWords(model) ?? viewWords(model);
  return words === undefined ? undefined : command(model, ...words);
}

export function command({ program }: Pick<Model, 'program'>, ...words: readonly string[]): string {
  return [program, ...words.map(quoted)].join(' ');
}

/** For a POSIX shell; what can stand as it is stands as it is. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function overlayWords(model: Model): readonly string[] | undefined {
  const overlay = topOverlay(model);
  switch (overlay?.kind) {
    case 'explanation':
      return ['explain', overlay.subject];
    case 'form': {
      const given = filled(overlay.form);
      if (!given.ok || Object.keys(given.args).length === 0) return ['call', overlay.form.tool];
      return ['call', overlay.form.tool, '--json-args', JSON.stringify(given.args)];
    }
    default:
      return undefined;
  }
}

function viewWords(model: Model): readonly string[] | undefined {
  const item = selectedItem(model);
  switch (model.view) {
    case 'logs': {
      const { host, server } = model.logs;
      return ['logs', ...(host === undefined ? [] : [server === undefined ? host : `${host}/${server}`]), '-f'];
    }
    case 'live':
      return ['status'];
    case 'stats':
      return ['stats', '--by', model.stats.by, '--window', model.stats.window];
    default:
      return item === undefined ? ['status'] : itemWords(item);
  }
}

function itemWords(item: NonNullable<ReturnType<typeof selectedItem>>): readonly string[] {
  if (item.kind === 'host') return item.host.cause === undefined ? ['tools', item.key] : ['explain', item.key];
  if (item.kind === 'server') return item.server.cause === undefined ? ['tools', item.key] : ['explain', item.key];
  return item.kind === 'tool' ? ['call', item.key] : ['status'];
}
