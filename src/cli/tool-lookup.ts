/** One tool by its public name, or why there is none of this name. */
import type { ToolEntry } from '../api/control.ts';
import { AnywhereError } from '../base/errors.ts';
import { nearTools } from '../config/near-miss.ts';
import type { ControlClient } from '../control/client.ts';
import type { CliContext } from './context.ts';

/**
 * @param word what a person typed before the name
 * @throws AnywhereError TOOL_UNKNOWN with what was probably meant, or the cause why its server has listed nothing
 */
export async function lookUpTool(
  context: CliContext,
  client: ControlClient,
  tool: string,
  word: 'call' | 'tools' = 'call',
): Promise<ToolEntry> {
  context.out.progress(`looking at ${tool} …`);
  const { tools, missing } = await client.request('tools', { tool }, context.io.signal);
  const entry = tools.find(({ name }) => name === tool);
  if (entry !== undefined) return entry;
  const [cause] = missing;
  if (cause !== undefined) throw new AnywhereError(cause.code, cause.message, { ...cause, tool });
  throw await unknownTool(context, client, tool, word);
}

export async function unknownTool(
  context: CliContext,
  client: ControlClient,
  tool: string,
  word: 'call' | 'tools' = 'call',
): Promise<AnywhereError> {
  const { tools } = await client.request('tools', { start: false }, context.io.signal);
  const near = nearTools(
    tool,
    tools.map(({ name }) => name),
  );
  const [first] = near;
  const hint = first === undefined ? {} : { hint: `did you mean ${near.join(' or ')}? mcp-anywhere ${word} ${first}` };
  return new AnywhereError('TOOL_UNKNOWN', `There is no tool called ${tool}.`, { tool, ...hint });
}
