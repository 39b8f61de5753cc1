/** What was asked before the end of stdin is answered: `printf … | mcp-anywhere` prints what the server itself would. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { writeHostsFile } from '../harness/hosts-file.ts';
import { BIN, CLIENT_INFO } from '../harness/program.ts';
import { makeSandbox } from '../harness/sandbox.ts';
import { scratch } from '../harness/scratch.ts';
import { until } from '../harness/until.ts';

/** Writes down each line that it gets; answers `tools/call` after the time that is asked for. */
const RECORDER = `
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
const reply = (id, result) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result }) + '\\n');
createInterface({ input: process.stdin }).on('line', (line) => {
  appendFileSync(process.argv[2], line + '\\n');
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  const { protocolVersion } = params ?? {};
  if (method === 'initialize')
    reply(id, { protocolVersion, capabilities: { tools: {}, prompts: {}, resources: {} }, serverInfo: { name: 's', version: '1' } });
  else if (method === 'tools/list') reply(id, { tools: [{ name: 'wait', inputSchema: { type: 'object' } }] });
  else if (method === 'tools/call')
    setTimeout(() => reply(id, { content: [{ type: 'text', text: 'waited' }] }), params.arguments.ms);
  else reply(id, {});
}).on('close', () => process.exit());
`;

function hostsFile(): { readonly file: string; readonly heard: () => string[] } {
  const folder = scratch();
  const [program, record] = [join(folder, 'recorder.mjs'), join(folder, 'heard')];
  writeFileSync(program, RECORDER);
  writeFileSync(record, '');
  const server = { command: process.execPath, args: [program, record] };
  const file = writeHostsFile({ here: { entry: { local: true }, servers: { rec: server } } }).path;
  return { file, heard: () => readFileSync(record, 'utf8').split('\n').filter(Boolean) };
}

const line = (message: object): string => JSON.stringify({ jsonrpc: '2.0', ...message });

function conversation(tool: string, ms: number): string[] {
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: CLIENT_INFO };
  return [
    line({ id: 1, method: 'initialize', params }),
    line({ method: 'notifications/initialized' }),
    line({ id: 2, method: 'tools/list' }),
    line({ id: 3, method: 'tools/call', params: { name: tool, arguments: { ms } } }),
  ];
}

interface Run {
  readonly child: ChildProcessWithoutNullStreams;
  readonly stdout: () => string;
  /** Exit code, or the name of the signal. */
  readonly ended: Promise<number | string>;
}

function serve(file: string, args: readonly string[], text: string): Run {
  const { env, home } = makeSandbox();
  const child = spawn(process.execPath, [BIN, 'serve', '--config', file, ...args], { env, cwd: home });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    stdout += more;
  });
  const ended = new Promise<number | string>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal ?? ''));
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  child.stdin.end(text);
  return { child, stdout: () => stdout, ended };
}

const replies = (run: Run): { id?: number; result?: object; error?: object }[] =>
  run
    .stdout()
    .split('\n')
    .filter(Boolean)
    .map((text) => JSON.parse(text) as { id?: number })
    .filter(({ id }) => id !== undefined);

const WAYS = [
  ['through the daemon', [], 'here__rec__wait'],
  ['--in-process', ['--in-process'], 'here__rec__wait'],
  ['--transparent', ['--transparent', 'here/rec'], 'wait'],
  ['--transparent --in-process', ['--transparent', 'here/rec', '--in-process'], 'wait'],
] as const;

describe.each(WAYS)('requests written before the end of stdin (%s)', (_name, args, tool) => {
  it('are answered, and then it ends', async () => {
    const { file } = hostsFile();
    // Without a newline behind the last one, too.
    const run = serve(file, args, conversation(tool, 500).join('\n'));
    expect(await run.ended).toBe(0);
    expect(replies(run).map(({ id, error }) => [id, error])).toEqual([
      [1, undefined],
      [2, undefined],
      [3, undefined],
    ]);
    expect(run.stdout()).toContain('"waited"');
  });

  it('do not hold it up once a signal comes', async () => {
    const { file, heard } = hostsFile();
    const run = serve(file, args, `${conversation(tool, 60_000).join('\n')}\n`);
    await until(() => heard().some((text) => text.includes('tools/call')));
    const beganMs = performance.now();
    run.child.kill('SIGTERM');
    await run.ended;
    expect(performance.now() - beganMs).toBeLessThan(15_000);
  });

  it('do not hold it up once nobody reads the answers', async () => {
    const { file, heard } = hostsFile();
    const endless = line({ id: 4, method: 'tools/call', params: { name: tool, arguments: { ms: 60_000 } } });
    const run = serve(file, args, [...conversation(tool, 2_000), endless].join('\n'));
    await until(() => heard().filter((text) => text.includes('tools/call')).length === 2);
    run.child.stdout.destroy();
    const beganMs = performance.now();
    await run.ended;
    expect(performance.now() - beganMs).toBeLessThan(15_000);
  });
});

describe.each([
  ['through the daemon', []],
  ['--in-process', ['--in-process']],
])('--transparent (%s)', (_name, args) => {
  it('adds nothing to what the client sent, and loses nothing', async () => {
    const { file, heard } = hostsFile();
    const said = conversation('wait', 0);
    const run = serve(file, ['--transparent', 'here/rec', ...args], `${said.join('\n')}\n`);
    expect(await run.ended).toBe(0);
    const methods = (lines: readonly string[]) => lines.map((text) => (JSON.parse(text) as { method: string }).method);
    expect(methods(heard()).filter((method) => method !== 'notifications/cancelled')).toEqual(methods(said));
  });
});
