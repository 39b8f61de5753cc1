/**
 * The text of a hosts file as a value, with the place of every key in it.
 *
 * YAML 1.2 (so `on` and `no` are texts), with `<<` merges and anchors as people use them. JSON is read by
 * the same rules. What the library quotes from the text is not passed on: a line may hold a secret.
 */

import type { Document, ParsedNode, YAMLError } from 'yaml';
import { Composer, LineCounter, Parser, YAMLParseError } from 'yaml';
import { isTooDeep } from './depth.ts';
import { nodeComplaints } from './node-complaints.ts';
import type { Complaint, KeyPath, Position } from './problem.ts';
import { keepWrittenText } from './written-text.ts';
import { syntaxComplaint } from './yaml-errors.ts';
import { offsetOf } from './yaml-nodes.ts';

export interface HostsDocument {
  /** Plain data; undefined when the syntax is too broken to say. */
  readonly value: unknown;
  readonly complaints: readonly Complaint[];
  /** Where a key, or what stands behind it, begins. For a key that is missing: where its parent begins. */
  locate(path: KeyPath, about: 'key' | 'value'): Position;
}

export function readDocument(text: string): HostsDocument {
  const lines = new LineCounter();
  const document = parseText(text, lines);
  if (!('errors' in document)) return { value: undefined, complaints: [document], locate: () => START };
  const faults = firstOfPlace([...document.errors, ...document.warnings]);
  const found = nodeComplaints(document);
  const complaints = [
    ...faults.slice(0, MOST_FAULTS).map((fault) => syntaxComplaint(fault.code, positionOf(lines, fault.pos[0]))),
    ...found.map(({ offset, ...complaint }) => ({ ...complaint, at: positionOf(lines, offset) })),
  ];
  const locate = (path: KeyPath, about: 'key' | 'value'): Position =>
    positionOf(lines, offsetOf(document, path, about));
  if (faults.some((fault) => fault.code !== 'DUPLICATE_KEY') || found.some((complaint) => complaint.broken))
    return { value: undefined, complaints, locate };
  keepWrittenText(document);
  return { ...plainValue(document, complaints), locate };
}

/** After so many the parser only repeats itself. */
const MOST_FAULTS = 20;
const START: Position = { line: 1, column: 1 };
const OPTIONS = { prettyErrors: false, merge: true, stringKeys: true } as const;

/** What `parseDocument` of the library does, with a look at the depth before its recursive half begins. */
function parseText(text: string, lines: LineCounter): Document.Parsed | Complaint {
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  if (isTooDeep(tokens)) {
    return { path: [], about: 'value', expected: 'a hosts file', found: 'YAML nested too deeply', at: START };
  }
  const [document, second] = new Composer<ParsedNode>(OPTIONS).compose(tokens, true, text.length);
  if (document === undefined) throw new TypeError('forced to compose, it always gives a document');
  if (second !== undefined)
    document.errors.push(new YAMLParseError([second.range[0], second.range[1]], 'MULTIPLE_DOCS', ''));
  return document;
}

/** One broken quote or bracket gives a row of faults, all at the place where the parser noticed. */
function firstOfPlace(faults: readonly YAMLError[]): YAMLError[] {
  return faults.filter((fault, index) => faults.findIndex((other) => other.pos[0] === fault.pos[0]) === index);
}

function plainValue(
  document: Document.Parsed,
  complaints: readonly Complaint[],
): Pick<HostsDocument, 'value' | 'complaints'> {
  try {
    return { value: document.toJS({ maxAliasCount: 100 }) as unknown, complaints };
  } catch {
    const bomb: Complaint = {
      path: [],
      about: 'value',
      expected: 'anchors that expand to something small',
      found: 'aliases that expand without end',
      suggestion: 'write the repeated parts out',
      at: START,
    };
    return { value: undefined, complaints: [...complaints, bomb] };
  }
}

function positionOf(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}
