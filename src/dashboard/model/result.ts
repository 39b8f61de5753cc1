/** A CallToolResult (MCP 2025-11-25, server/tools) as lines for a screen. */
import { isRecord } from '../../base/record.ts';
import { plainLines } from '../text.ts';

/** A person reads no more of an answer here; `mcp-anywhere call` prints all of it. */
const MAX_LINES = 2000;

export function resultLines(result: unknown): { readonly isError: boolean; readonly text: readonly string[] } {
  if (!isRecord(result)) return { isError: false, text: jsonLines(result) };
  const content = Array.isArray(result['content']) ? result['content'].filter(isRecord) : [];
  const text = content.flatMap(blockLines);
  if (text.length === 0 && result['structuredContent'] !== undefined)
    text.push(...jsonLines(result['structuredContent']));
  const shown =
    text.length > MAX_LINES ? [...text.slice(0, MAX_LINES), `… ${text.length - MAX_LINES} more lines`] : text;
  return { isError: result['isError'] === true, text: shown };
}

function blockLines(block: Readonly<Record<string, unknown>>): readonly string[] {
  const { type, text, resource } = block as { type?: unknown; text?: unknown; resource?: unknown };
  if (type === 'text') return linesOf(text);
  if (type === 'resource' && isRecord(resource) && typeof resource['text'] === 'string')
    return linesOf(resource['text']);
  const facts = [block['name'], block['uri'], block['mimeType']].filter((fact) => typeof fact === 'string');
  return plainLines(`[${[String(type), ...facts].join(' ').replaceAll(/\s+/g, ' ')}]`);
}

function linesOf(text: unknown): readonly string[] {
  return typeof text === 'string' ? plainLines(text.trimEnd()) : [];
}

function jsonLines(value: unknown): readonly string[] {
  return plainLines(JSON.stringify(value, null, 2));
}
