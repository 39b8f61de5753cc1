/** `call <tool>`: calls one tool and prints its answer. */

import { AnywhereError, EXIT, type ExitCode } from '../base/errors.ts';
import { harmless, oneLine } from '../base/harmless.ts';
import { isRecord } from '../base/record.ts';
import { nearMiss } from '../config/near-miss.ts';
import type { ControlClient } from '../control/client.ts';
import { type Parameters, parametersOf, readArgument } from '../model/arguments.ts';
import { isErrorResult, resultText } from '../model/call-result.ts';
import type { CliContext } from './context.ts';
import { warnOfHostsFile } from './report.ts';
import { withClient } from './session.ts';

export interface CallOptions {
  /** `key=value`, typed by the tool's inputSchema. */
  readonly arg: readonly string[];
  /** One JSON object; `-` reads it from stdin. */
  readonly jsonArgs: string | undefined;
  /** The host whose member of the pool runs the tool. */
  readonly host: string | undefined;
  /** In a new session, and not in the one that the daemon has kept for this shell. */
  readonly fresh: boolean;
}

type Shell = 'kept' | 'fresh';

export async function runCall(context: CliContext, tool: string, options: CallOptions): Promise<ExitCode> {
  if (options.jsonArgs !== undefined && options.arg.length > 0) {
    throw new AnywhereError('USAGE', '--arg and --json-args cannot be given together.', {
      tool,
      hint: 'give all arguments with --arg, or all with --json-args',
    });
  }
  assertPairs(options.arg, tool);
  const whole = options.jsonArgs === undefined ? undefined : jsonArguments(await jsonText(context, options.jsonArgs));
  const shell: Shell = options.fresh ? 'fresh' : 'kept';
  const outcome = await withClient(context, async (client) => {
    const args = whole ?? (await argumentsOf(context, client, { tool, pairs: options.arg, shell }));
    context.out.progress(`calling ${tool} …`);
    const stopListening = client.on('call/progress', ({ progress, total, message }) => {
      context.out.progress(`${String(progress)}${total === undefined ? '' : `/${String(total)}`} ${message ?? ''}`);
    });
    try {
      const pin = options.host === undefined ? {} : { host: options.host };
      return await client.request('call', { tool, arguments: args, shell, ...pin }, context.io.signal);
    } catch (error) {
      throw isUnknownTool(error) ? await unknownTool(context, client, tool) : error;
    } finally {
      stopListening();
    }
  });
  if (context.globals.json) context.out.json<'call'>(outcome);
  else context.out.write(shown(context, resultText(outcome.result)));
  warnOfHostsFile(context, outcome.problem);
  if (!isErrorResult(outcome.result)) return EXIT.ok;
  context.out.note(
    `${context.style.bad('✖')} ${oneLine(outcome.host)}/${oneLine(outcome.server)}: the tool answered with an error\n`,
  );
  return EXIT.tool;
}

/** A pipe gets every byte of the text. A terminal gets only what is harmless. */
function shown(context: CliContext, text: string): string {
  return context.io.stdout.isTTY ? harmless(text) : text;
}

async function argumentsOf(
  context: CliContext,
  client: ControlClient,
  { tool, pairs, shell }: { readonly tool: string; readonly pairs: readonly string[]; readonly shell: Shell },
): Promise<Record<string, unknown>> {
  if (pairs.length === 0) return {};
  context.out.progress(`looking at ${tool} …`);
  const { tools } = await client.request('tools', { tool, shell }, context.io.signal);
  const entry = tools.find(({ name }) => name === tool);
  if (entry === undefined) throw await unknownTool(context, client, tool);
  return typedArguments(pairs, entry.definition, tool);
}

function isUnknownTool(error: unknown): boolean {
  return error instanceof AnywhereError && error.code === 'TOOL_UNKNOWN';
}

/** Why no such tool is offered: its server has not listed its tools yet, or the name is wrong. */
async function unknownTool(context: CliContext, client: ControlClient, tool: string): Promise<AnywhereError> {
  const { tools, missing } = await client.request('tools', { tool }, context.io.signal);
  const [cause] = missing;
  if (cause !== undefined) return new AnywhereError(cause.code, cause.message, { ...cause, tool });
  const near = nearMiss(
    tool,
    tools.map(({ name }) => name),
  );
  return new AnywhereError(
    'TOOL_UNKNOWN',
    `There is no tool called ${tool}.`,
    near === undefined ? {} : { hint: `did you mean ${near}? mcp-anywhere call ${near}` },
  );
}

async function jsonText(context: CliContext, given: string): Promise<string> {
  if (given !== '-') return given;
  const pieces: Buffer[] = [];
  for await (const piece of context.io.stdin) pieces.push(Buffer.from(piece as Uint8Array));
  return Buffer.concat(pieces).toString('utf8');
}

const ARGUMENTS_HINT = `mcp-anywhere tools --json shows the schema; or pass all arguments at once: --json-args '{…}'`;

/** `--arg key=value` as the tool's arguments. Every mistake is reported at once, as USAGE. */
export function typedArguments(pairs: readonly string[], definition: unknown, tool: string): Record<string, unknown> {
  const parameters = parametersOf(definition);
  const { groups, mistakes } = grouped(pairs);
  const values = new Map<string, unknown>();
  for (const [name, texts] of groups) {
    const parameter = parameters.find(name);
    if (parameter === undefined) {
      mistakes.push(`${name}: ${noSuchArgument(name, parameters)}`);
      continue;
    }
    const reading = readArgument(parameter, texts);
    if (reading.ok) values.set(name, reading.value);
    else mistakes.push(`${name}: expected ${reading.expected}, got ${JSON.stringify(reading.got)}`);
  }
  const missing = parameters.named.filter(({ name, required }) => required && !groups.has(name));
  mistakes.push(...missing.map(({ name }) => `${name}: required, but not given`));
  if (mistakes.length > 0)
    throw new AnywhereError('USAGE', `The arguments do not fit ${tool}.`, { evidence: mistakes, hint: ARGUMENTS_HINT });
  // Not assigned one by one: an argument called __proto__ must stay an argument.
  return Object.fromEntries(values);
}

function noSuchArgument(name: string, { named }: Parameters): string {
  const known = named.map((parameter) => parameter.name);
  if (known.length === 0) return 'the tool takes no arguments';
  const near = nearMiss(name, known);
  return `the tool has no such argument; ${near === undefined ? `it takes ${known.join(', ')}` : `did you mean ${near}?`}`;
}

/** Throws USAGE unless every text is `key=value`; this needs no schema. */
function assertPairs(pairs: readonly string[], tool: string): void {
  const { mistakes } = grouped(pairs);
  if (mistakes.length > 0)
    throw new AnywhereError('USAGE', 'An --arg must have the form key=value.', {
      tool,
      evidence: mistakes,
      hint: ARGUMENTS_HINT,
    });
}

function grouped(pairs: readonly string[]): { groups: ReadonlyMap<string, readonly string[]>; mistakes: string[] } {
  const groups = new Map<string, string[]>();
  const mistakes: string[] = [];
  for (const pair of pairs) {
    const cut = pair.indexOf('=');
    if (cut < 1) {
      mistakes.push(`--arg ${pair}: expected key=value`);
      continue;
    }
    const key = pair.slice(0, cut);
    groups.set(key, [...(groups.get(key) ?? []), pair.slice(cut + 1)]);
  }
  return { groups, mistakes };
}

/** The text of `--json-args`. */
export function jsonArguments(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (isRecord(value)) return value;
  throw new AnywhereError('USAGE', '--json-args needs one JSON object.', { hint: `--json-args '{"key": "value"}'` });
}
