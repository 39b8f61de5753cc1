/**
 * YAML. A new member of a block is written as lines behind the last member, and lines are cut out to remove one. Any other
 * change goes through the document, which keeps comments and may change blanks.
 */
import { type Document, isCollection, isMap, isNode, isPair, isScalar, isSeq, parseDocument, stringify } from 'yaml';
import { invalidText, lineEnding, type Path, type TextFormat } from './format.ts';

export const YAML: TextFormat = {
  parse: (text) => documentOf(text).toJS() as unknown,
  *edits(text, path, value) {
    const lines = value === undefined ? withoutLines(text, path) : withLines(text, path, value);
    if (lines !== undefined) yield lines;
    yield throughDocument(text, path, value);
  },
};

function documentOf(text: string): Document.Parsed {
  const document = parseDocument(text);
  const [first] = document.errors;
  if (first !== undefined) throw invalidText('YAML', text, first.pos[0]);
  return document;
}

function throughDocument(text: string, path: Path, value: unknown): string {
  const document = documentOf(text);
  if (value === undefined) document.deleteIn(path);
  else document.setIn(path, document.createNode(value));
  return document.toString({ lineWidth: 0 }).replaceAll('\n', lineEnding(text));
}

/** Undefined where the lines cannot be written that way. */
function withLines(text: string, path: Path, value: unknown): string | undefined {
  const document = documentOf(text);
  const { node, depth } = deepest(document, path);
  const rest = path.slice(depth);
  if (rest.length === 0) return undefined;
  const nested = rest.reduceRight<unknown>(
    (below, key) => (typeof key === 'number' ? [below] : { [key]: below }),
    value,
  );
  if (node === undefined || (depth === 0 && isEmptyNode(node))) return atEnd(text, nested);
  if (isEmptyNode(node)) return belowKey(text, document, path.slice(0, depth), nested);
  if (!isCollection(node) || node.flow === true) return undefined;
  const first = node.items[0];
  const start = startOf(text, first);
  const end = node.range?.[1];
  return start === undefined || end === undefined ? undefined : insertedAfter(text, end, columnOf(text, start), nested);
}

/** What exists of the path. */
function deepest(document: Document.Parsed, path: Path): { readonly node: unknown; readonly depth: number } {
  let node: unknown = document.contents ?? undefined;
  for (const [depth, key] of path.entries()) {
    const below: unknown = isCollection(node) && node.has(key) ? node.get(key, true) : undefined;
    if (below === undefined) return { node, depth };
    node = below;
  }
  return { node, depth: path.length };
}

/** `key:`, `key: {}` or `key: []`. */
function isEmptyNode(node: unknown): boolean {
  if (isScalar(node)) return node.value === null;
  return isCollection(node) && node.items.length === 0;
}

function atEnd(text: string, value: unknown): string {
  const eol = lineEnding(text);
  return `${text === '' || text.endsWith('\n') ? text : text + eol}${rendered(value, '').join(eol)}${eol}`;
}

function belowKey(text: string, document: Document.Parsed, path: Path, value: unknown): string | undefined {
  const parent: unknown = document.getIn(path.slice(0, -1), true) ?? document.contents;
  const pair = isMap(parent) ? parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1)) : undefined;
  const key = isNode(pair?.key) ? pair.key.range : undefined;
  const range = isNode(pair?.value) ? pair.value.range : undefined;
  if (key === undefined || key === null || range === undefined || range === null) return undefined;
  const [from, to] = range;
  const after = text.slice(to);
  const bare = text.slice(0, from).replace(/[\t ]+$/, '') + (after.startsWith('#') ? ' ' : '') + after;
  return insertedAfter(bare, Math.min(from, bare.length), `${columnOf(text, key[0])}  `, value);
}

/** Behind the line on which `offset` lies. */
function insertedAfter(text: string, offset: number, indent: string, value: unknown): string {
  const content = text.slice(0, offset).trimEnd().length;
  const found = /\r?\n/.exec(text.slice(content));
  const at = found === null ? text.length : content + found.index;
  const eol = lineEnding(text);
  const lines = rendered(value, indent).map((line) => eol + line);
  const end = at === text.length ? eol : '';
  return `${text.slice(0, at)}${lines.join('')}${end}${text.slice(at)}`;
}

function rendered(value: unknown, indent: string): string[] {
  const lines = stringify(value, { lineWidth: 0 }).trimEnd().split('\n');
  return lines.map((line) => (line === '' ? line : indent + line));
}

function withoutLines(text: string, path: Path): string | undefined {
  const { node: parent, depth } = deepest(documentOf(text), path.slice(0, -1));
  if (depth !== path.length - 1 || !isCollection(parent) || parent.flow === true || parent.items.length < 2)
    return undefined;
  const key = path.at(-1);
  const item = isSeq(parent)
    ? parent.items[Number(key)]
    : parent.items.find((one) => isPair(one) && isScalar(one.key) && one.key.value === key);
  const value = isPair(item) ? (item.value ?? item.key) : item;
  const start = startOf(text, item);
  const range = isNode(value) ? value.range : undefined;
  if (start === undefined || range === undefined || range === null) return undefined;
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  if (text.slice(lineStart, start).trim() !== '') return undefined;
  const content = text.slice(0, range[1]).trimEnd().length;
  const lineEnd = text.indexOf('\n', content);
  return text.slice(0, lineStart) + (lineEnd === -1 ? '' : text.slice(lineEnd + 1));
}

/** Where the key of a member, or the dash of an item, stands. */
function startOf(text: string, item: unknown): number | undefined {
  if (isPair(item)) return isNode(item.key) ? item.key.range?.[0] : undefined;
  const offset = isNode(item) ? item.range?.[0] : undefined;
  if (offset === undefined) return undefined;
  const dash = text.lastIndexOf('-', offset - 1);
  return dash === -1 ? undefined : dash;
}

/** As many blanks as stand before the place on its line. */
function columnOf(text: string, offset: number): string {
  return ' '.repeat(offset - (text.lastIndexOf('\n', offset - 1) + 1));
}
