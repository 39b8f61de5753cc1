/**
 * AI clients as their vendors publish them: each reads what `install` wrote, lists our server, and calls a tool through it,
 * without a login. `npm run test:clients` installs the clients; one that is not installed is skipped.
 */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { expect, it, onTestFinished } from 'vitest';
import { startMockModel } from '../clients/mock-model.ts';
import {
  type ClientProgram,
  commandOf,
  folderOf,
  installedVersion,
  noteRow,
  PROGRAMS,
  type Run,
} from '../clients/programs.ts';
import { printed } from '../harness/control.ts';
import { writeHostsFile } from '../harness/hosts-file.ts';
import { BIN, runProgram } from '../harness/program.ts';
import { makeSandbox, type Sandbox } from '../harness/sandbox.ts';

const ECHO = fileURLToPath(new URL('../fixtures/servers/echo.mjs', import.meta.url));
/** Only the server knows this word, so a client that has it got the server's answer. */
const WORD = 'only-the-server-knows';
const TOOL = 'here__echo__where';
/** Only the client under test has the variable, to which the hosts file refers. */
const VARIABLE = { SOME_TOKEN: 'only-the-client-knows' };

/** A home in which every folder follows from HOME, because clients pass few variables on to servers. */
function freshHome(folder: string): Sandbox {
  const sandbox = makeSandbox();
  const { HOME = '', PATH = '', LANG = '', NO_COLOR = '', MCP_ANYWHERE_IDLE_EXIT_MS = '' } = sandbox.env;
  const path = [join(folder, '.bin'), join(process.execPath, '..'), PATH].join(delimiter);
  return { ...sandbox, env: { HOME, PATH: path, LANG, NO_COLOR, MCP_ANYWHERE_IDLE_EXIT_MS, TERM: 'dumb' } };
}

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

function run(command: readonly string[], { args, env = {} }: Run, sandbox: Sandbox): Promise<Ended> {
  const [program = '', ...words] = [...command, ...args];
  const cwd = join(sandbox.home, 'project');
  mkdirSync(cwd, { recursive: true });
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, {
      cwd,
      env: { ...sandbox.env, ...VARIABLE, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const parts: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => parts.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => parts.push(chunk));
    const limit = setTimeout(() => child.kill('SIGKILL'), 90_000);
    child.on('error', reject).on('close', (code) => {
      clearTimeout(limit);
      resolve({ code, output: Buffer.concat(parts).toString() });
    });
  });
}

/** Another client of the same daemon, which must not notice that the client under test comes and goes. */
async function startCompanion(sandbox: Sandbox, hostsFile: string): Promise<Client> {
  const client = new Client({ name: 'companion', version: '1' }, { capabilities: {} });
  onTestFinished(() => client.close());
  const args = [BIN, '--config', hostsFile];
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args, env: { ...sandbox.env }, cwd: '/', stderr: 'pipe' }),
  );
  return client;
}

async function daemonPids(sandbox: Sandbox): Promise<readonly number[]> {
  return printed('ps', (await runProgram(['ps', '--json'], sandbox)).stdout).daemons.map(({ pid }) => pid);
}

const ofOutput = (output: string): string => output.trim().slice(-2_000);

async function callThrough(program: ClientProgram, command: readonly string[], sandbox: Sandbox, modelUrl: string) {
  const call = program.call?.(sandbox.home, modelUrl);
  return call === undefined ? undefined : await run(command, call, sandbox);
}

it.for(PROGRAMS)('$title', { timeout: 240_000 }, async (program, { skip }) => {
  const folder = folderOf(program);
  if (folder === undefined) {
    noteRow({ client: program.title, version: program.version, why: 'could not be installed' });
    skip(`${program.package} is not installed: npm run test:clients`);
    return;
  }
  const sandbox = freshHome(folder);
  const echo = { command: process.execPath, args: [ECHO, WORD] };
  const hosts = writeHostsFile({ here: { servers: { echo } } });
  const model = await startMockModel('__where');
  onTestFinished(() => model.stop());
  program.prepare?.(sandbox.home, model.url);
  const install = ['install', program.id, '--yes', '--json', '--config', hosts.path];
  const { clients } = printed('install', (await runProgram(install, sandbox)).stdout);
  expect(clients).toMatchObject([{ client: program.id, action: 'add' }]);
  const wrote = clients[0]?.command === undefined ? 'edited the file' : 'by its own command';
  // The client's own commands know no references to variables, so this change is an edit of what they wrote.
  hosts.rewrite({ here: { servers: { echo: { ...echo, env: { TOKEN: '${env:SOME_TOKEN:-none}' } } } } });
  const again = printed('install', (await runProgram(install, sandbox)).stdout);
  expect(again.clients).toMatchObject([{ client: program.id, action: 'update', variables: ['SOME_TOKEN'] }]);
  const companion = await startCompanion(sandbox, hosts.path);
  onTestFinished(async () => {
    await runProgram(['stop', '--config', hosts.path], sandbox);
  });
  const call = async (): Promise<string> => JSON.stringify(await companion.callTool({ name: TOOL, arguments: {} }));
  expect(await call()).toContain(WORD);
  const daemons = await daemonPids(sandbox);
  expect(daemons).toHaveLength(1);

  const command = commandOf(program, folder);
  const list = program.list(sandbox.home);
  const listed = await run(command, list, sandbox);
  const called = await callThrough(program, command, sandbox, model.url);
  const isListed = list.shows?.test(listed.output) ?? false;
  const answers = [...model.results, called?.output ?? ''].filter((text) => text.includes(WORD));
  const isCalled = answers.length > 0;
  const hasVariable = answers.some((text) => text.includes(VARIABLE.SOME_TOKEN));
  const isAlone = (await daemonPids(sandbox)).join() === daemons.join() && (await call()).includes(WORD);
  noteRow({
    client: program.title,
    version: installedVersion(program, folder),
    wrote,
    listed: isListed ? 'yes' : 'no',
    called: isCalled ? 'yes' : 'no',
    variable: hasVariable ? 'passed on' : 'no',
    daemon: isAlone ? 'left alone' : 'DISTURBED',
    why: isCalled
      ? ''
      : (program.whyNoCall ??
        ofOutput(called?.output ?? '')
          .split('\n')
          .at(-1)),
  });
  expect.soft({ isListed, output: ofOutput(listed.output) }).toMatchObject({ isListed: true });
  expect.soft({ isCalled, seen: model.seen, output: ofOutput(called?.output ?? '') }).toMatchObject({
    isCalled: program.call !== undefined,
  });
  expect.soft({ hasVariable, answers }).toMatchObject({ hasVariable: program.knowsReferences ?? true });
  expect(isAlone).toBe(true);
});
