/**
 * The text of a hosts file as a value, with the place of every key in it.
 *
 * YAML 1.2 (so `on` and `no` are texts), with `<<` merges and anchors as people use them. JSON is read by
 * the same rules. What the library quotes from the text is not passed on: a line may hold a secret.
 */
import { isMap, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Document, YAMLError } from 'yaml';
import type { Complaint, KeyPath, Position } from './problem.ts';
import { keepWrittenText } from './written-text.ts';
import { keyOf, offsetOf, startOf } from './yaml-nodes.ts';
import { syntaxComplaint } from './yaml-errors.ts';

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
  const faults: readonly YAMLError[] = [...document.errors, ...document.warnings];
  const complaints = [
    ...faults.map((fault) => syntaxComplaint(fault.code, positionOf(lines, fault.pos[0]))),
    ...reservedKeys(document, lines),
  ];
  const locate = (path: KeyPath, about: 'key' | 'value'): Position => positionOf(lines, offsetOf(document, path, about));
  if (faults.some((fault) => fault.code !== 'DUPLICATE_KEY')) return { value: undefined, complaints, locate };
  keepWrittenText(document);
  return { ...plainValue(document, complaints), locate };
}

const START: Position = { line: 1, column: 1 };

function parseText(text: string, lines: LineCounter): Document.Parsed | Complaint {
  try {
    return parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true, stringKeys: true });
  } catch {
    // The parser is recursive: the only known cause is nesting deeper than the stack.
    return { path: [], about: 'value', expected: 'a hosts file', found: 'YAML nested too deeply to read', at: START };
  }
}

function plainValue(document: Document.Parsed, complaints: readonly Complaint[]): Pick<HostsDocument, 'value' | 'complaints'> {
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

/** `__proto__` is dropped silently by much of the world, so it is refused here. */
function reservedKeys(document: Document.Parsed, lines: LineCounter): Complaint[] {
  const found: Complaint[] = [];
  const walk = (node: unknown, path: KeyPath): void => {
    if (isSeq(node)) {
      for (const [index, item] of node.items.entries()) walk(item, [...path, index]);
    }
    if (!isMap(node)) return;
    for (const pair of node.items) {
      const key = keyOf(pair);
      if (key === '__proto__') found.push(reserved([...path, key], positionOf(lines, startOf(pair.key))));
      walk(pair.value, [...path, key]);
    }
  };
  walk(document.contents, []);
  return found;
}

function reserved(path: KeyPath, at: Position): Complaint {
  return { path, about: 'key', expected: 'a name', found: 'the reserved word `__proto__`', at };
}

function positionOf(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}
