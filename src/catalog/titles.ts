/**
 * Titles that say where something runs: `Create Directory · gpu1/files`. A client shows the title and not the name
 * when it asks its user for consent, and with several servers the same title means several machines.
 */
import { memberAt, memberOf, type Span, textAt } from '../protocol/json-scan.ts';
import type { Edit } from '../protocol/splice.ts';
import { insertMember } from './member-edits.ts';

/**
 * @param name becomes the title of a definition that has none
 * @param place `host/server`, or a pool
 */
export function titleEdits(definition: Buffer, name: string, place: string): readonly Edit[] {
  const whole = { start: 0, end: definition.length };
  const suffix = ` · ${place}`;
  const ofAnnotations = filled(definition, memberAt(definition, whole, ['annotations', 'title']));
  const written = memberOf(definition, whole, 'title');
  const title = filled(definition, written);
  const edits = [title, ofAnnotations].flatMap((span) => (span === undefined ? [] : [beforeQuote(span, suffix)]));
  if (title !== undefined) return edits;
  const shown = ofAnnotations === undefined ? name : (textAt(definition, ofAnnotations) ?? name);
  const text = JSON.stringify(shown + suffix);
  return [
    ...edits,
    written === undefined ? insertMember(definition, whole, `"title":${text}`) : { span: written, text },
  ];
}

/** Only where it is a text with something in it. */
function filled(bytes: Buffer, span: Span | undefined): Span | undefined {
  return span === undefined || (textAt(bytes, span) ?? '') === '' ? undefined : span;
}

function beforeQuote({ end }: Span, text: string): Edit {
  return { span: { start: end - 1, end: end - 1 }, text };
}
