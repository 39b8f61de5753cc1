/** A server may repeat the secrets that it was given: none of them is stored or passed on. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { AnywhereError, reportOf } from '../../../src/base/errors.ts';
import { DEFAULTS } from '../../../src/config/defaults.ts';
import type { ServerPlan } from '../../../src/config/plan.ts';
import { createSecrets } from '../../../src/config/secrets.ts';
import { Reporter } from '../../../src/gateway/reporter.ts';
import { filesBelow } from '../../harness/files.ts';
import { until } from '../../harness/until.ts';
import { control } from '../daemon/kit.ts';
import { folders, inline, openGateway, StreamClient, silentLog } from './kit.ts';

const SECRET = 'tr0ub4dor-and-3';
const ENV = { TOKEN: SECRET, PATH: process.env['PATH'] ?? '' };

/** Answers each request with what `answers` says: a program text, in which `T` is the secret. */
function server(answers: string, more: Partial<ServerPlan> = {}): ServerPlan {
  const program = `
    import { createInterface } from 'node:readline';
    const T = process.env.X ?? process.env.TOKEN;
    const answers = ${answers};
    for await (const line of createInterface({ input: process.stdin })) {
      const { id, method, params } = JSON.parse(line);
      const answer = answers[method]?.(params) ?? { error: { code: -32601, message: 'no' } };
      if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, ...answer }));
    }`;
  const env = new Map([['X', { pieces: [{ kind: 'env', name: 'TOKEN' } as const] }]]);
  return inline('box/s', program, { env, ...more });
}

const HELLO = `initialize: () => ({ result: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } } })`;

async function open(plan: ServerPlan) {
  const logged: string[] = [];
  const note = (fields: object, message: string): number => logged.push(JSON.stringify(fields) + message);
  const log = { ...silentLog, error: note, warn: note, info: note, debug: note };
  const paths = folders();
  const secrets = createSecrets({ env: ENV, homeDir: '/' });
  const gateway = openGateway([plan], { paths, log, env: ENV, secrets });
  const events: string[] = [];
  gateway.bus.on(({ event }) => events.push(JSON.stringify(event)));
  const client = new StreamClient(gateway);
  await client.initialize();
  return { gateway, client, paths, logged, events };
}

describe('a secret', () => {
  it.each([
    ['the error of initialize', `{ initialize: () => ({ error: { code: -1, message: 'bad ' + T } }) }`],
    ['its version', `{ initialize: () => ({ result: { protocolVersion: T, capabilities: {} } }) }`],
    ['the error of a list', `{ ${HELLO}, 'tools/list': () => ({ error: { code: -1, message: 'bad ' + T } }) }`],
  ])('in %s is in no error, event or log', async (_name, answers) => {
    const { gateway, client, logged, events } = await open(server(answers));
    const [unit] = gateway.units;
    const failure = () => unit?.state.cause ?? (unit === undefined ? undefined : gateway.keeper.failure(unit));
    const error = await until(() => failure(), { what: 'a failure' });
    const answer = await client.call('box__s__x');
    const told = [JSON.stringify(reportOf(error)), JSON.stringify(answer), ...logged, ...events];
    expect(told.join('\n')).toContain('[redacted]');
    expect(told.filter((text) => text.includes(SECRET))).toEqual([]);
  });

  it('in a definition reaches the client, and not the disk', async () => {
    const tools = `[{ name: 'good', inputSchema: { type: 'object' } }, { name: 'leaky', description: T, inputSchema: { type: 'object' } }, { name: 'bad' + T, inputSchema: 5 }, { name: 'odd', inputSchema: { type: 'object', properties: { [T]: 5 } } }]`;
    const hello = HELLO.replace("version: '1' }", "version: '1' }, instructions: 'use ' + T").replace(
      'capabilities: { ',
      'capabilities: { experimental: { [T]: {} }, ',
    );
    const answers = `{ ${hello}, 'tools/list': () => ({ result: { tools: ${tools} } }), 'tools/call': () => ({ result: { content: [{ type: 'text', text: T }] } }) }`;
    const { client, paths } = await open(server(answers));
    await client.offers('box__s__good', 'box__s__leaky');
    expect(await client.text('box__s__good')).toBe(SECRET);
    const folder = join(paths.cacheDir, 'catalog');
    const kept = await until(
      () =>
        readdirSync(folder)
          .map((name) => readFileSync(join(folder, name), 'utf8'))
          .join(''),
      {},
    );
    expect(kept).toContain('good');
    expect(kept).toContain('properties.[redacted]');
    expect(kept).not.toContain(SECRET);
    expect(kept).not.toContain('leaky');
  });

  it('in what this program logs of itself is in no log and no event', () => {
    const logged: string[] = [];
    const note = (fields: object, message: string): number => logged.push(JSON.stringify(fields) + message);
    const log = { ...silentLog, error: note, warn: note, info: note, debug: note };
    const reporter = new Reporter({ clock: systemClock(), log, paths: folders() }, DEFAULTS.limits);
    reporter.redactor.learn(SECRET);
    reporter.bus.on(({ event }) => logged.push(JSON.stringify(event)));
    reporter.hostsFile('/hosts.yaml', [], new AnywhereError('CONFIG_INVALID', `bad ${SECRET}`, { hint: SECRET }));
    reporter.log.info({ texts: [SECRET] }, `more of ${SECRET}`);
    expect(logged).toHaveLength(3);
    for (const line of logged) {
      expect(line).toContain('[redacted]');
      expect(line).not.toContain(SECRET);
    }
  });

  it.each([
    ['that a reference names', {}],
    ['that a server inherits', { env: new Map(), inheritEnv: ['TOKEN'] }],
  ])('%s is in no status and no log, and in the answer to a command as it came', async (_name, more) => {
    const tools = `[{ name: 'good', inputSchema: { type: 'object' } }, { name: 'bad' + T, inputSchema: 5 }]`;
    const call = `(console.error('said ' + T), { result: { content: [{ type: 'text', text: T }] } })`;
    const plan = server(
      `{ ${HELLO}, 'tools/list': () => ({ result: { tools: ${tools} } }), 'tools/call': () => ${call} }`,
      more,
    );
    const paths = folders();
    const { client } = control([plan], { paths, env: ENV, secrets: createSecrets({ env: ENV, homeDir: '/' }) });
    await client.request('settle', { withinMs: 15_000 });
    const answer = await client.request('call', { tool: 'box__s__good', arguments: {} });
    expect(JSON.stringify(answer)).toContain(SECRET);
    const lines = await until(async () => {
      const told = JSON.stringify(await client.request('logs', { lines: 100 }));
      return told.includes('said ') && told;
    });
    const status = JSON.stringify(await client.request('status', {}));
    const logs = join(paths.stateDir, 'logs');
    const files = await until(() => {
      const text = filesBelow(logs).flatMap(({ kind, path }) => (kind === 'file' ? readFileSync(path, 'utf8') : []));
      return text.join('').includes('said ') && text.join('');
    });
    for (const told of [lines, status, files]) {
      expect(told).toContain('[redacted]');
      expect(told).not.toContain(SECRET);
    }
  });
});
