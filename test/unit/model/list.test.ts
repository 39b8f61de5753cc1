/** Filter, trouble, palette, split view and mouse of the dashboard's lists. */
import { describe, expect, it } from 'vitest';
import { ACTIONS, clashOf, withKeys } from '../../../src/model/actions.ts';
import { layoutOf } from '../../../src/model/layout.ts';
import { listOf, selectedItem } from '../../../src/model/model.ts';
import { paneRows } from '../../../src/model/pane.ts';
import type { SpanLine } from '../../../src/model/text.ts';
import { CAUSE, host, keysOf, NOW_MS, server, Trial, tool } from '../dashboard/kit.ts';

const WAITING = { state: 'waiting', cause: CAUSE } as const;

describe('the filter of a list', () => {
  it('searches every column: state, figures and reasons', () => {
    const trial = new Trial().sees(host('gpu1', { rttMs: 12 }), host('nas', WAITING));
    expect(keysOf(trial.types('/retry'))).toEqual(['nas']);
    expect(keysOf(trial.types('\x1512ms'))).toEqual(['gpu1']);
    expect(keysOf(trial.types('\x15route'))).toEqual(['nas']);
    expect(keysOf(trial.types('\x15!retry'))).toEqual(['gpu1']);
  });

  it('shows names that match first, and counts what it hides', () => {
    const inText = tool('a__files__read', {}, { description: 'like git show' });
    const trial = new Trial().sees(host('a')).types('3');
    trial.tell({ type: 'tools', tools: [inText, tool('b__git__log'), tool('c__x__y')] });
    expect(keysOf(trial.types('/git'))).toEqual(['b__git__log', 'a__files__read']);
    expect([trial.model.items.length, trial.model.total]).toEqual([2, 3]);
  });

  it('keeps the log in the order of time', () => {
    const entry = (line: string, stream: 'stderr' | 'ssh' = 'stderr') => ({ atMs: 1, host: 'a', stream, line });
    const trial = new Trial().sees(host('a')).types('5');
    trial.tell({
      type: 'logs',
      entries: [entry('one', 'ssh'), entry('ssh two')],
      of: { host: undefined, server: undefined },
    });
    trial.types('/ssh');
    expect(trial.model.items.map((item) => (item.kind === 'log' ? item.entry.line : ''))).toEqual(['one', 'ssh two']);
  });
});

describe('only what is in trouble', () => {
  it('is a host that is not up or has a failed server, and no server that was switched off', () => {
    const broken = host('gpu2', { servers: [server('files', { state: 'failed' })] });
    const off = host('gpu3', { servers: [server('files', { state: 'disabled' })] });
    const trial = new Trial().sees(host('gpu1'), broken, off, host('nas', WAITING)).types('!');
    expect(keysOf(trial)).toEqual(['gpu2', 'nas']);
    expect(keysOf(trial.types('/gpu'))).toEqual(['gpu2']);
    expect(keysOf(trial.types('\r\x1B'))).toHaveLength(4);
  });

  it('is a call from the moment on when it takes long', () => {
    const trial = new Trial().sees(host('gpu1')).types('4!');
    trial.happens({ type: 'call-started', call: 7, client: 'c1', host: 'gpu1', server: 'files', tool: 'read' });
    expect(keysOf(trial.tell({ type: 'tick', nowMs: NOW_MS + 20_000 }))).toEqual([]);
    expect(keysOf(trial.tell({ type: 'tick', nowMs: NOW_MS + 30_000 }))).toEqual(['7']);
  });

  it('is chosen for each view by itself', () => {
    const trial = new Trial().sees(host('gpu1'), host('nas', WAITING)).types('!2');
    expect(keysOf(trial)).toEqual(['gpu1/files', 'nas/files']);
    expect(keysOf(trial.types('!'))).toEqual(['nas/files']);
    expect(keysOf(trial.types('1'))).toEqual(['nas']);
  });
});

describe('the palette', () => {
  it('does what a key does, by the start of a name', () => {
    const trial = new Trial().sees(host('gpu1'));
    trial.taken();
    expect(trial.types(':recon\r').taken()).toContainEqual({ do: 'reconnect', host: 'gpu1' });
    expect(trial.types(':q\r').taken()).toContainEqual({ do: 'detach' });
    expect(trial.model.overlays).toEqual([]);
  });

  it('goes to a view and filters it', () => {
    const trial = new Trial().sees(host('gpu1'), host('nas')).types(':servers nas\r');
    expect(trial.model.view).toBe('servers');
    expect(keysOf(trial)).toEqual(['nas/files']);
  });

  it('offers only what the view can do; arrows choose another, Escape does nothing', () => {
    const trial = new Trial().sees(host('gpu1')).types(':');
    trial.types('follow\r');
    expect(trial.model.notice?.text).toBe('no command "follow"');
    trial.types(':s\x1B[B\x1B[B\r');
    expect(trial.model.view).toBe('servers');
    trial.types('1:stats\x1B');
    expect(trial.model.view).toBe('hosts');
  });
});

function texts(rows: readonly SpanLine[]): string[] {
  return rows.map((spans) => spans.map(({ text }) => text).join(''));
}

function paneOf({ model }: Trial): string {
  const { pane } = layoutOf(model);
  return pane === undefined ? '' : texts(paneRows(model, pane)).join('\n');
}

describe('the split view', () => {
  it('needs 100 columns and 25 rows, and a list', () => {
    const sideOf = (columns: number, rows: number, keys = '') =>
      layoutOf(new Trial({ columns, rows }).sees(host('a')).types(keys).model).pane?.side;
    expect(sideOf(99, 40)).toBeUndefined();
    expect(sideOf(100, 24)).toBeUndefined();
    expect(sideOf(100, 25)).toBe('below');
    expect(sideOf(160, 25)).toBe('beside');
    expect(sideOf(160, 40, '5')).toBeUndefined();
    expect(sideOf(160, 40, '|')).toBeUndefined();
  });

  it('fills the screen exactly, with any number of hosts', () => {
    for (const count of [0, 1, 3, 200]) {
      const hosts = Array.from({ length: count }, (_, index) => host(`h${index}`));
      const { model } = new Trial({ columns: 120, rows: 35 }).sees(...hosts);
      const { list, pane } = layoutOf(model);
      expect(list + (pane?.rows ?? 0)).toBe(35 - 4);
      expect(pane === undefined ? [] : paneRows(model, pane)).toHaveLength(pane?.rows ?? -1);
    }
  });

  it('tells why, the next command, the last calls and the log of the selected line, as they come', () => {
    const trial = new Trial({ columns: 120, rows: 35 }).sees(host('nas', WAITING), host('gpu1'));
    expect(paneOf(trial)).toContain('why   nas: no route (HOST_UNREACHABLE)');
    expect(paneOf(trial)).toContain('next  mcp-anywhere doctor nas');
    trial.types('j').taken();
    const of = { host: 'gpu1', server: undefined };
    trial.tell({ type: 'aside', entries: [{ atMs: 1, host: 'gpu1', stream: 'stderr', line: 'first' }], of });
    trial.happens({ type: 'log', host: 'gpu1', server: 'files', stream: 'stderr', line: 'second' });
    trial.happens({ type: 'log', host: 'nas', server: 'files', stream: 'stderr', line: 'of another' });
    const call = { call: 7, client: 'c1', host: 'gpu1', server: 'files', tool: 'read' };
    trial.happens({ type: 'call-started', ...call });
    expect(paneOf(trial)).toMatch(/◐ \S+ read/);
    trial.happens({
      type: 'call-ended',
      call: 7,
      host: 'gpu1',
      server: 'files',
      tool: 'read',
      durationMs: 30,
      outcome: 'error',
    });
    const text = paneOf(trial);
    expect(text).toMatch(/error read {2}30ms/);
    expect(text).toMatch(/first[\s\S]*second/);
    expect(text).not.toContain('of another');
  });

  it('asks for the log of the place it shows, one at a time', () => {
    const trial = new Trial({ columns: 120, rows: 35 }).sees(host('a'), host('b'), host('c'));
    const asides = () => trial.taken().filter((effect) => effect.do === 'load' && effect.what === 'aside');
    expect(asides()).toMatchObject([{ host: 'a' }]);
    trial.types('jj');
    expect(asides()).toEqual([]);
    trial.tell({ type: 'aside', entries: [], of: { host: 'a', server: undefined } });
    expect(asides()).toMatchObject([{ host: 'c' }]);
    trial.tell({ type: 'aside', entries: [], of: { host: 'c', server: undefined } });
    expect(asides()).toEqual([]);
  });
});

describe('the mouse', () => {
  const press = (row: number, column = 5) => `\x1B[<0;${column + 1};${row + 1}M`;

  it('chooses a line, and opens the chosen line', () => {
    const trial = new Trial({ rows: 20 }).sees(host('a'), host('b'), host('c')).types(press(4));
    expect(selectedItem(trial.model)?.key).toBe('b');
    trial.types(press(10));
    expect(selectedItem(trial.model)?.key).toBe('b');
    expect(trial.types(press(4)).model.overlays).toMatchObject([{ kind: 'details', key: 'b' }]);
  });

  it('chooses a tab, and scrolls lists and pages with the wheel', () => {
    const names = Array.from({ length: 100 }, (_, index) => host(`h${index}`));
    const trial = new Trial({ rows: 20 }).sees(...names).types('\x1B[<65;1;5M');
    expect(listOf(trial.model).index).toBe(3);
    trial.types('?\x1B[<65;1;5M\x1B[<64;1;5M\x1B[<65;1;5M');
    expect(trial.model.overlays).toMatchObject([{ kind: 'help', scroll: 3 }]);
    expect(trial.types(`\x1B${press(1, 12)}`).model.view).toBe('servers');
  });
});

describe('keys', () => {
  it('have one meaning in each view', () => {
    expect(clashOf(ACTIONS)).toBeUndefined();
    expect(clashOf(withKeys({ sort: ['/'] }))).toMatchObject({
      key: '/',
      first: { name: 'filter' },
      second: { name: 'sort' },
    });
  });

  it("of a person's own choice work, and those they replace do nothing", () => {
    const trial = new Trial().sees(host('a'), host('b'));
    trial.model = { ...trial.model, actions: withKeys({ down: ['n'], quit: ['ctrl-q'] }) };
    expect(selectedItem(trial.types('nj').model)?.key).toBe('b');
    trial.taken();
    expect(trial.types('q').taken()).toEqual([]);
    expect(trial.types('\x11').taken()).toEqual([{ do: 'detach' }]);
  });

  it('in a form copy the call as a command', () => {
    const trial = new Trial().sees(host('a')).types('3');
    trial.tell({ type: 'tools', tools: [tool('a__files__read', { properties: { path: { type: 'string' } } })] });
    trial.types('t/x').taken();
    expect(trial.types('\x19').taken()).toEqual([
      { do: 'copy', text: `mcp-anywhere call a__files__read --json-args '{"path":"/x"}'` },
    ]);
  });
});
