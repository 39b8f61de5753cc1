/** A CallToolResult (MCP 2025-11-25, server/tools) as text for a terminal; nothing of it is saved. */

type Block = Readonly<Record<string, unknown>>;

/** Text as it came; images, sounds and links described in brackets. */
export function resultText(result: unknown): string {
  if (!isBlock(result)) return `${JSON.stringify(result, null, 2)}\n`;
  const content = Array.isArray(result['content']) ? result['content'].filter(isBlock) : [];
  const pieces = content.map(blockText);
  if (pieces.length === 0 && result['structuredContent'] !== undefined)
    pieces.push(JSON.stringify(result['structuredContent'], null, 2));
  return pieces.map((piece) => (piece.endsWith('\n') ? piece : `${piece}\n`)).join('');
}

export function isErrorResult(result: unknown): boolean {
  return isBlock(result) && result['isError'] === true;
}

function blockText(block: Block): string {
  switch (block['type']) {
    case 'text':
      return textOf(block['text']);
    case 'image':
    case 'audio':
      return `[${block['type']} ${textOf(block['mimeType'])}, ${size(block['data'])}]`;
    case 'resource_link':
      return `[link ${[block['name'], block['uri']].map(textOf).join(' ')}]`;
    case 'resource':
      return embedded(block['resource']);
    default:
      return `[${textOf(block['type'])}]`;
  }
}

function embedded(resource: unknown): string {
  if (!isBlock(resource)) return '[resource]';
  if (typeof resource['text'] === 'string') return resource['text'];
  return `[resource ${textOf(resource['uri'])} ${textOf(resource['mimeType'])}, ${size(resource['blob'])}]`;
}

/** Decoded size of base64 data. */
function size(data: unknown): string {
  const bytes = typeof data === 'string' ? Buffer.byteLength(data, 'base64') : 0;
  return bytes < 1024 ? `${String(bytes)} bytes` : `${(bytes / 1024).toFixed(1)} KB`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isBlock(value: unknown): value is Block {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
