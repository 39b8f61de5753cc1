/**
 * The text of a hosts file as a value, with the place of every key in it.
 *
 * YAML 1.2 (so `on` and `no` are texts), with `<<` merges and anchors as people use them. JSON is read by
 * the same rules. Quotes of the library are not passed on: a line may hold a secret.
 */

import {
  Composer,
  type CST,
  type Document,
  type ErrorCode,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  type ParsedNode,
  Parser,
  type YAMLError,
  type YAMLMap,
  YAMLParseError,
} from 'yaml';
import type { Complaint, KeyPath, Position } from './problem.ts';
import { inside, type UnclosedCollection, unclosedCollections } from './unclosed.ts';

export interface HostsDocument {
  /** Plain data; undefined when the syntax is too broken to say. */
  readonly value: unknown;
  readonly complaints: readonly Complaint[];
  /** The position of a key or its value. For a missing key: the position of its parent. */
  locate(path: KeyPath, about: 'key' | 'value'): Position;
}

export function readDocument(text: string): HostsDocument {
  const lines = new LineCounter();
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const document = composed(text, tokens);
  if (!('errors' in document)) return { value: undefined, complaints: [document], locate: () => START };
  const faults = firstOfPlace([...document.errors, ...document.warnings]);
  const found = nodeComplaints(document);
  const complaints = [
    ...syntaxComplaints(faults.slice(0, MOST_FAULTS), unclosedCollections(tokens), lines),
    ...found.map(({ offset, ...complaint }) => ({ ...complaint, at: positionOf(lines, offset) })),
  ];
  const locate = (path: KeyPath, about: 'key' | 'value'): Position =>
    positionOf(lines, offsetOf(document, path, about));
  if (faults.some((fault) => fault.code !== 'DUPLICATE_KEY') || found.some((complaint) => complaint.broken))
    return { value: undefined, complaints, locate };
  keepWrittenText(document);
  return { ...plainValue(document, complaints), locate };
}

/** Beyond this number the parser only repeats itself. */
const MOST_FAULTS = 20;
const START: Position = { line: 1, column: 1 };
const OPTIONS = { prettyErrors: false, merge: true, stringKeys: true } as const;

/** Like `parseDocument` of the library, with a check of the depth before the recursive part. */
function composed(text: string, tokens: readonly CST.Token[]): Document.Parsed | Complaint {
  if (isTooDeep(tokens)) {
    return { path: [], about: 'value', expected: 'a hosts file', found: 'YAML nested too deeply', at: START };
  }
  const [document, second] = new Composer<ParsedNode>(OPTIONS).compose(tokens, true, text.length);
  if (document === undefined) throw new TypeError('forced to compose, it always gives a document');
  if (second !== undefined)
    document.errors.push(new YAMLParseError([second.range[0], second.range[1]], 'MULTIPLE_DOCS', ''));
  return document;
}

/** A fault behind a bracket that nothing closes is most often the fault of the bracket, the innermost one first. */
function syntaxComplaints(
  faults: readonly YAMLError[],
  unclosed: readonly UnclosedCollection[],
  lines: LineCounter,
): Complaint[] {
  const open = [...unclosed];
  return faults.map(({ code, pos: [offset] }) => {
    const at = positionOf(lines, offset);
    const index = code === 'DUPLICATE_KEY' ? -1 : open.findLastIndex((one) => one.offset < offset);
    const [bracket] = index === -1 ? [] : open.splice(index, 1);
    if (bracket === undefined) return syntaxComplaint(code, at);
    const { opens, closes } = bracket;
    const { line, column } = positionOf(lines, bracket.offset);
    return {
      ...{ path: [], about: 'value', at },
      expected: `\`${closes}\` before this place, for the \`${opens}\` of line ${line}, column ${column}`,
      found: 'none',
      suggestion: `close the \`${opens}\` of line ${line}`,
    };
  });
}

/** One broken quote or bracket causes several errors at the same place. */
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
      suggestion: 'write out the repeated parts',
      at: START,
    };
    return { value: undefined, complaints: [...complaints, bomb] };
  }
}

function positionOf(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

/** A hosts file needs eight. */
const MAX_DEPTH = 50;

/**
 * Counted before anything recursive reads the text. Catching the overflow of the stack is no way out: V8 aborts the whole
 * process when it meets the end of the stack while it compiles a regular expression.
 */
function isTooDeep(tokens: readonly CST.Token[]): boolean {
  let level: readonly CST.Token[] = tokens;
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return true;
    level = level.flatMap(inside);
  }
  return false;
}

interface NodeComplaint extends Complaint {
  readonly offset: number;
  /** The document has no usable value. */
  readonly broken: boolean;
}

/** What the YAML parser accepts and this program does not: aliases without an anchor, and `__proto__` as a key. */
function nodeComplaints(document: Document.Parsed): NodeComplaint[] {
  const found: NodeComplaint[] = [];
  const anchors = new Set<string>();
  const walk = (node: unknown, path: KeyPath): void => {
    if (isAlias(node) && !anchors.has(node.source)) found.push({ ...unknownAlias(path), offset: startOf(node) });
    if (isNode(node) && !isAlias(node) && node.anchor !== undefined) anchors.add(node.anchor);
    if (isSeq(node)) for (const [index, item] of node.items.entries()) walk(item, [...path, index]);
    if (!isMap(node)) return;
    for (const pair of node.items) {
      const key = keyOf(pair);
      if (isScalar(pair.key) && pair.key.anchor !== undefined) anchors.add(pair.key.anchor);
      if (key === '__proto__') found.push({ ...reserved([...path, key]), offset: startOf(pair.key) });
      walk(pair.value, [...path, key]);
    }
  };
  walk(document.contents, []);
  return found;
}

/** Usually a glob without quotes. */
function unknownAlias(path: KeyPath): Omit<NodeComplaint, 'offset'> {
  const found = 'an alias (*name) without its anchor (&name)';
  return {
    path,
    about: 'value',
    expected: 'a text',
    found,
    suggestion: 'put a text that starts with * in quotes',
    broken: true,
  };
}

/** Many programs drop this key silently. */
function reserved(path: KeyPath): Omit<NodeComplaint, 'offset'> {
  return { path, about: 'key', expected: 'a name', found: 'the reserved word `__proto__`', broken: false };
}

/**
 * `PORT: 08080` and `VERSION: 1.10` in `env` or `args` mean the written text, not the number that YAML makes of it. So plain
 * numbers and booleans there get their text back, in place.
 */
function keepWrittenText(document: Document.Parsed): void {
  const root = document.contents;
  const hosts = values(document, child(document, root, 'hosts')?.value);
  for (const owner of [...hosts, child(document, root, 'defaults')?.value]) {
    for (const server of values(document, child(document, owner, 'servers')?.value)) {
      for (const key of ['env', 'args']) values(document, child(document, server, key)?.value).forEach(keepText);
    }
  }
}

/** The values of a map or list; none for anything else. */
function values(document: Document.Parsed, node: unknown): unknown[] {
  const found = followed(document, node);
  if (isSeq(found)) return [...found.items];
  return isMap(found) ? found.items.map((pair) => pair.value) : [];
}

function keepText(node: unknown): void {
  if (!isScalar(node) || node.source === undefined) return;
  if (typeof node.value === 'number' || typeof node.value === 'boolean') node.value = node.source;
}

interface Found {
  readonly key: unknown;
  readonly value: unknown;
}

/** The depth limit of merges inside merges: `<<` can refer to itself. */
const MAX_MERGES = 20;

/** The offset of a key or its value in the text; for a missing one, the offset of its parent. */
export function offsetOf(document: Document.Parsed, path: KeyPath, about: 'key' | 'value'): number {
  let node: unknown = document.contents;
  let offset = startOf(node);
  for (const [index, part] of path.entries()) {
    const found = child(document, node, part);
    if (found === undefined) return offset;
    const atKey = about === 'key' || index < path.length - 1 || isNothing(found.value);
    offset = startOf(atKey ? (found.key ?? found.value) : found.value);
    node = found.value;
  }
  return offset;
}

/** The child at a key or an index; aliases and `<<` are followed. */
export function child(document: Document.Parsed, parent: unknown, part: string | number): Found | undefined {
  const node = followed(document, parent);
  if (isSeq(node)) {
    return typeof part === 'number' && part < node.items.length
      ? { key: undefined, value: node.items[part] }
      : undefined;
  }
  return isMap(node) ? pairIn(document, node, String(part), MAX_MERGES) : undefined;
}

export function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}

export function startOf(node: unknown): number {
  return (node as Node | null | undefined)?.range?.[0] ?? 0;
}

export function followed(document: Document.Parsed, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

function pairIn(document: Document.Parsed, map: YAMLMap, key: string, mergesLeft: number): Found | undefined {
  const own = map.items.find((pair) => keyOf(pair) === key);
  if (own !== undefined || mergesLeft === 0) return own;
  const merge = followed(document, map.items.find((pair) => keyOf(pair) === '<<')?.value);
  const sources: readonly unknown[] = isSeq(merge) ? merge.items : [merge];
  for (const source of sources) {
    const node = followed(document, source);
    const found = isMap(node) ? pairIn(document, node, key, mergesLeft - 1) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function isNothing(node: unknown): boolean {
  return node === null || node === undefined || (isScalar(node) && node.value === null);
}

interface Sentence {
  readonly expected: string;
  readonly found: string;
  readonly suggestion?: string;
}

const QUOTE = 'put a text that starts with *, &, !, %, @, ` or { in quotes';

const SENTENCES: Partial<Record<ErrorCode, Sentence>> = {
  DUPLICATE_KEY: { expected: 'each key once', found: 'the same key a second time', suggestion: 'remove one of them' },
  TAB_AS_INDENT: { expected: 'spaces before the key', found: 'a tab', suggestion: 'indent with two spaces' },
  BAD_ALIAS: {
    expected: 'an anchor of that name above',
    found: 'an alias (*name) without its anchor',
    suggestion: QUOTE,
  },
  MULTIPLE_DOCS: {
    expected: 'one document',
    found: 'a second one after `---`',
    suggestion: 'keep one hosts file per file',
  },
  BAD_INDENT: {
    expected: 'keys of one level at the same indentation',
    found: 'a different indentation',
    suggestion: 'align the key with its neighbours',
  },
  TAG_RESOLVE_FAILED: { expected: 'plain YAML', found: 'a tag (!name)', suggestion: QUOTE },
  BAD_SCALAR_START: { expected: 'a text', found: 'a character that cannot start one', suggestion: QUOTE },
  MISSING_CHAR: {
    expected: 'a closing quote, bracket, comma or colon',
    found: 'none',
    suggestion: 'add the missing character; a `:` needs a space after it',
  },
  NON_STRING_KEY: { expected: 'a name as key', found: 'something else', suggestion: 'put the key in quotes' },
  BLOCK_AS_IMPLICIT_KEY: {
    expected: 'one `key: value` on a line',
    found: 'two',
    suggestion: 'put a text that contains `: ` in quotes',
  },
  MULTILINE_IMPLICIT_KEY: {
    expected: '`key: value`',
    found: 'a line without a colon',
    suggestion: 'write `key: value`, with a space after `:`',
  },
  UNEXPECTED_TOKEN: { expected: 'YAML', found: 'something that does not belong here', suggestion: QUOTE },
};

export function syntaxComplaint(code: ErrorCode, at: Position): Complaint {
  const sentence = SENTENCES[code] ?? { expected: 'valid YAML', found: `the syntax error ${code}` };
  return { path: [], about: 'value', at, ...sentence };
}
