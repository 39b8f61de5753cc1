/** Independent clients as black boxes, on the gateway over a real sshd. */
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientProgram } from '../harness/client-programs.ts';
import { writeHostsFile } from '../harness/hosts-file.ts';
import type { StdioCommand } from '../harness/http-bridge.ts';
import { inspectServer } from '../harness/inspector.ts';
import { BIN } from '../harness/program.ts';
import { makeSandbox } from '../harness/sandbox.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { proves } from '../requirements.ts';

const EVERYTHING = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url),
);
const SERVER = { command: process.execPath, args: [EVERYTHING] };

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

function gateway(more: readonly string[] = [], hosts: readonly string[] = ['a', 'b']): StdioCommand {
  const file = writeHostsFile(Object.fromEntries(hosts.map((host) => [host, { sshd, servers: { every: SERVER } }])));
  return {
    command: process.execPath,
    args: [BIN, 'serve', '--in-process', '--config', file.path, ...more],
    env: makeSandbox().env,
  };
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('inspector', () => {
  it.each(['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list'])(
    proves('%s has the hash of the direct one in transparent mode', 'independent-clients', 'transparent'),
    async (method) => {
      const sandbox = makeSandbox();
      const ask = ['--method', method];
      const [direct, through] = await Promise.all([
        inspectServer({ ...SERVER, env: sandbox.env }, sandbox, ask),
        inspectServer(gateway(['--transparent', 'a/every']), sandbox, ask),
      ]);
      expect(direct.length).toBeGreaterThan(200);
      expect(hash(through)).toBe(hash(direct));
    },
  );
});

describe.each(['ai-sdk', 'langchain'] as const)('%s', (program) => {
  const calls = (prefix: string) => [
    { name: `${prefix}echo`, args: { message: 'from outside' } },
    { name: `${prefix}get-sum`, args: { a: 2, b: 40 } },
    { name: `${prefix}get-structured-content`, args: { location: 'Chicago' } },
  ];

  it(proves('sees through transparent mode what it sees directly', 'independent-clients', 'transparent'), async () => {
    const { env } = makeSandbox();
    const [direct, through] = await Promise.all([
      clientProgram(program, { ...SERVER, env }, calls('')),
      clientProgram(program, gateway(['--transparent', 'a/every']), calls('')),
    ]);
    expect(direct.tools).toContain('echo');
    expect(through).toEqual(direct);
  });

  it(proves('sees two machines as one server', 'independent-clients'), async () => {
    const { env } = makeSandbox();
    const direct = await clientProgram(program, { ...SERVER, env }, calls(''));
    const through = await clientProgram(program, gateway(), [...calls('a__every__'), ...calls('b__every__')]);
    expect(through.tools).toEqual(['a', 'b'].flatMap((host) => direct.tools.map((name) => `${host}__every__${name}`)));
    expect(through.results).toEqual([...direct.results, ...direct.results]);
    expect(through.prompts).toEqual(
      direct.prompts && ['a', 'b'].flatMap((host) => direct.prompts?.map((name) => `${host}__every__${name}`)),
    );
    expect(through.resources).toEqual(
      direct.resources && ['a', 'b'].flatMap((host) => direct.resources?.map((uri) => `mcpa://${host}/every/${uri}`)),
    );
  });
});
