/** A CallToolResult (MCP 2025-11-25, server/tools) as text for a person. */
import { isRecord } from '../base/record.ts';

type Block = Readonly<Record<string, unknown>>;

/** Text as the tool wrote it; images, sounds and links described in brackets. */
export function resultText(result: unknown, { withBinary = true } = {}): string {
  if (!isRecord(result)) return `${JSON.stringify(result, null, 2)}\n`;
  const content = Array.isArray(result['content']) ? result['content'].filter(isRecord) : [];
  const pieces = content.filter((block) => withBinary || bytesOf(block) === undefined).map(blockText);
  if (pieces.length === 0 && result['structuredContent'] !== undefined)
    pieces.push(JSON.stringify(result['structuredContent'], null, 2));
  return pieces.map((piece) => (piece.endsWith('\n') ? piece : `${piece}\n`)).join('');
}

/** One image, sound or embedded file. */
export interface BinaryPart {
  readonly base64: string;
  /** The MIME type that the server names, if any. */
  readonly type: string;
}

export function binaryParts(result: unknown): readonly BinaryPart[] {
  const content = isRecord(result) && Array.isArray(result['content']) ? result['content'].filter(isRecord) : [];
  return content.flatMap((block) => bytesOf(block) ?? []);
}

function bytesOf(block: Block): BinaryPart | undefined {
  const { resource } = block;
  const source = isRecord(resource) ? resource : block;
  const data = isRecord(resource) ? resource['blob'] : isMedia(block) ? block['data'] : undefined;
  if (typeof data !== 'string') return undefined;
  return { base64: data, type: textOf(source['mimeType']) || 'binary' };
}

function isMedia({ type }: Block): boolean {
  return type === 'image' || type === 'audio';
}

export function isErrorResult(result: unknown): boolean {
  return isRecord(result) && result['isError'] === true;
}

function blockText(block: Block): string {
  switch (block['type']) {
    case 'text':
      return textOf(block['text']);
    case 'image':
    case 'audio':
      return `[${block['type']} ${textOf(block['mimeType'])}, ${sizeText(block['data'])}]`;
    case 'resource_link':
      return `[link ${[block['name'], block['uri']].map(textOf).join(' ')}]`;
    case 'resource':
      return embeddedText(block['resource']);
    default:
      return `[${textOf(block['type'])}]`;
  }
}

function embeddedText(resource: unknown): string {
  if (!isRecord(resource)) return '[resource]';
  if (typeof resource['text'] === 'string') return resource['text'];
  return `[resource ${textOf(resource['uri'])} ${textOf(resource['mimeType'])}, ${sizeText(resource['blob'])}]`;
}

/** Decoded size of base64 data. */
function sizeText(data: unknown): string {
  const bytes = typeof data === 'string' ? Math.floor((data.replace(/=+$/, '').length * 3) / 4) : 0;
  return bytes < 1024 ? `${bytes} bytes` : `${(bytes / 1024).toFixed(1)} KB`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
