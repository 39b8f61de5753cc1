/** A client with every capability of MCP 2025-11-25, which answers what servers ask of it: always the same. */
import type { Message, RawClient } from './raw-client.ts';

export const EVERY_CAPABILITY = {
  roots: { listChanged: true },
  sampling: { tools: {}, context: {} },
  elicitation: { form: {}, url: {} },
  tasks: { list: {}, cancel: {}, requests: { sampling: { createMessage: {} }, elicitation: { create: {} } } },
  experimental: { 'vendor/feature': { level: 3 } },
  'x-unknown': { kept: true },
};

const SAMPLE = {
  role: 'assistant',
  model: 'the-model',
  content: { type: 'text', text: 'a sample' },
  stopReason: 'endTurn',
};
const ELICITED = {
  name: 'Ada',
  check: true,
  firstLine: 'It was',
  email: 'ada@example.com',
  homepage: 'https://example.com',
  birthdate: '1815-12-10',
  integer: 42,
  number: 3.14,
  untitledSingleSelectEnum: 'Monica',
  untitledMultipleSelectEnum: ['Guitar'],
  titledSingleSelectEnum: 'hero-1',
  titledMultipleSelectEnum: ['fish-1'],
  legacyTitledEnum: 'pet-1',
  interpretation: 'technical',
  favoriteColor: 'blue',
  agreeToTerms: true,
};
const TIME = '2026-01-01T00:00:00.000Z';
/** What a request with `task` gets at once; its result is fetched afterwards. */
const taskOf = (method: string, status: string): object => ({
  taskId: `client-${method}`,
  status,
  ttl: 60_000,
  pollInterval: 50,
  createdAt: TIME,
  lastUpdatedAt: TIME,
});

/** Undefined for a method it does not have. */
function answer({ method = '', params = {} }: Message): object | undefined {
  if (method === 'ping') return {};
  if (method === 'roots/list') return { roots: [{ uri: 'file:///work', name: 'Work' }] };
  if (params['task'] !== undefined) return { task: taskOf(method, 'working') };
  if (method === 'sampling/createMessage') return SAMPLE;
  if (method === 'elicitation/create')
    return params['mode'] === 'url' ? { action: 'accept' } : { action: 'accept', content: ELICITED };
  const of = String(params['taskId']).slice('client-'.length);
  if (method === 'tasks/get') return taskOf(of, 'completed');
  return method === 'tasks/result' ? answer({ method: of }) : undefined;
}

/** For `onReceived` of a RawClient. */
export function answers(client: () => RawClient): (one: { readonly message: Message }) => void {
  return ({ message }) => {
    if (message.method === undefined || message.id === undefined) return;
    const result = answer(message);
    const reply = result === undefined ? { error: { code: -32601, message: 'not mine' } } : { result };
    client().send(JSON.stringify({ jsonrpc: '2.0', id: message.id, ...reply }));
  };
}
