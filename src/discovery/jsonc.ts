/** JSON with comments and trailing commas. Edits touch only the member that changes. */
import { createScanner, getNodeValue, type Node, type ParseError, parseTree } from 'jsonc-parser';
import { AnywhereError } from '../base/errors.ts';
import { isRecord } from '../base/record.ts';
import { invalidText, lineEnding, type Path, type TextFormat } from './format.ts';

export const JSONC: TextFormat = {
  parse: (text) => {
    const tree = treeOf(text);
    return tree === undefined ? undefined : (getNodeValue(tree) as unknown);
  },
  edits: (text, path, value) => [value === undefined ? withoutMember(text, path) : withMember(text, path, value)],
};

function treeOf(text: string): Node | undefined {
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { allowTrailingComma: true, allowEmptyContent: true });
  const [first] = errors;
  if (first !== undefined) throw invalidText('JSON', text, first.offset);
  return tree;
}

function withMember(text: string, path: Path, value: unknown): string {
  const tree = treeOf(text);
  if (tree === undefined) return fresh(text, path, value);
  const { node, depth } = deepest(tree, path);
  const rest = path.slice(depth);
  const [key, ...inner] = rest;
  if (key === undefined) return withValue(text, path, node, value);
  const nested = inner.reduceRight<unknown>((below, name) => ({ [name]: below }), value);
  if (node.type === 'null') return replaced(text, node, render({ [key]: nested }, text, indentAt(text, node.offset)));
  return withNewMember(text, node, String(key), nested);
}

/** What exists of the path. */
function deepest(tree: Node, path: Path): { readonly node: Node; readonly depth: number } {
  let node = tree;
  for (const [depth, key] of path.entries()) {
    const value = memberOf(node, String(key))?.children?.[1];
    if (value === undefined) return { node, depth };
    node = value;
  }
  return { node, depth: path.length };
}

/** Of two members with one name, programs read different ones. */
function memberOf(object: Node, key: string): Node | undefined {
  if (object.type !== 'object') return undefined;
  const found = (object.children ?? []).filter((member) => member.children?.[0]?.value === key);
  if (found.length > 1) throw new AnywhereError('CLIENT_CONFIG', `\`${key}\` stands there twice`);
  return found[0];
}

/** Members of an object are changed one by one, so that comments between them stay. */
function withValue(text: string, path: Path, node: Node, value: unknown): string {
  const before: unknown = getNodeValue(node);
  if (JSON.stringify(before) === JSON.stringify(value)) return text;
  if (!isRecord(value) || !isRecord(before))
    return replaced(text, node, render(value, text, indentAt(text, node.offset)));
  const gone = Object.keys(before).filter((key) => !Object.hasOwn(value, key));
  const shorter = gone.reduce((now, key) => withoutMember(now, [...path, key]), text);
  return Object.entries(value).reduce((now, [key, one]) => withMember(now, [...path, key], one), shorter);
}

function replaced(text: string, { offset, length }: Node, by: string): string {
  return text.slice(0, offset) + by + text.slice(offset + length);
}

function fresh(text: string, path: Path, value: unknown): string {
  const eol = lineEnding(text);
  const whole = path.reduceRight<unknown>((below, key) => ({ [key]: below }), value);
  const above = text.trim() === '' ? '' : `${text.trimEnd()}${eol}`;
  return `${above}${render(whole, text, '')}${eol}`;
}

function withNewMember(text: string, object: Node, key: string, value: unknown): string {
  const close = object.offset + object.length - 1;
  const last = object.children?.at(-1);
  const from = last === undefined ? object.offset + 1 : endOf(last);
  const { comma, end } = tokensBetween(text, from, close);
  const separator = last !== undefined && comma === undefined ? ',' : '';
  const trailing = comma === undefined ? '' : ',';
  const member = isOnLines(text, object)
    ? memberOnLines(text, object, key, value)
    : `${last === undefined ? '' : ' '}${JSON.stringify(key)}: ${JSON.stringify(value)}`;
  const needsLine = member.includes('\n') && last === undefined && !text.slice(end, close).includes('\n');
  const line = needsLine ? lineEnding(text) + indentAt(text, object.offset) : '';
  return text.slice(0, from) + separator + text.slice(from, end) + member + trailing + line + text.slice(end);
}

/** Whether each member stands on lines of its own. An empty object follows the rest of the file. */
function isOnLines(text: string, { offset, length, children = [] }: Node): boolean {
  return text.slice(offset, offset + length).includes('\n') || (children.length === 0 && isOnManyLines(text));
}

function memberOnLines(text: string, object: Node, key: string, value: unknown): string {
  const first = object.children?.[0];
  const known = first === undefined ? undefined : ownLineIndent(text, first.offset);
  const indent = known ?? indentAt(text, object.offset) + unitOf(text);
  return `${lineEnding(text)}${indent}${JSON.stringify(key)}: ${render(value, text, indent)}`;
}

interface Tokens {
  /** Where the comma is. */
  readonly comma: number | undefined;
  /** After the last comma or comment. */
  readonly end: number;
}

function tokensBetween(text: string, from: number, to: number): Tokens {
  const scanner = createScanner(text, false);
  scanner.setPosition(from);
  let comma: number | undefined;
  let end = from;
  for (let offset = from; offset < to; offset = scanner.getPosition()) {
    scanner.scan();
    const at = scanner.getTokenOffset();
    const token = text.slice(at, scanner.getPosition());
    if (at >= to) break;
    if (token.trim() === '') continue;
    if (token === ',') comma = at;
    end = at + scanner.getTokenLength();
  }
  return { comma, end };
}

interface Cut {
  readonly from: number;
  readonly to: number;
}

function withoutMember(text: string, path: Path): string {
  const tree = treeOf(text);
  const { node: object, depth } = tree === undefined ? { node: undefined, depth: 0 } : deepest(tree, path.slice(0, -1));
  const member = depth === path.length - 1 && object !== undefined ? memberOf(object, String(path.at(-1))) : undefined;
  if (object === undefined || member === undefined) return text;
  const cuts = cutsFor(text, object, member);
  const rest = [...cuts]
    .sort((a, b) => b.from - a.from)
    .reduce((now, { from, to }) => now.slice(0, from) + now.slice(to), text);
  const removed = cuts.reduce((sum, { from, to }) => sum + to - from, 0);
  const inside = { from: object.offset + 1, to: object.offset + object.length - 1 - removed };
  return rest.slice(inside.from, inside.to).trim() === '' ? rest.slice(0, inside.from) + rest.slice(inside.to) : rest;
}

/** The member and one comma: the comma after the member, or else the comma before the member. Comments stay. */
function cutsFor(text: string, object: Node, member: Node): Cut[] {
  const members = object.children ?? [];
  const index = members.indexOf(member);
  const next = members[index + 1];
  const previous = members[index - 1];
  const end = endOf(member);
  const { comma } = tokensBetween(text, end, next?.offset ?? object.offset + object.length - 1);
  if (comma !== undefined && text.slice(end, comma).trim() === '')
    return [widened(text, { from: member.offset, to: comma + 1 }, next === undefined)];
  const main = widened(text, { from: member.offset, to: end }, next === undefined);
  if (comma !== undefined) return [main, { from: comma, to: comma + 1 }];
  const before = previous === undefined ? undefined : tokensBetween(text, endOf(previous), member.offset).comma;
  return before === undefined ? [main] : [main, { from: before, to: before + 1 }];
}

/** With the whole lines, where nothing else stands on them; otherwise with the blanks on one side. */
function widened(text: string, { from, to }: Cut, isLast: boolean): Cut {
  const right = to + (/^[\t ]*/.exec(text.slice(to))?.[0].length ?? 0);
  const start = text.lastIndexOf('\n', from - 1);
  const isAloneOnLines =
    start !== -1 && text.slice(start + 1, from).trim() === '' && /^(\r?\n|$)/.test(text.slice(right));
  if (isAloneOnLines) return { from: text[start - 1] === '\r' ? start - 1 : start, to: right };
  if (!isLast) return { from, to: right };
  return { from: from - (/[\t ]*$/.exec(text.slice(0, from))?.[0].length ?? 0), to };
}

function endOf({ offset, length }: Node): number {
  return offset + length;
}

function isOnManyLines(text: string): boolean {
  const trimmed = text.trim();
  return trimmed.includes('\n') || /^\{\s*\}$/.test(trimmed);
}

/** The blanks at the beginning of the line. */
function indentAt(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  return /^[\t ]*/.exec(text.slice(start))?.[0] ?? '';
}

/** Undefined: something else stands before it on its line. */
function ownLineIndent(text: string, offset: number): string | undefined {
  const indent = indentAt(text, offset);
  return text.lastIndexOf('\n', offset - 1) + 1 + indent.length === offset ? indent : undefined;
}

/** One step of indentation, as the file has it. */
function unitOf(text: string): string {
  return /\n(\t|[ ]{1,8})\S/.exec(text)?.[1] ?? '  ';
}

function render(value: unknown, text: string, indent: string): string {
  return JSON.stringify(value, null, unitOf(text)).replaceAll('\n', lineEnding(text) + indent);
}
