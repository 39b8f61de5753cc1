/** What the mouse does: it chooses a tab or a line, opens the chosen line, and scrolls. */
import type { Mouse } from './key.ts';
import { layoutOf, listTop } from './layout.ts';
import { listOf, type Model, type Overlay, type Step, step, topOverlay } from './model.ts';
import { movedBy, movedTo, performed } from './perform.ts';
import { type Page, scrolled } from './press-overlay.ts';
import { tabsOf } from './tabs.ts';

const WHEEL_ROWS = 3;
const TAB_ROW = 1;

export function pointed(model: Model, mouse: Mouse): Step {
  const overlay = topOverlay(model);
  if (mouse.action !== 'press') {
    const rows = mouse.action === 'wheel-down' ? WHEEL_ROWS : -WHEEL_ROWS;
    if (overlay === undefined) return step(movedBy(model, rows));
    return step(isPage(overlay) ? scrolled(model, overlay, rows) : model);
  }
  // A question, a form or a page below the pointer has no lines to choose.
  if (overlay !== undefined) return step(model);
  return mouse.row === TAB_ROW ? onTab(model, mouse.column) : onLine(model, mouse);
}

function isPage(overlay: Overlay): overlay is Page {
  return 'scroll' in overlay;
}

function onTab(model: Model, column: number): Step {
  const tab = tabsOf(model).find(({ from, to }) => column >= from && column < to);
  return tab === undefined ? step(model) : performed(model, tab.view);
}

/** A press on the chosen line opens the line. */
function onLine(model: Model, { row, column }: Mouse): Step {
  const { list, listColumns } = layoutOf(model);
  const at = row - listTop(model);
  if (model.view === 'logs' || at < 0 || at >= list || column >= listColumns) return step(model);
  const { top, index } = listOf(model);
  const wanted = top + at;
  if (wanted >= model.items.length) return step(model);
  return wanted === index ? performed(model, 'open') : step(movedTo(model, wanted));
}
