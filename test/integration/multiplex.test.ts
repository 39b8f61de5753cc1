/** Many servers on many machines as one: connections, MaxSessions, faithfulness to the byte, real servers and clients. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { RESULT, TOOL_HEAD, TOOL_TAIL } from '../fixtures/servers/odd-json-texts.mjs';
import { sdkClient } from '../harness/client.ts';
import { hostIn, statusOf } from '../harness/control.ts';
import { fixture, type HostEntry, type ServerEntry, writeHostsFile } from '../harness/hosts-file.ts';
import { inspect } from '../harness/inspector.ts';
import { initialize, startServe } from '../harness/program.ts';
import { startProxy } from '../harness/proxy.ts';
import { makeSandbox } from '../harness/sandbox.ts';
import { type Sshd, type SshdOptions, startSshd } from '../harness/sshd.ts';
import { call, callText, listTools, offers, textOf } from '../harness/tools.ts';
import { until } from '../harness/until.ts';
import { proves } from '../requirements.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

async function machine(options: SshdOptions): Promise<Sshd> {
  const own = await startSshd(options);
  onTestFinished(() => own.stop());
  return own;
}

async function serving(hosts: Record<string, HostEntry>, ready: string[], top: object = {}) {
  const { client } = startServe(writeHostsFile(hosts, { ...top }).path);
  await initialize(client);
  await offers(client, ready);
  return client;
}

/** A server of node_modules. */
function packaged(name: string, args: string[] = [], more: object = {}): ServerEntry {
  return {
    command: process.execPath,
    args: [join(PROJECT, 'node_modules/@modelcontextprotocol', name, 'dist/index.js'), ...args],
    ...more,
  };
}

const numbered = (count: number, at: Sshd): HostEntry['servers'] =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`s${index}`, fixture(at, 'sh-echo.sh')]));

describe('connections', () => {
  it(proves('one carries all servers of a host', 'few-connections'), async () => {
    const proxy = await startProxy({ to: sshd.port });
    onTestFinished(() => proxy.stop());
    const client = await serving({ box: { sshd, port: proxy.port, servers: numbered(6, sshd) } }, [
      'box__s0__echo',
      'box__s5__echo',
    ]);
    for (let index = 0; index < 6; index += 1) await call(client, `box__s${index}__echo`);
    expect(proxy.connections).toBe(1);
    expect(proxy.accepted).toBe(1);
  });

  it.each([1, 2, 3])(
    proves('with MaxSessions %i are as few as hold all servers and what watches them', 'few-connections'),
    async (maxSessions) => {
      const own = await machine({ maxSessions });
      const proxy = await startProxy({ to: own.port });
      onTestFinished(() => proxy.stop());
      const count = 4;
      const names = Array.from({ length: count }, (_, index) => `box__s${index}__echo`);
      const client = await serving({ box: { sshd: own, port: proxy.port, servers: numbered(count, own) } }, names);
      const results = await Promise.all(names.map((name) => call(client, name, { from: name })));
      expect(results.map((result) => JSON.stringify(result.structuredContent).includes('from'))).toEqual(
        names.map(() => true),
      );
      expect(proxy.connections).toBeLessThanOrEqual(Math.ceil((count + 1) / maxSessions));
    },
  );

  it('are told by status', async () => {
    const own = await machine({ maxSessions: 2 });
    const snapshot = await statusOf(
      writeHostsFile({ box: { sshd: own, servers: numbered(3, own) } }).path,
      makeSandbox(),
    );
    expect(hostIn(snapshot, 'box')).toMatchObject({ state: 'ready', connections: 2 });
    expect(snapshot.exit).toBe(0);
  });

  it('lost in the middle of a call give an unknown outcome on that host alone, and come back', async () => {
    const proxy = await startProxy({ to: sshd.port });
    onTestFinished(() => proxy.stop());
    const client = await serving(
      {
        shaky: { sshd, port: proxy.port, servers: { slow: fixture(sshd, 'slow.mjs') } },
        firm: { sshd, servers: { slow: fixture(sshd, 'slow.mjs') } },
      },
      ['shaky__slow__sleep', 'firm__slow__sleep'],
      { reconnect: { initialMs: 100, maxMs: 500 } },
    );
    const lost = client.ask('tools/call', { name: 'shaky__slow__sleep', arguments: { ms: 60_000 } });
    const kept = client.ask('tools/call', { name: 'firm__slow__sleep', arguments: { ms: 1_500 } });
    await callText(client, 'shaky__slow__cancelled');
    await proxy.reset();
    const { message } = await client.reply(lost);
    expect(message.result).toMatchObject({ isError: true });
    expect(JSON.stringify(message.result)).toMatch(/shaky/);
    expect(JSON.stringify(message.result)).toMatch(/may or may not|unknown/i);
    await proxy.heal();
    expect(await callText(client, 'shaky__slow__cancelled')).toBe('[]');
    expect((await client.reply(kept)).message.result).toMatchObject({ content: [{ text: 'slept 1500 ms' }] });
  });
});

describe('hosts with a forced command', () => {
  it('are one server by subsystem', async () => {
    const own = await machine({
      config: [`Subsystem mcp ${process.execPath} ${join(PROJECT, 'test/fixtures/servers/echo.mjs')}`],
    });
    const client = await serving(
      { box: { sshd: own, entry: { ssh: { subsystem: 'mcp' } }, servers: { echo: { command: 'ignored' } } } },
      ['box__echo__echo'],
    );
    expect(await callText(client, 'box__echo__echo', { a: 1 })).toBe('{"a":1}');
  });

  it('run what the machine forces, whatever is asked', async () => {
    const own = await machine({
      config: [
        `ForceCommand ${process.execPath} ${join(PROJECT, 'test/fixtures/servers/echo.mjs')}`,
        'Subsystem mcp internal-sftp',
      ],
    });
    const client = await serving(
      { box: { sshd: own, entry: { ssh: { subsystem: 'mcp' } }, servers: { echo: { command: 'ignored' } } } },
      ['box__echo__where'],
    );
    expect(JSON.parse(await callText(client, 'box__echo__where', { variables: ['HOME'] }))).toMatchObject({
      variables: { HOME: own.home },
    });
  });
});

describe('bytes', () => {
  it('of a result pass unchanged', async () => {
    const client = await serving({ box: { sshd, servers: { odd: fixture(sshd, 'odd-json.mjs') } } }, ['box__odd__odd']);
    const { line, message } = await client.reply(client.ask('tools/call', { name: 'box__odd__odd', arguments: {} }));
    expect(line).toContain(RESULT);
    expect(Object.keys(message).sort()).toEqual(['id', 'jsonrpc', 'result']);
  });

  it(proves('of a definition pass unchanged but for the name', 'verbatim'), async () => {
    const client = await serving({ box: { sshd, servers: { odd: fixture(sshd, 'odd-json.mjs') } } }, ['box__odd__odd']);
    const { line } = await client.reply(client.ask('tools/list'));
    expect(line).toContain(`${TOOL_HEAD}"box__odd__odd"${TOOL_TAIL}`);
  });

  it('of a request pass unchanged but for id and name', async () => {
    const client = await serving({ box: { sshd, servers: { echo: fixture(sshd, 'echo.mjs') } } }, ['box__echo__raw']);
    const args = String.raw`{"big":12345678901234567890,"one":1.0,"e":1e400,"u":"\u0041\/","name":"box__echo__raw","id":5}`;
    client.send(
      String.raw`{ "params" : {"_meta":{"vendor/x":0.10},"arguments":${args},"name":"box__echo__raw","future":[1.50]}, "method":"tools/call","id":"the \"id\"","jsonrpc":"2.0"}`,
    );
    const { message } = await client.reply('the "id"');
    const [{ text } = { text: '' }] = (message.result as { content: { text: string }[] }).content;
    expect(text).toContain(`"arguments":${args}`);
    expect(text).toContain('"name":"raw","future":[1.50]');
    expect(text).toContain('"vendor/x":0.10');
  });

  it('of large results and requests arrive all', async () => {
    const client = await serving({ box: { sshd, servers: { huge: fixture(sshd, 'huge.mjs') } } }, ['box__huge__huge']);
    expect(await callText(client, 'box__huge__huge', { bytes: 20_000_000 })).toHaveLength(20_000_000);
    expect(await callText(client, 'box__huge__length', { text: 'é'.repeat(1_000_000) })).toBe('1000000');
  });
});

describe('real servers', () => {
  const servers = (): HostEntry['servers'] => {
    const folder = join(sshd.folder, 'shared');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'hello.txt'), 'hello from the machine\n');
    return {
      everything: packaged('server-everything'),
      files: packaged('server-filesystem', [folder]),
      memory: packaged('server-memory', [], { env: { MEMORY_FILE_PATH: join(sshd.home, 'memory.jsonl') } }),
    };
  };
  const ready = ['lab__everything__echo', 'lab__files__read_text_file', 'lab__memory__create_entities'];

  it('work through the official client', async () => {
    const client = await sdkClient(writeHostsFile({ lab: { sshd, servers: servers() } }).path);
    const { tools } = await until(
      async () => {
        const page = await client.listTools();
        return ready.every((name) => page.tools.some((tool) => tool.name === name)) && page;
      },
      { withinMs: 25_000, everyMs: 200, what: 'all tools' },
    );
    expect(tools.length).toBeGreaterThan(30);
    expect(await client.callTool({ name: 'lab__everything__echo', arguments: { message: 'hi' } })).toMatchObject({
      content: [{ text: 'Echo: hi' }],
    });
    const read = await client.callTool({
      name: 'lab__files__read_text_file',
      arguments: { path: join(sshd.folder, 'shared/hello.txt') },
    });
    expect(JSON.stringify(read)).toContain('hello from the machine');
    const entities = [{ name: 'bench', entityType: 'thing', observations: ['is wooden'] }];
    await client.callTool({ name: 'lab__memory__create_entities', arguments: { entities } });
    expect(JSON.stringify(await client.callTool({ name: 'lab__memory__read_graph', arguments: {} }))).toContain(
      'is wooden',
    );
  });

  it('are listed as they list themselves', async () => {
    const client = await serving({ lab: { sshd, servers: servers() } }, ready);
    const through = (await listTools(client)).filter((tool) => tool.name.startsWith('lab__files__'));
    const placed = (tool: Named): Named => ({ ...tool, title: `${tool.title ?? tool.name} · lab/files` });
    const direct = (await directTools(join(sshd.folder, 'shared'))).map(placed);
    expect(through.map((tool) => ({ ...tool, name: tool.name.replace('lab__files__', '') })).sort(byName)).toEqual(
      direct.sort(byName),
    );
  });

  it(proves('work for the inspector', 'independent-clients'), async () => {
    const file = writeHostsFile({ lab: { sshd, servers: servers() } });
    const sandbox = makeSandbox();
    const { client } = startServe(file.path, sandbox);
    await initialize(client);
    await offers(client, ready);
    await client.close();
    const call = ['--method', 'tools/call', '--tool-name', 'lab__everything__echo', '--tool-arg', 'message=inspected'];
    expect(await inspect(file.path, sandbox, call)).toContain('Echo: inspected');
    expect(await inspect(file.path, sandbox, ['--method', 'tools/list'])).toContain('lab__files__read_text_file');
  });
});

interface Named {
  readonly name: string;
  readonly title?: string;
}

const byName = (a: Named, b: Named): number => a.name.localeCompare(b.name);

/** What server-filesystem lists without anything in between. */
async function directTools(folder: string): Promise<Named[]> {
  const { RawClient } = await import('../harness/raw-client.ts');
  const entry = packaged('server-filesystem', [folder]);
  const direct = new RawClient({
    command: entry.command,
    args: entry.args ?? [],
    env: { PATH: process.env['PATH'] ?? '' },
  });
  onTestFinished(async () => {
    direct.kill('SIGKILL');
    await direct.ended;
  });
  await initialize(direct);
  return await listTools(direct);
}

it(proves("a tool's error result of a dead server names host and server", 'explains-itself'), async () => {
  const client = await serving({ box: { sshd, servers: { echo: fixture(sshd, 'echo.mjs') } } }, ['box__echo__exit']);
  const result = await call(client, 'box__echo__exit', { code: 1 });
  expect(result.isError).toBe(true);
  expect(textOf(result)).toMatch(/box/);
});
