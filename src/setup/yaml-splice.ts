/**
 * Changes one key of a YAML or JSON text by a splice: every other byte, so every comment and the whole layout, stays.
 *
 * The places come from the YAML parser, which reads JSON too. A place that is not understood gives undefined. The caller
 * compares the data before and after, so a wrong splice is never used.
 */
import {
  Document,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Pair,
  parseDocument,
  visit,
  type YAMLMap,
} from 'yaml';
import { keyOf, startOf } from '../config/document.ts';

type Path = readonly string[];

/** A line above a key of a new value, by its path from the value; an empty path is the key of the value itself. */
export interface Comment {
  readonly path: Path;
  readonly text: string;
}

/** A new value, with its comments. */
interface Block {
  readonly value: unknown;
  readonly comments?: readonly Comment[];
}

const OPTIONS = { prettyErrors: false, merge: true, stringKeys: true } as const;

/** The text with the value at the path. Missing mappings on the way are added. Of values that are there, only scalars are replaced. */
export function putIn(text: string, path: Path, block: Block): string | undefined {
  const { contents } = parseDocument(text, OPTIONS);
  if (contents === null || (isScalar(contents) && contents.value === null && contents.source === ''))
    return appended(text, text.length, blockText(nested(path, block), 0, text));
  let map: unknown = contents;
  for (const [depth, key] of path.entries()) {
    if (!isMap(map)) return undefined;
    const pair = pairOf(map, key);
    const rest = path.slice(depth + 1);
    if (pair === undefined) return inserted(text, map, key, nested(rest, block));
    if (rest.length === 0) return replaced(text, pair, block.value);
    if (isEmpty(pair.value)) return filled(text, map, pair, nested(rest, block));
    map = pair.value;
  }
  return undefined;
}

/** The text without the key at the path and its value. Comments inside the value go with it. */
export function removeIn(text: string, path: Path): string | undefined {
  let map: unknown = parseDocument(text, OPTIONS).contents;
  for (const key of path.slice(0, -1)) map = isMap(map) ? pairOf(map, key)?.value : undefined;
  if (!isMap(map)) return undefined;
  const index = map.items.findIndex((pair) => keyOf(pair) === path.at(-1));
  const pair = map.items[index];
  if (pair === undefined) return undefined;
  if (map.flow === true) return withoutFlowItem(text, map, index);
  const column = columnOf(text, startOf(pair.key));
  const start = startOf(pair.key) - column;
  if (text.slice(start, start + column).trim() !== '') return undefined;
  return text.slice(0, start) + text.slice(afterItem(text, pair, column + 1));
}

function pairOf(map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((pair) => keyOf(pair) === key);
}

function nested(path: Path, { value, comments = [] }: Block): Block {
  return {
    value: path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value),
    comments: comments.map((comment) => ({ ...comment, path: [...path, ...comment.path] })),
  };
}

/** Nothing, or `{}`; an anchor or a tag says more than nothing. */
function isEmpty(node: unknown): boolean {
  if (node === null || node === undefined) return true;
  if (isScalar(node)) return node.value === null && node.anchor === undefined && node.tag === undefined;
  return isMap(node) && node.items.length === 0 && node.anchor === undefined;
}

function replaced(text: string, { value: node }: Pair, value: unknown): string | undefined {
  if (!isScalar(node) || node.range === undefined || node.range === null) return undefined;
  const written = node.source === '' ? ` ${String(value)}` : String(value);
  return text.slice(0, node.range[0]) + written + text.slice(node.range[1]);
}

/** A new key at the end of the mapping. */
function inserted(text: string, map: YAMLMap, key: string, block: Block): string | undefined {
  const last = map.items.at(-1);
  const first = map.items[0];
  if (map.flow === true) {
    if (last === undefined || first === undefined) return emptyFilled(text, map, { [key]: block.value });
    const end = endOf(last);
    const start = startOf(last.key);
    const indent = indentOf(text, start);
    const isOnOwnLine = columnOf(text, start) === indent.length;
    const between = isOnOwnLine ? `,${endOfLine(text)}${indent}` : ', ';
    return text.slice(0, end) + between + flowMembers({ [key]: block.value }, indent, text) + text.slice(end);
  }
  if (last === undefined || first === undefined) return undefined;
  const column = columnOf(text, startOf(first.key));
  return appended(text, afterItem(text, last, Math.max(1, column)), blockText(nested([key], block), column, text));
}

/** `{}` becomes a mapping with these members. */
function emptyFilled(text: string, map: YAMLMap, members: object): string | undefined {
  const start = startOf(map);
  return text.slice(0, start + 1) + flowInside(members, indentOf(text, start), text) + text.slice(start + 1);
}

/** A key without a value gets this mapping as its value. */
function filled(text: string, parent: YAMLMap, pair: Pair, block: Block): string | undefined {
  const [start, end] = rangeOf(pair);
  if (parent.flow === true) {
    const indent = indentOf(text, startOf(pair.key));
    const colon = pair.value === null || pair.value === undefined ? ': ' : start === end ? ' ' : '';
    return `${text.slice(0, start)}${colon}{${flowInside(block.value, indent, text)}}${text.slice(end)}`;
  }
  const column = columnOf(text, startOf(pair.key)) + unitOf(text);
  const before = start === end ? text.slice(0, start) : text.slice(0, start).replace(/[ \t]+$/, '');
  const bare = before + text.slice(end);
  return appended(bare, lineAfter(bare, before.length), blockText(block, column, text));
}

function rangeOf({ key, value }: Pair): readonly [number, number] {
  const node = (value ?? key) as { readonly range?: readonly number[] | null };
  const [start = 0, end = start] = node.range ?? [];
  return value === null || value === undefined ? [end, end] : [start, end];
}

/** One member and one comma less. Comments between members stay. */
function withoutFlowItem(text: string, map: YAMLMap, index: number): string | undefined {
  const [pair, before, next] = [map.items[index], map.items[index - 1], map.items[index + 1]];
  if (pair === undefined) return undefined;
  const [start, end] = [startOf(pair.key), endOf(pair)];
  if (next !== undefined) {
    const comma = commaAfter(text, end, startOf(next.key));
    const hasComment = text.slice(comma + 1, startOf(next.key)).includes('#');
    const rest = hasComment ? text.slice(comma + 1).replace(/^[ \t]+/, '') : text.slice(startOf(next.key));
    return text.slice(0, start) + rest;
  }
  if (before === undefined) return text.slice(0, start).replace(/\s+$/, '') + text.slice(end).replace(/^\s*,?\s*/, '');
  const between = text.slice(endOf(before), start);
  if (!between.includes('#')) return text.slice(0, endOf(before)) + text.slice(end);
  const comma = commaAfter(text, endOf(before), start);
  return text.slice(0, comma) + text.slice(comma + 1, start) + text.slice(end);
}

/** The comma between two members; a comma in a comment does not count. */
function commaAfter(text: string, from: number, to: number): number {
  const between = text.slice(from, to).replace(/#[^\n]*/g, (comment) => ' '.repeat(comment.length));
  return from + Math.max(0, between.indexOf(','));
}

/** The position after the item, its last line, and the comments below it that are indented at least so far. */
function afterItem(text: string, pair: Pair, least: number): number {
  let position = lineAfter(text, endOf(pair));
  for (let end = position; end < text.length; ) {
    const next = lineAfter(text, end + 1);
    const line = text.slice(end, next);
    const indent = /^ */.exec(line)?.[0].length ?? 0;
    const isBlank = line.trim() === '';
    if (!isBlank && !(line.trimStart().startsWith('#') && indent >= least)) break;
    end = next;
    if (!isBlank) position = end;
  }
  return position;
}

/** Where the text of a pair ends, without what follows on the line. */
function endOf({ key, value }: Pair): number {
  return value === null || value === undefined ? endOfNode(key) : endOfNode(value);
}

function endOfNode(node: unknown): number {
  if (isCollection(node) && node.flow !== true) {
    const last: unknown = node.items.at(-1);
    if (last !== undefined) return isPair(last) ? endOf(last) : endOfNode(last);
  }
  return (node as { readonly range?: readonly number[] | null }).range?.[1] ?? 0;
}

/** The start of the next line; a position that is one already stays. */
function lineAfter(text: string, position: number): number {
  if (position > 0 && text[position - 1] === '\n') return position;
  const end = text.indexOf('\n', position);
  return end < 0 ? text.length : end + 1;
}

function columnOf(text: string, position: number): number {
  return position - (text.lastIndexOf('\n', position - 1) + 1);
}

/** The white space that the line of this position begins with. */
function indentOf(text: string, position: number): string {
  const start = text.lastIndexOf('\n', position - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start, position))?.[0] ?? '';
}

/** How far this text indents a level: the first indented key or member says. */
function unitOf(text: string): number {
  const unit = /^( +)[^\s#-]/m.exec(text)?.[1]?.length ?? 2;
  return unit > 8 ? 2 : unit;
}

function endOfLine(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

function appended(text: string, position: number, lines: string): string {
  const before = text.slice(0, position);
  const isOpen = before !== '' && !before.endsWith('\n');
  return before + (isOpen ? endOfLine(text) : '') + lines + text.slice(position);
}

/** Lines of block YAML, with lists on one line. */
function blockText({ value, comments = [] }: Block, column: number, text: string): string {
  const document = new Document(value);
  for (const { path, text: line } of comments) {
    const map: unknown = document.getIn(path.slice(0, -1), true);
    const pair = isMap(map) ? pairOf(map, path.at(-1) ?? '') : undefined;
    if (pair !== undefined && isScalar(pair.key))
      pair.key.commentBefore = [pair.key.commentBefore, ` ${line}`].filter((each) => each !== undefined).join('\n');
  }
  visit(document, {
    Collection: (_key, node) => {
      if (isSeq(node)) node.flow = true;
    },
  });
  const written = document.toString({
    lineWidth: 0,
    indent: unitOf(text),
    nullStr: '',
    blockQuote: false,
    flowCollectionPadding: false,
  });
  const lines = written.trimEnd().split('\n');
  return lines.map((line) => ' '.repeat(column) + line + endOfLine(text)).join('');
}

function isJson(text: string): boolean {
  return text.trimStart().startsWith('{');
}

/** What stands between the braces of a flow mapping. */
function flowInside(members: unknown, indent: string, text: string): string {
  if (!isJson(text)) return ` ${flowMembers(members, indent, text)} `;
  if (!text.trim().includes('\n')) return flowMembers(members, indent, text);
  const [eol, unit] = [endOfLine(text), ' '.repeat(unitOf(text))];
  return `${eol}${indent}${unit}${flowMembers(members, indent + unit, text)}${eol}${indent}`;
}

/** Members of a flow mapping, without its braces. */
function flowMembers(members: unknown, indent: string, text: string): string {
  if (!isJson(text)) {
    const document = new Document(members);
    if (isCollection(document.contents)) document.contents.flow = true;
    const written = document.toString({ lineWidth: 0, blockQuote: false, nullStr: 'null' });
    return written.trim().replace(/^\{\s*|\s*\}$/g, '');
  }
  const isLong = text.trim().includes('\n');
  return Object.entries(members as object)
    .map(([key, value]: [string, unknown]) => {
      const json = JSON.stringify(value ?? {}, null, isLong ? unitOf(text) : undefined);
      return `${JSON.stringify(key)}: ${json.replaceAll('\n', `${endOfLine(text)}${indent}`)}`;
    })
    .join(', ');
}
