import { describe, expect, it } from 'vitest';
import { totals } from '../../../src/model/activity.ts';
import { equivalentCommand } from '../../../src/model/commands.ts';
import { detailLines } from '../../../src/model/details.ts';
import { listOf, selectedItem } from '../../../src/model/model.ts';
import { progressText } from '../../../src/model/words.ts';
import { activityOf } from '../../../src/model/world.ts';
import { CAUSE, host, keysOf, NOW_MS, server, snapshot, Trial, tool } from '../dashboard/kit.ts';

describe('what is shown', () => {
  it('follows events before the next snapshot says so', () => {
    const trial = new Trial().sees(host('gpu1'), host('nas'));
    trial.happens({ type: 'host-state', host: 'nas', state: 'waiting', reason: 'lost', cause: CAUSE });
    const [, nas] = trial.model.items;
    expect(nas).toMatchObject({ host: { state: 'waiting', cause: CAUSE } });
    expect(nas).not.toHaveProperty('host.rttMs');
  });

  it('asks for a snapshot once attached, and again after a change, but not for each', () => {
    const trial = new Trial().tell({ type: 'connection', connection: { kind: 'attached' } });
    expect(trial.taken()).toEqual([{ do: 'load', what: 'snapshot' }]);
    trial.tell({ type: 'snapshot', snapshot: snapshot([host('gpu1')]) });
    expect(trial.taken()).toEqual([{ do: 'load', what: 'aside', host: 'gpu1', server: undefined }]);
    for (let index = 0; index < 10; index += 1)
      trial.happens({ type: 'client-joined', client: `c${index}`, name: 'x' });
    expect(trial.taken()).toEqual([]);
    trial.tell({ type: 'tick', nowMs: NOW_MS + 1000 }, { type: 'tick', nowMs: NOW_MS + 1500 });
    expect(trial.taken()).toEqual([{ do: 'load', what: 'snapshot' }]);
  });

  it('has calls from their start to their end, with the client that made them', () => {
    const clients = [{ id: 'c1', name: 'claude', version: '1', sinceMs: 0 }];
    const { status } = snapshot([host('gpu1')]);
    const trial = new Trial().sees(host('gpu1'));
    trial.tell({ type: 'snapshot', snapshot: snapshot([host('gpu1')], { status: { ...status, clients } }) });
    const call = { call: 7, host: 'gpu1', server: 'files', tool: 'read' };
    trial.happens({ type: 'call-started', client: 'c1', ...call });
    expect(trial.types('4').model.items).toMatchObject([
      { call: { clientName: 'claude', tool: 'read', startedMs: NOW_MS } },
    ]);
    trial.happens({ type: 'call-ended', ...call, durationMs: 30, outcome: 'ok' });
    expect(keysOf(trial)).toEqual([]);
    expect(trial.model.world.activity.get('gpu1/files/read')?.steps).toEqual([{ calls: 1, errors: 0, totalMs: 30 }]);
  });

  it('stands still while it is paused, and catches up', () => {
    const trial = new Trial().sees(host('gpu1'));
    trial.types('p').happens({ type: 'host-state', host: 'gpu1', state: 'waiting', reason: 'lost' });
    expect(trial.model.items).toMatchObject([{ host: { state: 'ready' } }]);
    trial.taken();
    trial.types('p');
    expect(trial.taken()).toEqual([{ do: 'load', what: 'snapshot' }]);
  });

  it('asks again after a failure, but not at once', () => {
    const trial = new Trial().sees(host('gpu1')).types('6');
    trial.taken();
    const report = { code: 'NO_DAEMON', message: 'gone', hint: 'r' } as const;
    trial.tell({ type: 'not-loaded', what: 'stats', report });
    expect(trial.taken()).toEqual([]);
    expect(trial.model.notice?.text).toBe('gone → r');
    trial.tell({ type: 'tick', nowMs: NOW_MS + 1000 });
    expect(trial.taken()).toContainEqual({ do: 'load', what: 'stats', window: 'hour', by: 'tool' });
  });

  it('drops answers to what is no longer asked', () => {
    const trial = new Trial().sees(host('gpu1')).types('6');
    const row = { key: 'x', calls: 1, errors: 0, p50Ms: 1, p95Ms: 1, p99Ms: 1, bytesIn: 1, bytesOut: 1 };
    trial.types('b').taken();
    trial.tell({ type: 'stats', rows: [row], of: { window: 'hour', by: 'tool' } });
    expect(keysOf(trial)).toEqual([]);
    expect(trial.taken()).toEqual([{ do: 'load', what: 'stats', window: 'hour', by: 'server' }]);
    trial.tell({ type: 'stats', rows: [row], of: { window: 'hour', by: 'server' } });
    expect(keysOf(trial)).toEqual(['x']);
  });
});

describe('the selection', () => {
  const names = Array.from({ length: 100 }, (_, index) => `h${String(index).padStart(2, '0')}`);

  it('stays with its item when others come, go or sort before it', () => {
    const trial = new Trial().sees(host('b'), host('c')).types('j');
    trial.tell({ type: 'snapshot', snapshot: snapshot([host('a'), host('b'), host('c')]) });
    expect(selectedItem(trial.model)?.key).toBe('c');
    trial.tell({ type: 'snapshot', snapshot: snapshot([host('a'), host('b')]) });
    expect(selectedItem(trial.model)?.key).toBe('b');
  });

  it('takes all keys of one input', () => {
    const trial = new Trial().sees(...names.map((name) => host(name))).types('jjj');
    expect(selectedItem(trial.model)?.key).toBe('h03');
    expect(selectedItem(trial.types('G').model)?.key).toBe('h99');
    expect(selectedItem(trial.types('gk').model)?.key).toBe('h00');
  });

  it('is always on the screen, also after a resize', () => {
    const trial = new Trial({ rows: 30 }).sees(...names.map((name) => host(name))).types('G');
    trial.tell({ type: 'resize', columns: 40, rows: 10 });
    const { index, top } = listOf(trial.model);
    expect(index).toBe(99);
    expect(top).toBe(94);
  });

  it('filters by words, keeps the filter with Enter and drops it with Escape', () => {
    const trial = new Trial().sees(host('gpu1', { tags: ['lab'] }), host('gpu2'), host('nas', { cause: CAUSE }));
    trial.types('/gpu lab');
    expect(keysOf(trial)).toEqual(['gpu1']);
    expect(keysOf(trial.types('\r'))).toEqual(['gpu1']);
    trial.types('/');
    expect(keysOf(trial.types('\x15route'))).toEqual(['nas']);
    expect(keysOf(trial.types('\x1B'))).toEqual(['gpu1']);
    expect(keysOf(trial.types('\x1B'))).toHaveLength(3);
  });

  it('sorts what is wrong to the top', () => {
    const trial = new Trial().sees(host('a'), host('b', { state: 'refused' }), host('c', { state: 'waiting' }));
    expect(keysOf(trial.types('ss'))).toEqual(['b', 'c', 'a']);
  });
});

describe('actions', () => {
  it('ask before they restart or cancel, and Enter is no yes', () => {
    const trial = new Trial().sees(host('gpu1')).types('2R');
    trial.taken();
    expect(trial.types('\r').taken()).toEqual([]);
    expect(trial.types('n').taken()).toEqual([]);
    expect(trial.types('Ry').taken()).toEqual([{ do: 'restart', host: 'gpu1', server: 'files' }]);
    trial.happens({ type: 'call-started', call: 7, client: 'c1', host: 'gpu1', server: 'files', tool: 'read' });
    expect(trial.types('4Ky').taken()).toEqual([{ do: 'cancel', call: 7 }]);
    expect(trial.types('xn').taken()).toEqual([]);
  });

  it('reconnect and explain at once', () => {
    const trial = new Trial().sees(host('nas', { state: 'waiting', cause: CAUSE }));
    trial.taken();
    expect(trial.types('r').taken()).toEqual([{ do: 'reconnect', host: 'nas' }]);
    expect(trial.types('x').taken()).toEqual([{ do: 'explain', subject: 'nas' }]);
    trial.tell({ type: 'explained', subject: 'nas', text: { title: 'nas', lines: ['no route'], hint: 'ping' } });
    expect(trial.model.overlays).toMatchObject([{ kind: 'explanation', text: { lines: ['no route'] } }]);
  });

  it('switch a server off until the daemon ends', () => {
    const trial = new Trial().sees(host('gpu1')).types('2');
    trial.taken();
    expect(trial.types('ey').taken()).toEqual([{ do: 'enable', host: 'gpu1', server: 'files', enabled: false }]);
  });

  it('show the log of what is selected, and of all again', () => {
    const trial = new Trial().sees(host('gpu1')).types('2');
    trial.taken();
    expect(trial.types('l').taken()).toEqual([{ do: 'load', what: 'logs', host: 'gpu1', server: 'files' }]);
    trial.tell({ type: 'logs', entries: [], of: { host: 'gpu1', server: 'files' } });
    expect(trial.types('l').taken()).toEqual([{ do: 'load', what: 'logs', host: undefined, server: undefined }]);
  });

  it('start a daemon that is gone with r, and leave with q, Ctrl-C, and nothing else', () => {
    const trial = new Trial().sees(host('gpu1'));
    trial.tell({ type: 'connection', connection: { kind: 'gone', retryAtMs: undefined, cause: undefined } });
    trial.taken();
    expect(trial.types('r').taken()).toEqual([{ do: 'attach' }]);
    expect(trial.types('Q\x1B').taken()).toEqual([]);
    expect(trial.types('q').taken()).toEqual([{ do: 'detach' }]);
    expect(trial.types('?\x03').taken()).toEqual([{ do: 'detach' }]);
  });
});

describe('a question that waits', () => {
  const asked = {
    type: 'prompt-asked',
    prompt: 3,
    host: 'nas',
    kind: 'passphrase',
    text: 'Passphrase:',
    echo: false,
  } as const;

  it('never opens by itself, so that no typed key becomes an answer', () => {
    const trial = new Trial().sees(host('nas')).happens(asked);
    trial.taken();
    const effects = trial.types('secret\r').taken();
    expect(effects.filter((effect) => effect.do === 'answer')).toEqual([]);
  });

  it('is answered, declined, or left for later', () => {
    const trial = new Trial().sees(host('nas')).happens(asked);
    trial.taken();
    expect(trial.types('aopen sesame\r').taken()).toEqual([{ do: 'answer', id: 3, answer: 'open sesame' }]);
    expect(trial.types('axyz\x04').taken()).toEqual([{ do: 'answer', id: 3, answer: null }]);
    expect(trial.types('axyz\x1B').taken()).toEqual([]);
    expect(trial.model.overlays).toEqual([]);
    trial.happens({ type: 'prompt-settled', prompt: 3, host: 'nas' });
    expect(trial.model.world.prompts).toEqual([]);
  });
});

describe('a test call', () => {
  const schema = {
    type: 'object',
    required: ['path', 'count'],
    properties: {
      path: { type: 'string' },
      count: { type: 'integer' },
      deep: { type: 'boolean' },
      mode: { enum: ['fast', 'safe'] },
      more: { $ref: '#/$defs/list' },
      limit: { type: 'number', default: 2.5 },
    },
    $defs: { list: { type: 'array' } },
  };

  function form(): Trial {
    const trial = new Trial().sees(host('gpu1')).types('3');
    trial.tell({ type: 'tools', tools: [tool('gpu1__files__read', schema)] });
    trial.taken();
    return trial.types('t');
  }

  it('is typed by the schema', () => {
    const trial = form().types("it's\t12\t \t  \t[1, 2]\t\t");
    expect(trial.model.overlays).toMatchObject([{ form: { at: 6 } }]);
    expect(equivalentCommand(trial.model)).toBe(
      `mcp-anywhere call gpu1__files__read --json-args '{"path":"it'\\''s","count":12,"deep":true,"mode":"safe","more":[1,2],"limit":2.5}'`,
    );
    const args = { path: "it's", count: 12, deep: true, mode: 'safe', more: [1, 2], limit: 2.5 };
    expect(trial.types('\r').taken()).toEqual([{ do: 'call', tool: 'gpu1__files__read', args }]);
  });

  it('does not begin with a mistake, and says which', () => {
    const trial = form().types('a\tx1\x13');
    expect(trial.taken()).toEqual([]);
    expect(trial.model.overlays).toMatchObject([{ form: { at: 1, mistakes: { count: 'expected integer' } } }]);
    expect(trial.types('\x15\x13').model.overlays).toMatchObject([{ form: { mistakes: { count: 'required' } } }]);
  });

  it('shows the answer, or cancels while it waits', () => {
    const trial = form().types('a\t1\x13');
    trial.taken();
    trial.tell({ type: 'call-progress', text: '1/2 half' });
    expect(trial.model.overlays.at(-1)).toMatchObject({ outcome: { kind: 'running', progress: '1/2 half' } });
    expect(trial.types('\x1B').taken()).toEqual([{ do: 'abort-call' }]);
    trial.types('\x13');
    trial.taken();
    const content = [
      { type: 'text', text: 'one\n\x1B[31mtwo' },
      { type: 'image', mimeType: 'image/png', data: 'AAAA' },
    ];
    const outcome = { host: 'gpu1', server: 'files', tool: 'read', durationMs: 12, result: { content } };
    trial.tell({ type: 'called', outcome });
    const text = ['one', 'two', '[image image/png, 3 bytes]'];
    expect(trial.model.overlays.at(-1)).toMatchObject({ outcome: { isError: false, text } });
    expect(trial.types('\x1B').taken()).toEqual([]);
    expect(trial.model.overlays).toMatchObject([{ kind: 'form' }]);
  });
});

describe('the log', () => {
  const line = (text: string) =>
    ({ type: 'log', host: 'gpu1', server: 'files', stream: 'stderr', line: text }) as const;

  function log(...texts: string[]): Trial {
    const trial = new Trial({ rows: 14 }).sees(host('gpu1', { servers: [server('files')] })).types('5');
    trial.tell({ type: 'logs', entries: [], of: { host: undefined, server: undefined } });
    return trial.happens(...texts.map((text) => line(text)));
  }

  it('follows its end until somebody goes up, and again at the end', () => {
    const trial = log(...Array.from({ length: 30 }, (_, index) => `line ${index}`));
    expect(listOf(trial.model).index).toBe(30);
    trial.types('k').happens(line('more'));
    expect(trial.model.logs.follow).toBe(false);
    expect(trial.model.items[listOf(trial.model).index - 1]).toMatchObject({ entry: { line: 'line 28' } });
    trial.types('G').happens(line('more'));
    expect(listOf(trial.model).index).toBe(32);
  });

  it('shows one stream, or what looks wrong', () => {
    const trial = log('all well', 'ERROR: no disk', 'warning: hot');
    trial.happens({ ...line('ready'), stream: 'ssh' });
    expect(trial.types('e').model.items).toHaveLength(2);
    expect(trial.types('e').model.items).toHaveLength(1);
    expect(trial.types('ev').model.items).toHaveLength(3);
  });

  it('is searched like any list, and keeps what is harmless of it', () => {
    const trial = log('alpha \x1B[2Jone', 'beta two').types('/alpha\r');
    expect(trial.model.items).toMatchObject([{ entry: { line: 'alpha one' } }]);
  });

  it('keeps no more than a few thousand lines', () => {
    const trial = log(...Array.from({ length: 6000 }, (_, index) => `line ${index}`));
    expect(trial.model.items).toHaveLength(5000);
  });
});

it('the command that does the same is safe to paste', () => {
  const trial = new Trial().sees(host('gpu1'), host("n'as", { cause: CAUSE }));
  expect(equivalentCommand(trial.model)).toBe('mcp-anywhere tools gpu1');
  expect(equivalentCommand(trial.types('j').model)).toBe(`mcp-anywhere explain 'n'\\''as'`);
  expect(trial.types('c').taken()).toContainEqual({ do: 'copy', text: `mcp-anywhere explain 'n'\\''as'` });
  expect(equivalentCommand(trial.types('5').model)).toBe('mcp-anywhere logs -f');
});

it('the command that does the same as the statistics has their time and key', () => {
  const trial = new Trial().sees(host('gpu1')).types('6wb');
  expect(trial.types('c').taken()).toContainEqual({
    do: 'copy',
    text: 'mcp-anywhere stats --by server --window day',
  });
});

it('to look at tools starts no server; L does', () => {
  const trial = new Trial().sees(host('gpu1'));
  trial.taken();
  trial.types('3');
  expect(trial.taken()).toEqual([{ do: 'load', what: 'tools', start: false }]);
  trial.tell({ type: 'tools', tools: [] });
  trial.types('L');
  expect(trial.taken()).toEqual([{ do: 'load', what: 'tools', start: true }]);
});

describe('progress of a live call', () => {
  const started = {
    type: 'call-started',
    call: 7,
    client: 'c1',
    host: 'gpu1',
    server: 'files',
    tool: 'copy',
  } as const;
  const live = (): Trial => new Trial().sees(host('gpu1')).happens(started).types('4');
  const textOf = ({ model }: Trial): string | undefined => {
    const [item] = model.items;
    return item?.kind === 'call' ? progressText(item.call) : 'none';
  };

  it('is a bar where the whole is known, and what the server says of it', () => {
    const trial = live();
    expect(textOf(trial)).toBeUndefined();
    trial.happens({
      type: 'call-progress',
      atMs: NOW_MS,
      call: 7,
      progress: 10,
      total: 40,
      message: 'copying \x1B[2Ja',
    });
    expect(textOf(trial)).toBe('██······ 10/40 copying a');
    // What is not told any more is not shown any more.
    trial.happens({ type: 'call-progress', atMs: NOW_MS, call: 7, progress: 12.345 });
    expect(textOf(trial)).toBe('12.3');
    trial.happens({ type: 'call-progress', atMs: NOW_MS, call: 7, progress: 80, total: 40 });
    expect(textOf(trial)).toBe('████████ 80/40');
  });

  it('of a call that is over is nothing', () => {
    const trial = live().happens({ type: 'call-progress', atMs: NOW_MS, call: 8, progress: 1 });
    expect(trial.model.items).toHaveLength(1);
  });
});

it("a pool's tool shows who answers it: share of the calls, and how quick", () => {
  const members = ['gpu1/render', 'gpu2/render'];
  const pooled = tool(
    'render__draw',
    {},
    { host: 'gpu1', server: 'render', original: 'draw', pool: { name: 'render', members } },
  );
  const one = host('gpu1', { servers: [server('render')] });
  const other = host('gpu2', { servers: [server('render', { state: 'failed' })], state: 'waiting' });
  const trial = new Trial()
    .sees(one, other)
    .types('3')
    .tell({ type: 'tools', tools: [pooled] });
  const ended = (hostName: string, durationMs: number) => ({
    ...({ type: 'call-ended', atMs: NOW_MS, call: 1, host: hostName, server: 'render', tool: 'draw' } as const),
    ...({ durationMs, outcome: 'ok' } as const),
  });
  trial.happens(ended('gpu1', 10), ended('gpu1', 20), ended('gpu1', 30), ended('gpu2', 400));
  const lines = detailLines(trial.model, 'tools', 'render__draw').map((spans) =>
    spans.map(({ text }) => text).join(''),
  );
  expect(lines).toContainEqual(
    expect.stringMatching(/^pool render gpu1\/render +● up +75 % of the calls \(3\), 20ms$/),
  );
  expect(lines).toContainEqual(expect.stringMatching(/^ +gpu2\/render +◐ retry +25 % of the calls \(1\), 400ms$/));
  expect(totals(activityOf(trial.model.world, pooled), 60, NOW_MS)).toMatchObject({ calls: 4, meanMs: 115 });
});
