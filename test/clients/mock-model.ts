/**
 * A model on loopback that does one thing: it calls the tool with a certain ending, and ends its turn when it sees the result.
 * The tool is asked for the variable TOKEN.
 * It speaks the APIs of Anthropic (Messages), OpenAI (Chat Completions, Responses) and Google (generateContent).
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isRecord } from '../../src/base/record.ts';

export interface MockModel {
  readonly url: string;
  /** Everything that clients sent back as results of the tool. */
  readonly results: readonly string[];
  /** Of all requests: method, path, and the names of the tools that were offered. */
  readonly seen: readonly string[];
  stop(): Promise<void>;
}

type Json = Readonly<Record<string, unknown>>;

/** One event of a stream: its data, and its name where the API names events. */
interface StreamEvent {
  readonly name?: string;
  readonly data: unknown;
}

interface Api {
  readonly path: RegExp;
  /** Names of the tools, as a call has to name them. */
  readonly tools: (body: Json) => readonly ToolName[];
  readonly results: (body: Json) => readonly string[];
  readonly answer: (call: ToolName | undefined) => { readonly whole: unknown; readonly events: readonly StreamEvent[] };
}

interface ToolName {
  readonly name: string;
  /** Codex groups the tools of a server. */
  readonly namespace?: string;
}

const DONE = 'done';
export const ARGUMENTS = { variables: ['TOKEN'] };
const ARGUMENTS_TEXT = JSON.stringify(ARGUMENTS);

export async function startMockModel(ending: string): Promise<MockModel> {
  const results: string[] = [];
  const seen: string[] = [];
  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => {
      seen.push(`failed: ${String(error)}`);
      response.writeHead(500).end();
    });
  });
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? '/';
    const body = await bodyOf(request);
    const api = APIS.find(({ path }) => path.test(url));
    if (api === undefined || request.method !== 'POST') {
      seen.push(`${request.method ?? ''} ${url}`);
      json(response, /models/.test(url) ? { object: 'list', data: [{ id: 'mock', object: 'model' }] } : {});
      return;
    }
    const tools = api.tools(body);
    seen.push(`${url}: ${tools.map(({ name }) => name).join(' ')}`);
    const found = api.results(body);
    results.push(...found);
    const tool = found.length > 0 ? undefined : tools.find(({ name }) => name.endsWith(ending));
    const { whole, events } = api.answer(tool);
    const isStream = body['stream'] === true || /stream/i.test(url);
    if (isStream) stream(response, events);
    else json(response, whole);
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    results,
    seen,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<Json> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
    return isRecord(body) ? body : {};
  } catch {
    return {};
  }
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function stream(response: ServerResponse, events: readonly StreamEvent[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const { name, data } of events) {
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    response.write(`${name === undefined ? '' : `event: ${name}\n`}data: ${text}\n\n`);
  }
  response.end();
}

function records(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function named(value: unknown): readonly ToolName[] {
  return records(value).flatMap(({ name }) => (typeof name === 'string' ? [{ name }] : []));
}

const USAGE = { input_tokens: 1, output_tokens: 1 };

const MESSAGES: Api = {
  path: /\/messages(\?|$)/,
  tools: (body) => named(body['tools']),
  results: (body) =>
    records(body['messages'])
      .flatMap(({ content }) => records(content))
      .filter(({ type }) => type === 'tool_result')
      .map(({ content }) => JSON.stringify(content)),
  answer: (tool) => {
    const block =
      tool === undefined
        ? { type: 'text', text: DONE }
        : { type: 'tool_use', id: 'toolu_1', name: tool.name, input: ARGUMENTS };
    const message = {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'mock',
      stop_sequence: null,
      usage: USAGE,
    };
    const stop_reason = tool === undefined ? 'end_turn' : 'tool_use';
    const delta =
      tool === undefined
        ? { type: 'text_delta', text: DONE }
        : { type: 'input_json_delta', partial_json: ARGUMENTS_TEXT };
    const events = [
      { type: 'message_start', message: { ...message, content: [], stop_reason: null } },
      {
        type: 'content_block_start',
        index: 0,
        content_block: tool === undefined ? { ...block, text: '' } : { ...block, input: {} },
      },
      { type: 'content_block_delta', index: 0, delta },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: USAGE },
      { type: 'message_stop' },
    ];
    return {
      whole: { ...message, content: [block], stop_reason },
      events: events.map((data) => ({ name: data.type, data })),
    };
  },
};

const COMPLETIONS: Api = {
  path: /\/chat\/completions/,
  tools: (body) => records(body['tools']).flatMap((tool) => named([tool['function']])),
  results: (body) =>
    records(body['messages'])
      .filter(({ role }) => role === 'tool')
      .map(({ content }) => JSON.stringify(content)),
  answer: (tool) => {
    const call = { id: 'call_1', type: 'function', function: { name: tool?.name, arguments: ARGUMENTS_TEXT } };
    const message = { role: 'assistant', content: tool === undefined ? DONE : null };
    const base = { id: 'chat_1', created: 1, model: 'mock' };
    const finish_reason = tool === undefined ? 'stop' : 'tool_calls';
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    const withCall = tool === undefined ? {} : { tool_calls: [{ index: 0, ...call }] };
    const chunk = (delta: object, reason: string | null): StreamEvent => ({
      data: { ...base, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: reason }], usage },
    });
    return {
      whole: {
        ...base,
        object: 'chat.completion',
        choices: [{ index: 0, message: { ...message, ...withCall }, finish_reason }],
        usage,
      },
      events: [chunk({ ...message, ...withCall }, null), chunk({}, finish_reason), { data: '[DONE]' }],
    };
  },
};

const RESPONSES: Api = {
  path: /\/responses(\?|$)/,
  tools: (body) =>
    records(body['tools']).flatMap((tool) =>
      tool['type'] === 'namespace'
        ? named(tool['tools']).map(({ name }) => ({ name, namespace: String(tool['name']) }))
        : named([tool]),
    ),
  results: (body) =>
    records(body['input'])
      .filter(({ type }) => type === 'function_call_output')
      .map(({ output }) => JSON.stringify(output)),
  answer: (tool) => {
    const item =
      tool === undefined
        ? {
            id: 'item_1',
            type: 'message',
            role: 'assistant',
            status: 'completed',
            content: [{ type: 'output_text', text: DONE, annotations: [] }],
          }
        : {
            id: 'item_1',
            type: 'function_call',
            status: 'completed',
            call_id: 'call_1',
            ...tool,
            arguments: ARGUMENTS_TEXT,
          };
    const usage = { ...USAGE, total_tokens: 2, input_tokens_details: null, output_tokens_details: null };
    const response = { id: 'resp_1', object: 'response', created_at: 1, model: 'mock', status: 'completed', usage };
    const events = [
      { type: 'response.created', response: { ...response, status: 'in_progress', output: [] } },
      { type: 'response.output_item.added', output_index: 0, item },
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: { ...response, output: [item] } },
    ];
    return { whole: { ...response, output: [item] }, events: events.map((data) => ({ name: data.type, data })) };
  },
};

const GENERATE: Api = {
  path: /:(stream)?generateContent/i,
  tools: (body) => records(body['tools']).flatMap((tool) => named(tool['functionDeclarations'])),
  results: (body) =>
    records(body['contents'])
      .flatMap(({ parts }) => records(parts))
      .flatMap(({ functionResponse: found }) => (found === undefined ? [] : [JSON.stringify(found)])),
  answer: (tool) => {
    const part = tool === undefined ? { text: DONE } : { functionCall: { name: tool.name, args: ARGUMENTS } };
    const whole = {
      candidates: [{ index: 0, content: { role: 'model', parts: [part] }, finishReason: 'STOP' }],
      usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
    };
    return { whole, events: [{ data: whole }] };
  },
};

const APIS: readonly Api[] = [MESSAGES, COMPLETIONS, RESPONSES, GENERATE];
