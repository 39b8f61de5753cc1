/** The JSON Schema of the hosts file, for editors; made from the schema that reading uses. */
import * as z from 'zod';
import { hostsFileSchema } from './schema.ts';

export function hostsFileJsonSchema(): object {
  const schema = z.toJSONSchema(hostsFileSchema, { io: 'input', target: 'draft-7' });
  return {
    ...schema,
    title: 'MCP-Anywhere hosts file',
    description: 'The machines whose MCP servers one entry in an AI client offers.',
  };
}
