import { describe, expect, it } from 'vitest';
import type { ControlClient } from '../../../src/control/client.ts';
import { until } from '../../harness/until.ts';
import { control } from '../daemon/kit.ts';
import { inline, StreamClient, server } from '../gateway/kit.ts';

const echo = server('box/echo', 'echo.mjs');
const slow = server('box/slow', 'slow.mjs');
/** Answers each request with the text of `answers`; DEEP is a value of 20,000 levels, ID the id. */
function deep(id: string, answers: object) {
  return inline(
    id,
    `const answers = ${JSON.stringify(answers)};
    const deep = '{"a":'.repeat(20000) + '1' + '}'.repeat(20000);
    for await (const line of (await import('node:readline')).createInterface({ input: process.stdin })) {
      const { id, method } = JSON.parse(line);
      for (const text of answers[method] ?? []) console.log(text.replace('ID', id).replace('DEEP', deep));
    }`,
  );
}
const HELLO =
  '{"jsonrpc":"2.0","id":ID,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{}}}';
const TOOLS = '{"jsonrpc":"2.0","id":ID,"result":{"tools":[{"name":"t","inputSchema":{"type":"object"}}]}}';
const OK = '{"jsonrpc":"2.0","id":ID,"result":{"content":[]}}';
const told = (more: string): string =>
  `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":ID,${more}}}`;
const listed = (...calls: string[]) => ({ initialize: [HELLO], 'tools/list': [TOOLS], 'tools/call': calls });

const dead = inline('box/dead', `console.error('no such database'); process.exit(3)`);

describe('the control API', () => {
  it('settles: starts every server, and says how each fares', async () => {
    const { client } = control([echo, dead, { ...slow, enabled: false }]);
    const { hosts } = await client.request('settle', { withinMs: 15_000 });
    expect(hosts).toMatchObject([
      {
        name: 'box',
        state: 'ready',
        servers: [
          { name: 'echo', state: 'ready', tools: 8, cached: false },
          { name: 'dead', state: 'failed', tools: 0 },
          { name: 'slow', state: 'disabled' },
        ],
      },
    ]);
    expect(hosts[0]?.servers[1]?.cause).toMatchObject({
      code: 'SERVER_START_FAILED',
      host: 'box',
      server: 'dead',
      evidence: ['no such database'],
    });
  });

  it('says what runs: command, variables by name, processes, restarts and the last failure', async () => {
    const secret = { kind: 'env', name: 'KEY_OF_MINE', fallback: 'hunter2' } as const;
    const words = [...echo.args, { pieces: ['--key=', secret] }];
    const env = new Map([['TOKEN', { pieces: ['not for eyes'] }]]);
    const { client, gateway } = control([{ ...echo, args: words, env }]);
    const ai = new StreamClient(gateway);
    await ai.initialize();
    await ai.offers('box__echo__raw');
    const now = async () => {
      const status = await client.request('status', {});
      expect(JSON.stringify(status)).not.toMatch(/hunter2|not for eyes/);
      return status.hosts[0]?.servers[0];
    };
    const first = await now();
    expect(first).toMatchObject({ env: ['TOKEN'], restarts: 0, instances: [{ client: ai.door.session.id }] });
    expect(first?.command).toEqual([process.execPath, expect.stringMatching(/echo\.mjs$/), '--key=${env:KEY_OF_MINE}']);
    expect(Math.abs(Date.now() - (first?.instances[0]?.sinceMs ?? 0))).toBeLessThan(10_000);
    const pid = first?.instances[0]?.pid ?? 0;
    process.kill(pid, 'SIGKILL');
    const second = await until(async () => {
      const one = await now();
      return one?.restarts === 1 && one.instances.length === 1 ? one : undefined;
    });
    expect(second.instances[0]?.pid).not.toBe(pid);
    expect(second.lastFailure?.cause).toMatchObject({ code: 'SERVER_EXITED', server: 'echo' });
    expect(second).not.toHaveProperty('cause');
    const { lines } = await client.request('explain', { subject: 'box/echo' });
    expect(lines).toContain('restarted 1 time in this run');
    expect(lines).toContainEqual(expect.stringMatching(/^last failed at [-\d: ]+: .*\(SERVER_EXITED\)$/));
    await client.request('restart', { host: 'box' });
    await expect.poll(async () => (await now())?.restarts).toBe(2);
  });

  it('does not show itself among the clients', async () => {
    const { client, gateway } = control([echo]);
    const ai = new StreamClient(gateway);
    await ai.initialize();
    await client.request('settle', { withinMs: 15_000 });
    expect((await client.request('status', {})).clients).toMatchObject([{ name: 'test', version: '1' }]);
  });

  it('blames for a missing tool only the servers whose names for tools begin like it', async () => {
    const { client } = control([echo, { ...dead, namedAs: ['b', 'gone'] }]);
    const missing = async (tool: string) =>
      (await client.request('tools', { tool })).missing.map(({ host, server: name }) => `${host}/${name}`);
    expect(await missing('b__gone__x')).toEqual(['box/dead']);
    expect(await missing('box__dead__x')).toEqual([]);
    expect(await missing('box__echo__x')).toEqual([]);
    const { tools } = await client.request('tools', { tool: 'box__echo__x' });
    expect(tools.map(({ server: name }) => name)).toContain('echo');
  });

  it('lists tools, and why those of others are missing', async () => {
    const { client } = control([echo, dead]);
    const { tools, missing } = await client.request('tools', {});
    expect(tools.find(({ original }) => original === 'raw')).toMatchObject({
      name: 'box__echo__raw',
      host: 'box',
      server: 'echo',
      description: 'The raw tool',
      definition: { name: 'box__echo__raw' },
    });
    expect(missing).toMatchObject([{ code: 'SERVER_START_FAILED', server: 'dead' }]);
    expect((await client.request('tools', { host: 'box', server: 'dead' })).tools).toEqual([]);
  });

  it('shows what was listed for an AI client, and starts nothing for a profile of its own', async () => {
    const { client, gateway } = control([echo]);
    const ai = new StreamClient(gateway);
    await ai.initialize({ roots: {} });
    await ai.offers('box__echo__raw');
    const { tools } = await client.request('tools', {});
    await client.request('settle', { withinMs: 15_000 });
    expect(tools.map(({ name }) => name)).toEqual(await ai.names());
    expect(gateway.units.map(({ state }) => state.starting + state.ready)).toEqual([1]);
  });

  it('calls, with progress on the way, also what was never listed', async () => {
    const { client } = control([slow]);
    const progress: number[] = [];
    client.on('call/progress', (one) => progress.push(one.progress));
    const outcome = await client.request('call', { tool: 'box__slow__steps', arguments: { count: 3, everyMs: 5 } });
    expect(outcome).toMatchObject({
      host: 'box',
      server: 'slow',
      tool: 'steps',
      result: { content: [{ text: '3 steps' }] },
    });
    expect(progress.filter((value) => value > 0)).toEqual([1, 2, 3]);
  });

  it('takes from a server only values that it can write', async () => {
    const unfit = [told('"progress":1,"message":DEEP'), told('"progress":2,"total":DEEP'), told('"progress":1e400')];
    const { client } = control([
      deep('box/progress', listed(...unfit, OK)),
      deep('box/result', listed('{"jsonrpc":"2.0","id":ID,"result":{"content":[],"x":DEEP}}')),
      deep('box/error', listed('{"jsonrpc":"2.0","id":ID,"error":{"code":1,"message":DEEP}}')),
      deep('box/lost', listed('{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"m","data":DEEP}}')),
      deep('box/version', {
        initialize: ['{"jsonrpc":"2.0","id":ID,"result":{"protocolVersion":DEEP,"capabilities":{}}}'],
      }),
    ]);
    const progress: unknown[] = [];
    client.on('call/progress', (one) => progress.push(one));
    const call = (name: string) => client.request('call', { tool: `box__${name}__t`, arguments: {} });
    expect((await call('progress')).result).toEqual({ content: [] });
    expect(progress).toEqual([{ progress: 1 }, { progress: 2 }]);
    await expect(call('result')).rejects.toMatchObject({ code: 'SERVER_PROTOCOL', server: 'result' });
    await expect(call('error')).rejects.toMatchObject({ code: 'TOOL_FAILED', server: 'error' });
    await expect(call('lost')).rejects.toMatchObject({
      code: 'TOOL_FAILED',
      message: expect.stringContaining(': m') as unknown,
    });
    const { hosts } = await client.request('settle', { withinMs: 15_000 });
    const version = hosts[0]?.servers.find(({ name }) => name === 'version');
    expect(version?.cause).toMatchObject({ code: 'SERVER_PROTOCOL' });
  });

  it('says what went wrong with a call', async () => {
    const { client } = control([echo]);
    await expect(client.request('call', { tool: 'box__echo__none', arguments: {} })).rejects.toMatchObject({
      code: 'TOOL_UNKNOWN',
      tool: 'box__echo__none',
    });
    await expect(
      client.request('call', { tool: 'box__echo__error', arguments: { message: 'bad' } }),
    ).rejects.toMatchObject({ code: 'TOOL_FAILED', host: 'box', server: 'echo' });
    expect((await client.request('call', { tool: 'box__echo__fail', arguments: {} })).result).toMatchObject({
      isError: true,
    });
  });

  it('cancels a call on the server too', async () => {
    const { client } = control([slow]);
    await client.request('tools', {});
    const controller = new AbortController();
    const call = client.request('call', { tool: 'box__slow__never', arguments: {} }, controller.signal);
    call.catch(() => undefined);
    const cancelled = async (): Promise<string> =>
      JSON.stringify((await client.request('call', { tool: 'box__slow__cancelled', arguments: {} })).result);
    await cancelled();
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect.poll(() => cancelled()).toContain('known');
  });

  it.each<[string, (client: ControlClient) => Promise<unknown>]>([
    ['doctor', (client) => client.request('doctor', { host: 'box' })],
    ['settle', (client) => client.request('settle', { withinMs: 15_000, host: 'box' })],
    ['tools', (client) => client.request('tools', { host: 'box' })],
    ['call', (client) => client.request('call', { tool: 'box__echo__where', arguments: {} })],
    ['restart', (client) => client.request('restart', { host: 'box' })],
  ])('%s connects to the host it is asked about, and to no other', async (_, ask) => {
    const { client, gateway } = control([echo, server('other/echo', 'echo.mjs')], { starts: false });
    await ask(client);
    await expect.poll(() => gateway.link('box').state.kind).toBe('ready');
    expect(gateway.link('other').state.kind).toBe('idle');
  });

  it('connects to all hosts where a tool may be anyone’s', async () => {
    const { client } = control([echo, server('other/echo', 'echo.mjs')], { starts: false });
    await expect(client.request('call', { tool: 'nobody__knows', arguments: {} })).rejects.toMatchObject({
      code: 'TOOL_UNKNOWN',
    });
    expect((await client.request('status', {})).hosts).toMatchObject([{ state: 'ready' }, { state: 'ready' }]);
  });

  it('restarts a server into a new process', async () => {
    const { client } = control([echo]);
    const pid = async (): Promise<number> => {
      const { result } = await client.request('call', { tool: 'box__echo__where', arguments: {} });
      return (JSON.parse((result as { content: { text: string }[] }).content[0]?.text ?? '') as { pid: number }).pid;
    };
    const before = await pid();
    expect(await client.request('restart', { host: 'box', server: 'echo' })).toMatchObject({
      name: 'box',
      servers: [{ name: 'echo', state: 'ready' }],
    });
    expect(await pid()).not.toBe(before);
  });

  it('keeps logs and hands them out', async () => {
    const { client } = control([echo]);
    await client.request('call', { tool: 'box__echo__stderr', arguments: { line: 'a word on stderr' } });
    await expect
      .poll(async () => (await client.request('logs', { lines: 50 })).entries)
      .toContainEqual(expect.objectContaining({ line: 'a word on stderr', server: 'echo' }));
  });

  it('streams events to whoever subscribes, numbered', async () => {
    const { client } = control([echo]);
    const sequences: number[] = [];
    client.on('event', ({ sequence }) => sequences.push(sequence));
    const { sequence } = await client.request('events/subscribe', {});
    await client.request('tools', {});
    expect(sequences.length).toBeGreaterThan(2);
    expect(sequences).toEqual(sequences.map((_, index) => sequence + 1 + index));
  });

  it.each(['no/such', 'toString', '__proto__', 'constructor'])('refuses %s', async (method) => {
    const { client } = control([echo]);
    await expect(client.request(method as 'status', {})).rejects.toMatchObject({ code: 'USAGE' });
  });

  it.each<[string, object, string]>([
    ['call', { tool: 'x' }, 'params.arguments'],
    ['call', { tool: '', arguments: {} }, 'params.tool'],
    ['logs', { lines: -1 }, 'params.lines'],
    ['logs', { lines: 1, streams: ['stdin'] }, 'params.streams.0'],
    ['status', { host: 'box' }, 'host'],
    ['enable', { host: 'box', server: 'echo', enabled: 'yes' }, 'params.enabled'],
    ['prompt/answer', { id: 1 }, 'params.answer'],
    ['events/subscribe', { types: ['no-such'] }, 'params.types.0'],
    ['call/cancel', { call: 1.5 }, 'params.call'],
  ])('refuses params that %s does not take: %j', async (method, params, where) => {
    const { client } = control([echo], { starts: false });
    const refused = client.request(method as 'status', params as Record<string, never>);
    await expect(refused).rejects.toMatchObject({ code: 'USAGE' });
    await refused.catch((error: unknown) => {
      expect((error as { evidence: string[] }).evidence.join('\n')).toContain(where);
    });
  });

  it('names hosts and servers that are not there', async () => {
    const { client } = control([echo]);
    await expect(client.request('settle', { withinMs: 1, host: 'none' })).rejects.toMatchObject({
      code: 'USAGE',
      host: 'none',
    });
    await expect(client.request('tools', { host: 'box', server: 'none' })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(client.request('restart', { host: 'none' })).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('ends what it started when its face leaves', async () => {
    const { client, gateway } = control([echo]);
    await client.request('settle', { withinMs: 15_000 });
    await client.close();
    const [unit] = gateway.units;
    await expect.poll(() => unit?.state.ready).toBe(0);
    expect(gateway.sessions.size).toBe(0);
  });
});
