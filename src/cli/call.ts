/** `call <tool>`: calls one tool and prints its answer. */
import type { CallOutcome, ControlMethods } from '../api/control.ts';
import { AnywhereError, EXIT, type ExitCode } from '../base/errors.ts';
import { oneLine } from '../base/harmless.ts';
import type { ControlClient } from '../control/client.ts';
import { isErrorResult, resultText } from '../model/call-result.ts';
import { argumentsFor, assertPairs, jsonArgumentsFrom } from './call-args.ts';
import { saveResult, shown } from './call-output.ts';
import { type CliContext, isInteractive } from './context.ts';
import { warnOfHostsFile } from './report.ts';
import { withClient } from './session.ts';
import { lookUpTool, unknownTool } from './tool-lookup.ts';

export interface CallOptions {
  /** `key=value`, typed by the tool's inputSchema. */
  readonly arg: readonly string[];
  /** One JSON object; `-` reads it from stdin. */
  readonly jsonArgs: string | undefined;
  /** The host whose member of the pool runs the tool. */
  readonly host: string | undefined;
  /** The file for images and other binary parts of the answer. */
  readonly output: string | undefined;
  /** Prints the result as the server wrote it. */
  readonly raw: boolean;
  /** Shows no progress. */
  readonly quiet: boolean;
  /** In a new session, and not in the one that the daemon has kept for this shell. */
  readonly fresh: boolean;
}

export async function runCall(outer: CliContext, tool: string, options: CallOptions): Promise<ExitCode> {
  const context = options.quiet ? { ...outer, out: { ...outer.out, progress: () => undefined } } : outer;
  assertOptions(context, tool, options);
  const { jsonArgs } = options;
  const whole = jsonArgs === undefined ? undefined : await jsonArgumentsFrom(context, jsonArgs);
  const outcome = await withClient(context, async (client) => {
    const args = whole ?? (await given(context, client, tool, options));
    return await calling(context, client, tool, args, options);
  });
  await print(context, outcome, options);
  warnOfHostsFile(context, outcome.problem);
  if (!isErrorResult(outcome.result)) return EXIT.ok;
  const place = oneLine(`${outcome.host}/${outcome.server}`);
  context.out.note(`${context.style.bad('✖')} ${place}: the tool answered with an error\n`);
  return EXIT.tool;
}

/** What can be refused before anything starts. */
function assertOptions({ globals }: CliContext, tool: string, { arg, jsonArgs, raw }: CallOptions): void {
  if (jsonArgs !== undefined && arg.length > 0)
    throw new AnywhereError('USAGE', '--arg and --json-args cannot be given together.', {
      tool,
      hint: 'give all arguments with --arg, or all with --json-args',
    });
  if (raw && globals.json)
    throw new AnywhereError('USAGE', '--raw and --json cannot be given together.', {
      tool,
      hint: '--raw prints what the server wrote; --json adds where it ran and how long it took',
    });
  assertPairs(arg, tool);
}

/** Without `--arg`, a script's call needs no look at the schema. */
async function given(
  context: CliContext,
  client: ControlClient,
  tool: string,
  { arg, fresh }: CallOptions,
): Promise<Record<string, unknown>> {
  if (arg.length === 0 && (!isInteractive(context.io) || context.globals.json)) return {};
  const entry = await lookUpTool(context, client, tool, { shell: shellOf(fresh) });
  return await argumentsFor(context, entry, arg);
}

function shellOf(fresh: boolean): 'kept' | 'fresh' {
  return fresh ? 'fresh' : 'kept';
}

async function calling(
  context: CliContext,
  client: ControlClient,
  tool: string,
  args: Record<string, unknown>,
  { host, raw, fresh }: CallOptions,
): Promise<ControlMethods['call']['result']> {
  context.out.progress(`calling ${tool} …`);
  const stopListening = client.on('call/progress', ({ progress, total, message }) => {
    context.out.progress(`${String(progress)}${total === undefined ? '' : `/${String(total)}`} ${message ?? ''}`);
  });
  const more = { shell: shellOf(fresh), ...(host === undefined ? {} : { host }), ...(raw ? { raw } : {}) };
  try {
    return await client.request('call', { tool, arguments: args, ...more }, context.io.signal);
  } catch (error) {
    const isUnknown = error instanceof AnywhereError && error.code === 'TOOL_UNKNOWN';
    throw isUnknown ? await unknownTool(context, client, tool) : error;
  } finally {
    stopListening();
  }
}

async function print(context: CliContext, outcome: CallOutcome, { output, raw }: CallOptions): Promise<void> {
  const { out, globals } = context;
  if (output !== undefined) await saveResult(context, outcome.result, output);
  if (raw) out.write(`${shown(context, outcome.raw ?? '')}\n`);
  else if (globals.json) out.json<'call'>(outcome);
  else if (output === undefined) out.write(shown(context, resultText(outcome.result)));
}
