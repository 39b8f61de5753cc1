/** The answer of a call: its text for stdout, and for `--output` its binary parts as files. */
import { writeFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { errnoAdvice, errnoText } from '../base/errno.ts';
import { AnywhereError } from '../base/errors.ts';
import { harmless, harmlessJson, oneLine } from '../base/harmless.ts';
import { binaryParts, resultText } from '../model/call-result.ts';
import type { CliContext } from './context.ts';
import { coloredJson, isJsonDocument } from './json-color.ts';

/** An answer without binary parts goes into the file as text. An existing file is replaced, as `curl -o` does. */
export async function saveResult(context: CliContext, result: unknown, output: string): Promise<void> {
  const { io, out } = context;
  const parts = binaryParts(result).map(({ base64, type }) => ({ bytes: Buffer.from(base64, 'base64'), type }));
  const text = resultText(result, { withBinary: false });
  const files = parts.length === 0 ? [{ bytes: Buffer.from(text), type: 'text' }] : parts;
  for (const [index, { bytes, type }] of files.entries()) {
    const file = resolve(io.cwd, numbered(output, index));
    await write(file, bytes);
    out.note(`${oneLine(`Wrote ${file}: ${type}, ${String(bytes.length)} bytes`)}\n`);
  }
  if (parts.length > 0) out.write(shown(context, text));
}

/** A pipe gets every byte of the text. A terminal gets only what is harmless, and JSON in colours. */
export function shown({ io, style }: CliContext, text: string): string {
  if (!io.stdout.isTTY) return text;
  return isJsonDocument(text) ? coloredJson(harmlessJson(text), style) : harmless(text);
}

/** `plot.png`, `plot-2.png`, `plot-3.png`. */
function numbered(output: string, index: number): string {
  if (index === 0) return output;
  const ending = extname(output);
  return `${output.slice(0, output.length - ending.length)}-${String(index + 1)}${ending}`;
}

async function write(file: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(file, bytes);
  } catch (cause) {
    const text = `${file} could not be written: ${errnoText(cause)}. The call was made.`;
    throw new AnywhereError('OUTPUT_FAILED', text, { hint: errnoAdvice(cause, file), cause });
  }
}
