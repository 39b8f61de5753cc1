/** The keys that the foot reminds of. */
import { type Model, topOverlay, type ViewName } from '../model/model.ts';

const OF_VIEW: Readonly<Record<ViewName, string>> = {
  hosts: '⏎ open  / filter  s sort  r reconnect  R restart  l logs  x explain  ? help  q quit',
  servers: '⏎ open  / filter  s sort  R restart  e on/off  l logs  x explain  ? help  q quit',
  tools: '⏎ open  t test  / filter  s sort  L list anew  l logs  c copy  ? help  q quit',
  live: '⏎ open  K cancel  / filter  s sort  l logs  ? help  q quit',
  logs: 'f follow  w wrap  v stream  e level  / search  l all  ? help  q quit',
  stats: 'w hour/day  b by  s sort  / filter  ? help  q quit',
};

export function keysOf(model: Model): string {
  const overlay = topOverlay(model);
  switch (overlay?.kind) {
    case undefined:
      return narrowed(OF_VIEW[model.view], model.columns);
    case 'confirm':
      return `y yes  n no${overlay.command === undefined ? '' : '  c copy the command'}`;
    case 'form':
      return 'Tab next  Ctrl-S call  Esc back';
    case 'prompt':
      return '⏎ answer  Esc later  Ctrl-D decline';
    case 'details':
      return narrowed('Esc back  j k scroll  R restart  l logs  x explain  c copy', model.columns);
    default:
      return 'Esc back  j k scroll  c copy';
  }
}

/** Whole hints only; the way to all of them stays. */
function narrowed(text: string, columns: number): string {
  if (text.length <= columns) return text;
  const hints = text.split('  ').filter((hint) => hint !== '? help' && hint !== 'q quit');
  const always = '? help  q quit';
  let shown = '';
  for (const hint of hints) {
    if (shown.length + hint.length + 2 + always.length > columns) break;
    shown += `${hint}  `;
  }
  return shown + always;
}
