/**
 * Every feature of server-everything, asked of it directly and through the gateway over SSH with two machines in the
 * hosts file: what is said is equal but for names, URIs, ids and what is random or a time.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { answers, EVERY_CAPABILITY } from '../harness/answering.ts';
import { writeHostsFile } from '../harness/hosts-file.ts';
import { initialize, startServe } from '../harness/program.ts';
import { type Message, RawClient } from '../harness/raw-client.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { offers } from '../harness/tools.ts';
import { AS_IT_IS, Asker, aliased, aliasesOf, type Step, settled, type Transcript } from '../harness/transcript.ts';
import { until } from '../harness/until.ts';
import { proves } from '../requirements.ts';

const EVERYTHING = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url),
);
const SERVER = { command: process.execPath, args: [EVERYTHING], env: { DIFFERENTIAL: 'yes' } };
const DATA = `data:text/plain;base64,${Buffer.from('zip me').toString('base64')}`;
/** No name is cut: what becomes of long ones is tested with the names. */
// Titles as their servers wrote them, so that both sides can be compared.
const LONG_NAMES = { naming: { maxLength: 64, titles: 'keep' } };
const TEXT_URI = 'demo://resource/dynamic/text/7';

type Part = readonly [label: string, run: (asker: Asker) => Promise<unknown>];

/** Plain calls: tool, arguments. */
const CALLS: readonly (readonly [tool: string, args: object])[] = [
  ['echo', { message: 'héllo ☃' }],
  ['get-sum', { a: 0.1, b: 2 }],
  ['get-sum', { a: 'not a number' }],
  ['get-tiny-image', {}],
  ['get-annotated-message', { messageType: 'error', includeImage: true }],
  ['get-structured-content', { location: 'New York' }],
  ['get-resource-links', { count: 5 }],
  ['get-resource-reference', { resourceType: 'Text', resourceId: 3 }],
  ['get-resource-reference', { resourceType: 'Blob', resourceId: 4 }],
  ['gzip-file-as-resource', { name: 'inline.gz', data: DATA, outputType: 'resource' }],
  ['get-roots-list', {}],
  ['trigger-sampling-request', { prompt: 'say it', maxTokens: 10 }],
  ['trigger-elicitation-request', {}],
  ['trigger-url-elicitation', { url: 'https://example.com/', elicitationId: 'the-id' }],
  ['trigger-sampling-request-async', { prompt: 'later' }],
  ['trigger-elicitation-request-async', {}],
];

const PARTS: readonly Part[] = [
  ['ping', (asker) => asker.request('ping')],
  [
    'prompts',
    async (asker) => {
      await asker.request('prompts/get', { name: asker.aliases.name('simple-prompt') });
      await asker.request('prompts/get', {
        name: asker.aliases.name('args-prompt'),
        arguments: { city: 'Oslo', state: 'x' },
      });
      await asker.request('prompts/get', {
        name: asker.aliases.name('resource-prompt'),
        arguments: { resourceType: 'Text', resourceId: '2' },
      });
      await asker.request('prompts/get', { name: asker.aliases.name('args-prompt') });
    },
  ],
  [
    'completion',
    async (asker) => {
      const ref = { type: 'ref/prompt', name: asker.aliases.name('completable-prompt') };
      await asker.request('completion/complete', { ref, argument: { name: 'department', value: 'S' } });
      await asker.request('completion/complete', {
        ref,
        argument: { name: 'name', value: '' },
        context: { arguments: { department: 'Sales' } },
      });
      const template = { type: 'ref/resource', uri: asker.aliases.uri('demo://resource/dynamic/text/{resourceId}') };
      await asker.request('completion/complete', { ref: template, argument: { name: 'resourceId', value: '7' } });
    },
  ],
  [
    'resources',
    async (asker) => {
      for (const uri of [
        TEXT_URI,
        'demo://resource/dynamic/blob/8',
        'demo://resource/static/document/features.md',
        'demo://resource/dynamic/text/nothing',
      ])
        await asker.request('resources/read', { uri: asker.aliases.uri(uri) });
    },
  ],
  [
    'logging levels',
    async (asker) => {
      await asker.request('logging/setLevel', { level: 'error' });
      await asker.request('resources/subscribe', { uri: asker.aliases.uri('demo://resource/dynamic/text/99') });
      await asker.request('logging/setLevel', { level: 'debug' });
      await asker.request('resources/unsubscribe', { uri: asker.aliases.uri('demo://resource/dynamic/text/99') });
      await asker.call('toggle-simulated-logging');
      // One for unsubscribing, one simulated.
      await asker.hear('notifications/message', 2);
      await asker.call('toggle-simulated-logging');
    },
  ],
  [
    'subscriptions',
    async (asker) => {
      await asker.request('resources/subscribe', { uri: asker.aliases.uri(TEXT_URI) });
      await asker.call('toggle-subscriber-updates');
      await asker.hear('notifications/resources/updated');
      await asker.call('toggle-subscriber-updates');
      await asker.request('resources/unsubscribe', { uri: asker.aliases.uri(TEXT_URI) });
      await asker.hear('notifications/message', 2);
    },
  ],
  [
    'progress',
    async (asker) => {
      for (const progressToken of ['a token', 77])
        await asker.call(
          'trigger-long-running-operation',
          { duration: 0.2, steps: 4 },
          { _meta: { progressToken, 'vendor/kept': 1 } },
        );
    },
  ],
  [
    'cancellation',
    async (asker) => {
      const id = asker.ask('tools/call', {
        name: asker.aliases.name('trigger-long-running-operation'),
        arguments: { duration: 0.3, steps: 1 },
      });
      asker.client.notify('notifications/cancelled', { requestId: id, reason: 'enough' });
      await asker.call('trigger-long-running-operation', { duration: 0.6, steps: 1 });
    },
  ],
  [
    'url elicitation required',
    (asker) => asker.call('trigger-url-elicitation', { url: 'https://example.com/login', errorPath: true }),
  ],
  [
    'a resource of the session',
    async (asker) => {
      await asker.call('gzip-file-as-resource', { name: 'linked.gz', data: DATA });
      await asker.request('resources/read', { uri: asker.aliases.uri('demo://resource/session/linked.gz') });
    },
  ],
  [
    'tasks',
    async (asker) => {
      const created = await asker.call(
        'simulate-research-query',
        { topic: 'python', ambiguous: true },
        { task: { ttl: 300_000 } },
      );
      const { taskId } = created.result?.['task'] as { taskId: string };
      await asker.request('tasks/result', { taskId });
      await asker.request('tasks/get', { taskId });
      await asker.request('tasks/get', { taskId: 'no such task' });
      const stopped = await asker.call('simulate-research-query', { topic: 'other' }, { task: {} });
      await asker.request('tasks/cancel', { taskId: (stopped.result?.['task'] as { taskId: string }).taskId });
    },
  ],
];

/** Tools that belong to a feature, not to a plain call. */
const ASKED_IN_PARTS = [
  'toggle-simulated-logging',
  'toggle-subscriber-updates',
  'trigger-long-running-operation',
  'simulate-research-query',
];

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

async function allParts(asker: Asker): Promise<Transcript> {
  const steps: Record<string, Step> = {};
  const calls = CALLS.map(([tool, args]): Part => [`${tool} ${JSON.stringify(args)}`, (one) => one.call(tool, args)]);
  for (const [label, run] of [...calls, ...PARTS]) {
    asker.begin();
    await run(asker).catch((error: unknown) => {
      throw new Error(label, { cause: error });
    });
    steps[label] = asker.step();
  }
  return steps;
}

function direct(): RawClient {
  const client: RawClient = new RawClient({
    ...SERVER,
    env: { ...SERVER.env, PATH: process.env['PATH'] ?? '' },
    onReceived: answers(() => client),
  });
  onTestFinished(async () => {
    await client.close();
  });
  return client;
}

/** Both machines run, and their servers know the client's roots. */
async function through(): Promise<RawClient> {
  const hosts = writeHostsFile(
    { alpha: { sshd, servers: { every: SERVER } }, beta: { sshd, servers: { every: SERVER } } },
    LONG_NAMES,
  );
  const { client } = startServe(hosts.path, undefined, {
    onReceived: (one) => {
      answers(() => client)(one);
    },
  });
  await initialize(client, '2025-11-25', EVERY_CAPABILITY);
  await offers(client, ['alpha__every__trigger-url-elicitation', 'beta__every__trigger-url-elicitation']);
  await rootsKnown(client, 2);
  return client;
}

function rootsKnown(client: RawClient, servers: number): Promise<unknown> {
  const told = (): Message[] =>
    client
      .notifications('notifications/message')
      .filter(({ params }) => String(params?.['data']).startsWith('Roots updated'));
  return until(() => told().length >= servers, { what: 'every server to know the roots' });
}

async function startDirect(): Promise<RawClient> {
  const client = direct();
  await initialize(client, '2025-11-25', EVERY_CAPABILITY);
  await rootsKnown(client, 1);
  return client;
}

const list = async (client: RawClient, method: string, member: string): Promise<unknown[]> =>
  (await client.request(method))[member] as unknown[];

describe('server-everything', () => {
  it(proves(
    'says through the gateway what it says directly',
    'differential',
    'tasks',
    'client-features',
    'url-elicitation',
    'prompts-completion',
  ), async () => {
    const [alone, behind] = await Promise.all([startDirect(), through()]);
    const viaGateway = async (): Promise<Transcript[]> => {
      const transcripts: Transcript[] = [];
      for (const host of ['alpha', 'beta'])
        transcripts.push(await allParts(new Asker(behind, aliasesOf(host, 'every'), host)));
      return transcripts;
    };
    const [plain, [alpha, beta]] = await Promise.all([allParts(new Asker(alone, AS_IT_IS, 'direct')), viaGateway()]);
    expect(repliesMissing(plain)).toEqual(['cancellation']);
    expect(await toolsNotAsked(alone, plain)).toEqual(['get-env']);
    // The refusal of a task that nobody knows is the gateway's own.
    const common = (one: Transcript | undefined): Transcript => settled(withoutUnknownTask(one ?? {}));
    expect(common(alpha)).toEqual(common(aliased(plain, aliasesOf('alpha', 'every'))));
    expect(common(beta)).toEqual(common(aliased(plain, aliasesOf('beta', 'every'))));
  }, 120_000);

  it.each([
    ['tools/list', 'tools'],
    ['prompts/list', 'prompts'],
    ['resources/list', 'resources'],
    ['resources/templates/list', 'resourceTemplates'],
  ])(proves('%s is the two lists in the order of the hosts file', 'differential'), async (method, member) => {
    const [alone, behind] = await Promise.all([startDirect(), through()]);
    const own = await list(alone, method, member);
    const expected = ['alpha', 'beta'].flatMap((host) => {
      const reply = aliased(
        { list: { reply: [JSON.stringify({ result: { [member]: own } })] } },
        aliasesOf(host, 'every'),
      );
      return (
        (JSON.parse(reply['list']?.['reply']?.[0] ?? '') as { result: Record<string, unknown[]> }).result[member] ?? []
      );
    });
    expect(own.length).toBeGreaterThan(1);
    expect(await list(behind, method, member)).toEqual(expected);
  });

  it('is told by both machines of changed roots', async () => {
    const behind = await through();
    behind.notify('notifications/roots/list_changed');
    await rootsKnown(behind, 4);
    expect(behind.received.filter(({ message }) => message.method === 'roots/list')).toHaveLength(4);
  });

  it('runs in the environment of the hosts file', async () => {
    const behind = new Asker(await through(), aliasesOf('beta', 'every'), 'beta');
    const { result } = await behind.call('get-env');
    const [{ text }] = result?.['content'] as [{ text: string }];
    expect(JSON.parse(text)).toMatchObject({ DIFFERENTIAL: 'yes' });
  });
});

function withoutUnknownTask(transcript: Transcript): Transcript {
  const tasks = transcript['tasks'] ?? {};
  return { ...transcript, tasks: { ...tasks, 'reply tasks/get': (tasks['reply tasks/get'] ?? []).slice(0, 1) } };
}

/** Steps with a request that got no reply: only what was cancelled. */
function repliesMissing(transcript: Transcript): string[] {
  return Object.keys(transcript).filter((label) =>
    Object.values(transcript[label] ?? {}).some((texts) => texts.includes('none')),
  );
}

async function toolsNotAsked(client: RawClient, transcript: Transcript): Promise<string[]> {
  const names = (await list(client, 'tools/list', 'tools')).map((tool) => (tool as { name: string }).name);
  const asked = [...Object.keys(transcript).map((label) => label.split(' ')[0]), ...ASKED_IN_PARTS];
  return names.filter((name) => !asked.includes(name));
}
