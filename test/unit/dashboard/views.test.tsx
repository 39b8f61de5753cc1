import { cleanup, render } from 'ink-testing-library';
import { afterEach, describe, expect, it } from 'vitest';
import { chooseTheme } from '../../../src/dashboard/theme.ts';
import { App } from '../../../src/dashboard/views/frame.tsx';
import { withKeys } from '../../../src/model/actions.ts';
import { widthOf } from '../../../src/model/text.ts';
import { host, NOW_MS, server, Trial, tool } from './kit.ts';

afterEach(cleanup);

const PLAIN = chooseTheme({ color: false, ascii: false, env: {} });

/** As a terminal of that size draws it; ink-testing-library's own is 100 columns wide. */
function screen({ model }: Trial, theme = PLAIN): string[] {
  const { stdout, lastFrame, rerender } = render(<></>);
  Object.defineProperty(stdout, 'columns', { value: model.columns });
  rerender(<App model={model} theme={theme} />);
  return (lastFrame() ?? '').split('\n').map((row) => row.trimEnd());
}

const NAS = host('nas', {
  state: 'waiting',
  retryAtMs: NOW_MS + 8000,
  connections: 0,
  cause: {
    code: 'AUTH_FAILED',
    message: 'nas: the agent has 0 keys',
    hint: 'ssh-add',
    host: 'nas',
    evidence: ['tried publickey'],
  },
  servers: [server('media', { state: 'idle', tools: 0 })],
});

function trial(size = {}): Trial {
  const servers = [server('files', { tools: 8 }), server('git', { tools: 11, state: 'crash-loop' })];
  return new Trial(size).sees(host('gpu1', { tags: ['lab'], servers }), NAS);
}

const asked = {
  type: 'prompt-asked',
  prompt: 1,
  host: 'nas',
  kind: 'passphrase',
  text: 'Passphrase:',
  echo: false,
} as const;

it('says so when the daemon does not answer', () => {
  const each = trial();
  each.tell({ type: 'tick', nowMs: NOW_MS + 6000 });
  expect(screen(each)[0]).toContain('● pid 4121');
  each.tell({ type: 'tick', nowMs: NOW_MS + 10_000 });
  expect(screen(each)[0]).toContain('● pid 4121');
  each.tell({ type: 'tick', nowMs: NOW_MS + 11_500 });
  expect(screen(each)[0]).toContain('✖ pid 4121 does not answer');
});

it('says so when the hosts file that stands there is not in force, with the next command whole', () => {
  const problem = {
    code: 'CONFIG_UNTRUSTED',
    message: 'the file has changed',
    hint: 'mcp-anywhere config trust',
  } as const;
  const each = trial({ columns: 60, rows: 12 });
  const { status } = each.model.world;
  if (status !== undefined)
    each.model = { ...each.model, world: { ...each.model.world, status: { ...status, problem } } };
  expect(screen(each)[2]).toMatch(/^✖ hosts file not in force: the.*… → mcp-anywhere config trust$/);
});

describe('the screen', () => {
  it('of hosts', () => {
    expect(screen(trial({ columns: 110, rows: 18 }))).toEqual([
      'mcp-anywhere  ● pid 4121  1/2 up  1/3 running  19 tools  0 live  0 clients',
      `[1]Hosts [2]Servers [3]Tools [4]Live [5]Logs [6]Stats${'1/2'.padStart(110 - 53)}`,
      '  HOST  STATE            RTT    SRV  TOOLS  ERR/5m  CALLS  LATENCY  WHY',
      '▶ gpu1  ● up            12ms    1/2     19       –',
      '  nas   ◐ retry            –    0/1      0       –                  the agent has 0 keys; retry 8s',
      ...Array.from({ length: 10 }, () => ''),
      ' gpu1 · ssh2 · 1 conn · tags lab  files ● up 8  git ✖ crashing 11',
      '',
      '⏎ open  / filter  : commands  ! trouble  r reconnect  R restart  l logs  x explain  s sort  ? help  q quit',
    ]);
  });

  it('of the smallest terminal has what matters', () => {
    const rows = screen(trial({ columns: 40, rows: 10 }));
    expect(rows).toHaveLength(10);
    expect(rows.slice(0, 5)).toEqual([
      'mcp-anywhere  ● pid 4121  1/2 up  1/3 r…',
      `[1]Hosts 2 3 4 5 6${'1/2'.padStart(40 - 18)}`,
      '  HOST  STATE',
      '▶ gpu1  ● up',
      '  nas   ◐ retry',
    ]);
    expect(rows[9]).toBe('⏎ open  / filter  ? help  q quit');
  });

  const SIZES = [
    [40, 10],
    [20, 5],
    [80, 24],
    [200, 60],
  ] as const;

  it.each(['1', '2', '3', '4', '5', '6', '?', '\r', '2\r', '3\r', '3t', 'R', 'x', '/g', '5w', 'a'])(
    'fits every size, after %j',
    (keys) => {
      for (const [columns, rows] of SIZES) {
        const each = trial({ columns, rows });
        each.tell({ type: 'tools', tools: [tool('gpu1__日本__🎉', { properties: { パス: { type: 'string' } } })] });
        each.happens({ ...asked, text: 'Passphrase 日本語:' });
        const named = '日本語'.repeat(40);
        each.happens({ type: 'call-started', call: 1, client: 'c1', host: 'gpu1', server: 'files', tool: named });
        const frame = screen(each.types(keys));
        expect(frame.length).toBeLessThanOrEqual(rows);
        for (const row of frame) expect(widthOf(row)).toBeLessThanOrEqual(columns);
      }
    },
  );

  it('draws only rows that are seen', () => {
    const many = Array.from({ length: 10_000 }, (_, index) => tool(`gpu1__files__t${index}`));
    const each = trial().types('3').tell({ type: 'tools', tools: many });
    const rows = screen(each.types('G'));
    expect(rows).toHaveLength(30);
    expect(rows.filter((row) => row.includes('gpu1__files__t99')).length).toBeGreaterThan(10);
    expect(rows.join()).not.toContain('gpu1__files__t98');
  });

  it('says that the daemon is gone, and what to do', () => {
    const connection = { kind: 'gone', retryAtMs: NOW_MS + 2000, cause: undefined } as const;
    const each = trial().tell({ type: 'connection', connection });
    expect(screen(each)[2]).toBe('✖ daemon gone, reconnecting in 2s; r starts a new one');
  });

  it('shows nothing of a secret that is typed', () => {
    const each = trial().happens(asked);
    expect(screen(each)[2]).toBe('◐ nas asks: Passphrase: (a answers)');
    const text = screen(each.types('asesame')).join('\n');
    expect(text).toContain(' ······_');
    expect(text).not.toContain('sesame');
  });

  it('has nothing but ASCII with --ascii', () => {
    for (const keys of ['', '2', '3', '?'])
      expect(screen(trial().types(keys), { ...PLAIN, ascii: true }).join('')).toMatch(/^[ -~]*$/);
  });

  it('shows state as a word beside its glyph, coloured only where it may be', () => {
    expect(screen(trial(), chooseTheme({ color: true, ascii: false, env: {} })).join('\n')).toContain('\x1B[32m● up');
    expect(chooseTheme({ color: true, ascii: false, env: { NO_COLOR: '1' } }).looks).toBeUndefined();
    expect(chooseTheme({ color: true, ascii: false, env: { LANG: 'de_DE.ISO-8859-1' } }).ascii).toBe(true);
    expect(chooseTheme({ color: true, ascii: false, env: { LANG: 'C.UTF-8' } }).ascii).toBe(false);
  });
});

describe('what a server says', () => {
  const evil = '\x1B[2J\x1B]0;owned\x07\u202Eevil';

  function hostile(): Trial {
    const cause = { code: 'INTERNAL', message: evil, hint: evil, evidence: [evil] } as const;
    const each = trial().sees(host(evil, { servers: [server(evil)], tags: [evil], backend: evil, cause }));
    const properties = { [evil]: { type: 'string', description: evil, enum: [evil] } };
    each.tell({ type: 'tools', tools: [tool(evil, { properties }, { description: evil, title: evil })] });
    const entry = { atMs: 1, host: evil, server: evil, stream: 'stderr', line: evil } as const;
    each.tell({ type: 'logs', entries: [entry], of: { host: undefined, server: undefined } });
    each.happens({ ...asked, host: evil, text: evil, echo: true });
    each.happens({ type: 'call-started', call: 1, client: evil, host: evil, server: evil, tool: evil });
    return each;
  }

  it.each(['1', '\r', 'x', 'R', '2', '2\r', '3', '3\r', '3t', '4', '4\r', '4K', '5', 'a', `/${evil}`])(
    'steers no terminal, after %j',
    (keys) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are looked for
      expect(screen(hostile().types(keys)).join(' ')).not.toMatch(/[\u0000-\u001F\u007F-\u009F\u202E]/);
    },
  );
});

describe('pages', () => {
  it('of a host tell why, what was seen, and the next command', () => {
    const rows = screen(trial().types('j\r'));
    expect(rows).toContain(' why         nas: the agent has 0 keys (AUTH_FAILED)');
    expect(rows).toContain(' seen        tried publickey');
    expect(rows).toContain(' next        ssh-add');
  });

  it('are scrolled no further than their end', () => {
    const each = trial({ rows: 12 }).types('?');
    const first = screen(each);
    expect(screen(each.types('jj'))[3]).toBe(first[5]);
    const last = screen(each.types('G'));
    expect(screen(each.types('jjj'))).toEqual(last);
    expect(screen(each.types('k'))[4]).toBe(last[3]);
  });
});

it('names the keys that are in force', () => {
  const keys = { start: ['n'], answer: ['z'], 'list-tools': ['ctrl-t'] };
  const own = (each: Trial): Trial => {
    each.model = { ...each.model, actions: withKeys(keys) };
    return each;
  };
  const connection = { kind: 'gone', retryAtMs: NOW_MS + 2000, cause: undefined } as const;
  expect(screen(own(trial()).tell({ type: 'connection', connection }))[2]).toContain('; n starts a new one');
  expect(screen(own(trial()).happens(asked))[2]).toMatch(/\(z answers\)$/);
  expect(screen(own(trial()).types('3').tell({ type: 'tools', tools: [] })).join('\n')).toContain('; Ctrl-T starts');
});

it('what a daemon that is gone said last is dim', () => {
  const connection = { kind: 'gone', retryAtMs: NOW_MS + 2000, cause: undefined } as const;
  const colored = chooseTheme({ color: true, ascii: false, env: {} });
  const each = trial();
  expect(screen(each, colored)[3]).toContain('\x1B[32m● up');
  expect(screen(each.tell({ type: 'connection', connection }), colored)[4]).toContain('\x1B[2m● up');
});

it('names are whole where there is room, and the reason gets the rest', () => {
  const name = 'a-machine-with-quite-a-long-name';
  const each = new Trial({ columns: 100, rows: 20 }).sees(
    host(name, { state: 'waiting', cause: { code: 'HOST_UNREACHABLE', message: 'x'.repeat(200), hint: 'y' } }),
  );
  const [, , , row = ''] = screen(each);
  expect(row).toContain(name);
  expect(row).toMatch(/x{20,}…$/);
  expect(widthOf(row)).toBe(100);
});

it('a list tells the place in it, and what a filter leaves', () => {
  const each = new Trial({ columns: 60, rows: 12 }).sees(...Array.from({ length: 50 }, (_, at) => host(`h${at}`)));
  expect(screen(each.types('jj'))[1]).toMatch(/ 3\/50$/);
  expect(screen(each.types('/h4'))[11]).toMatch(/^\/h4_ \[11\/50\]$/);
  expect(screen(each.types('\r'))[11]).toMatch(/^\/h4 \[11\/50\] {2}/);
  expect(screen(each.types('\x1B?'))[2]).toMatch(/^── Keys 1–8\/\d+ ─/);
});

it('the pane of a split view stands below the list, or beside it', () => {
  const size = (columns: number, rows: number): string[] => {
    const { model } = trial();
    const each = new Trial({ columns, rows });
    each.model = { ...model, columns, rows };
    return screen(each.types('j'));
  };
  const below = size(120, 30);
  expect(below[8]).toMatch(/^── nas ─+$/);
  expect(below.join('\n')).toContain('why   nas: the agent has 0 keys (AUTH_FAILED)');
  const beside = size(170, 30);
  expect(beside[2]).toMatch(/ │ ── nas ─+$/);
  for (const row of [...below, ...beside]) expect(widthOf(row)).toBeLessThanOrEqual(170);
});

it('sparklines show calls and latency of the last minute', () => {
  const each = trial({ columns: 140 });
  const call = { call: 1, host: 'gpu1', server: 'files', tool: 'read', outcome: 'ok' } as const;
  const ended = (secondsAgo: number, durationMs: number) =>
    ({ type: 'call-ended', ...call, durationMs, atMs: NOW_MS - secondsAgo * 1000 }) as const;
  each.happens(ended(30, 10), ended(10, 10), ended(10, 10), ended(0, 80));
  expect(screen(each)[3]).toMatch(/ {5}▄ {3}█ ▄ {7}▁ {3}▁ █/);
});
