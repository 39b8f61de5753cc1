/** What servers and clients say, printed by each command in a real terminal: nothing of their words steers the terminal. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { clientAt, helloFor, servingDaemon } from '../../harness/daemon-process.ts';
import { writeHostsFile } from '../../harness/hosts-file.ts';
import { makeSandbox } from '../../harness/sandbox.ts';
import { scratch } from '../../harness/scratch.ts';
import { runInTerminal } from '../../harness/terminal.ts';
import { offers } from '../../harness/tools.ts';

const EVIL = 'evil\u001b[2J\u202e\u200b\u009b1A\u{e0041}\u0007words';
/** Colours and the progress lines are our own. */
const OWN = /\u001b\[[\d;]*[mK]|\u001b\[\?\d+[hl]|\u001b\[\d+A|\u001b\[J/gu;
const STEERING = /[\u0007\u001b\u009b\u202e\u200b\u{e0041}]/u;

const MINI = join(process.cwd(), 'test/fixtures/servers/mini.mjs');
const TALKS = `
import { Failure, serve, text, tool } from ${JSON.stringify(MINI)};
const EVIL = ${JSON.stringify(EVIL)};
process.stderr.write(EVIL + '\\n');
serve({
  name: EVIL,
  tools: [...['say', 'refuse', 'fail'].map((name) => tool(name, {}, { title: EVIL, description: EVIL })), { name: EVIL, inputSchema: 5 }],
  calls: {
    say: () => text(EVIL),
    refuse: () => text(EVIL, { isError: true }),
    fail: () => { throw new Failure(-32000, EVIL); },
  },
});`;
const DIES = `process.stderr.write(${JSON.stringify(EVIL)} + '\\n'); process.exitCode = 3;`;

function server(program: string): { readonly command: string; readonly args: readonly string[] } {
  const path = join(scratch(), 'server.mjs');
  writeFileSync(path, program);
  return { command: process.execPath, args: [path] };
}

it('prints nothing that steers the terminal, and no word less', async () => {
  const { path } = writeHostsFile({
    here: { entry: { local: true }, servers: { talks: server(TALKS), dies: server(DIES) } },
  });
  const sandbox = makeSandbox();
  const { endpoint } = await servingDaemon(path, sandbox);
  const client = clientAt(endpoint, helloFor('mcp', path, sandbox));
  const clientInfo = { name: EVIL, version: EVIL };
  await client.reply(client.ask('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }));
  await offers(client, ['here__talks__say']);
  for (const command of [
    ...['tools', 'ps', 'doctor', 'logs', 'explain here/dies', 'call here__talks__refuse', 'call here__talks__fail'],
    ...[
      'call here__talks__say',
      'tools --json',
      'ps --json',
      'logs --json',
      'status --json',
      'call here__talks__say --json',
    ],
  ]) {
    const run = runInTerminal([...command.split(' '), '--config', path], sandbox, { columns: 200 });
    await run.exit;
    const printed = run.written().replaceAll(OWN, '');
    expect(printed, command).toContain('words');
    expect(STEERING.exec(printed)?.index, `${command}: ${JSON.stringify(printed)}`).toBeUndefined();
  }
}, 120_000);
