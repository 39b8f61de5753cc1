/** One tool by its public name, or why there is none of this name. */
import type { ControlMethods, ToolEntry } from '../api/control.ts';
import { AnywhereError } from '../base/errors.ts';
import { nearTools } from '../config/near-miss.ts';
import type { ControlClient } from '../control/client.ts';
import type { CliContext } from './context.ts';

interface LookUp {
  /** What a person typed before the name. */
  readonly word?: 'call' | 'tools';
  /** The session that the server is started in. */
  readonly shell?: NonNullable<ControlMethods['tools']['params']['shell']>;
}

/** @throws AnywhereError TOOL_UNKNOWN with what was probably meant, or the cause why its server has listed nothing */
export async function lookUpTool(
  context: CliContext,
  client: ControlClient,
  tool: string,
  { word, shell }: LookUp = {},
): Promise<ToolEntry> {
  context.out.progress(`looking at ${tool} …`);
  const params = { tool, ...(shell === undefined ? {} : { shell }) };
  const { tools } = await client.request('tools', params, context.io.signal);
  const entry = tools.find(({ name }) => name === tool);
  if (entry !== undefined) return entry;
  throw await unknownTool(context, client, tool, word);
}

/** Why no such tool is offered: its server has not listed its tools yet, or the name is wrong. */
export async function unknownTool(
  context: CliContext,
  client: ControlClient,
  tool: string,
  word: LookUp['word'] = 'call',
): Promise<AnywhereError> {
  const { tools, missing } = await client.request('tools', { tool }, context.io.signal);
  const [cause] = missing;
  if (cause !== undefined) return new AnywhereError(cause.code, cause.message, { ...cause, tool });
  const near = nearTools(
    tool,
    tools.map(({ name }) => name),
  );
  const [first] = near;
  const hint = first === undefined ? {} : { hint: `did you mean ${near.join(' or ')}? mcp-anywhere ${word} ${first}` };
  return new AnywhereError('TOOL_UNKNOWN', `There is no tool called ${tool}.`, { tool, ...hint });
}
