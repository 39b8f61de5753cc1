/** Whatever a file holds: after a change it holds the same and the change, with every comment. */
import fc from 'fast-check';
import { stringify as toml } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { stringify as yaml } from 'yaml';
import { readEntries, withEntry } from '../../../src/discovery/document.ts';
import { withValueAt } from '../../../src/discovery/format.ts';
import { JSONC } from '../../../src/discovery/jsonc.ts';
import { SHAPES, type Shape } from '../../../src/discovery/shapes.ts';

type ShapeName = keyof typeof SHAPES;

const raw = {
  command: '/opt/node 20/bin/node',
  args: ['/x/"bin".js', '--config', 'C:\\hosts.yaml'],
  env: { A: '${env:A}' },
};

const key = fc.constantFrom('a', 'b-c', 'd.e', 'f g', 'ü', '"q"', 'x_1');
const leaf = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.boolean(),
  fc.constantFrom('a # b', 'x // y', '/* z */', ': -', "'"),
);
const member = fc.dictionary(
  key,
  fc.oneof(leaf, fc.array(leaf, { maxLength: 3 }), fc.dictionary(key, leaf, { maxKeys: 3 })),
  { maxKeys: 4 },
);
const settings = fc.dictionary(key, fc.oneof(leaf, member), { maxKeys: 4 });
const server = fc.record({
  command: fc.string(),
  args: fc.array(fc.string(), { maxLength: 3 }),
  env: fc.dictionary(key, fc.string(), { maxKeys: 2 }),
});
const servers = fc.dictionary(key, server, { maxKeys: 3 });
const seeds = fc.array(fc.nat(), { minLength: 40, maxLength: 40 });
const newline = fc.constantFrom('\n', '\r\n');

/** JSON with blanks, comments and trailing commas that follow from the seeds. */
function jsonc(value: unknown, rolls: readonly number[]): string {
  let at = 0;
  let comments = 0;
  const roll = (sides: number): number => (rolls[at++ % rolls.length] ?? 0) % sides;
  const isOnLines = roll(4) > 0;
  const unit = ['  ', '    ', '\t'][roll(3)] ?? '';
  const space = (depth: number): string => {
    const line = isOnLines ? `\n${unit.repeat(depth)}` : ' ';
    const which = roll(6);
    comments += 1;
    if (which === 0) return `${line}/* c${comments} */${line}`;
    if (which === 1 && isOnLines) return ` // c${comments}${line}`;
    return line;
  };
  const write = (one: unknown, depth: number): string => {
    if (typeof one !== 'object' || one === null) return JSON.stringify(one);
    const isList = Array.isArray(one);
    const parts = Object.entries(one).map(
      ([name, item]) => `${isList ? '' : `${JSON.stringify(name)}: `}${write(item, depth + 1)}`,
    );
    const [open, close] = isList ? ['[', ']'] : ['{', '}'];
    if (parts.length === 0) return open + (roll(3) === 0 ? space(depth + 1) : '') + close;
    return (
      open + parts.map((part) => space(depth + 1) + part).join(',') + (roll(4) === 0 ? ',' : '') + space(depth) + close
    );
  };
  return write(value, 0);
}

/** A comment behind and below some lines. */
function commented(text: string, rolls: readonly number[]): string {
  const lines = text.split('\n');
  return lines
    .map((line, index) => {
      const roll = rolls[index % rolls.length] ?? 0;
      const indent = /^ */.exec(lines[index + 1] ?? '')?.[0] ?? '';
      return roll % 3 === 0 && line !== '' ? `${line}\n${indent}# c${index}` : line;
    })
    .join('\n');
}

function commentsOf(text: string): string[] {
  return (text.match(/(#|\/\/|\/\*) c\d+( \*\/)?/g) ?? []).sort();
}

/** Adds an entry, changes it and removes it. */
function check(name: ShapeName, text: string): void {
  const shape: Shape = SHAPES[name];
  const client = { shape: name };
  const before = shape.format.parse(text);
  const added = withEntry(client, text, 'anywhere', named(name, raw));
  const place = shape.placeFor(before, 'anywhere');
  const there = { ...named(name, raw) };
  expect(shape.format.parse(added)).toEqual(withValueAt(before, place, there));
  expect(commentsOf(added)).toEqual(commentsOf(text));
  const changed = { ...there, command: 'other', args: ['z'], env: { A: '1', B: '2' } };
  const updated = withEntry(client, added, 'anywhere', changed);
  expect(shape.format.parse(updated)).toEqual(withValueAt(before, place, changed));
  expect(commentsOf(updated)).toEqual(commentsOf(text));
  const removed = withEntry(client, updated, 'anywhere', undefined);
  expect(shape.format.parse(removed)).toEqual(withValueAt(shape.format.parse(updated), place, undefined));
  expect(commentsOf(removed)).toEqual(commentsOf(text));
  expect(readEntries(client, removed).map((one) => one.name)).not.toContain('anywhere');
}

function named(name: ShapeName, value: object): Record<string, unknown> {
  return { ...(name === 'continue' || name === 'vibe' ? { name: 'anywhere' } : {}), ...value };
}

/** Layouts that people write and generators do not. */
const BY_HAND: readonly (readonly [ShapeName, string])[] = [
  ['codex', 'mcp_servers = { a = { command = "x" } } # c1\n[tui]\nt = 1\n'],
  ['codex', 'mcp_servers.a.command = "x" # c1\nmodel = "m"\n'],
  ['codex', '[mcp_servers] # c1\na = { command = "x", args = ["1", "2"] }\n\n[tui]\nt = 1 # c2'],
  [
    'codex',
    '# c1\n[mcp_servers.a]\ncommand = """\nx # no\n"""\nat = 2026-01-02T03:04:05Z\n# c2\n[[tools]]\nn = 1\n# c3',
  ],
  ['codex', 'big = 9007199254740993 # c1\nhex = 0xff\nfloat = 1e3\n'],
  [
    'vibe',
    'm = 1 # c1\n\n[[mcp_servers]] # c2\nname = "a"\ncommand = "x"\n\n[[mcp_servers]]\nname = "b"\ncommand = "y" # c3\n',
  ],
  ['vibe', 'm = 1 # c1\n'],
  ['goose', 'extensions: { a: { cmd: x } } # c1\nM: 1\n'],
  ['goose', 'extensions:\n    a: # c1\n        cmd: x\n        args:\n        - "1" # c2\n    # c3\nM: 1 # c4'],
  ['goose', '---\n# c1\nextensions:\n  a: &x\n    cmd: x\n  b: *x\nT: |\n  text # no\n\n...\n'],
  ['goose', 'M: 1\nextensions: # c1\n'],
  ['goose', 'M: 1\nextensions:\n  "a b":\n    cmd: >-\n      long\n      text\n\n\n# c1\n'],
  ['continue', 'name: n\nmcpServers:\n- name: a # c1\n  command: x\n# c2\nmodels: []\n'],
  ['continue', 'name: n\nmcpServers: [] # c1\nmodels:\n  - name: m\n'],
  ['continue', 'name: n # c1\n'],
];

const runs = { numRuns: 100 };

describe('a change of an AI client’s file', () => {
  it('keeps everything else of JSON with comments', () => {
    fc.assert(
      fc.property(settings, fc.option(servers), seeds, newline, (others, known, rolls, eol) => {
        const value = { ...others, ...(known === null ? {} : { mcpServers: known }), last: 1 };
        const text = jsonc(value, rolls).replaceAll('\n', eol);
        expect(JSONC.parse(text)).toEqual(value);
        check('mcpServers', text);
      }),
      runs,
    );
  });

  it('takes back an addition to JSON byte for byte, where the key was there', () => {
    fc.assert(
      fc.property(settings, servers, seeds, newline, (others, known, rolls, eol) => {
        fc.pre(Object.keys(known).length > 0);
        const text = jsonc({ mcpServers: known, ...others }, rolls).replaceAll('\n', eol);
        const added = withEntry({ shape: 'mcpServers' }, text, 'anywhere', raw);
        expect(withEntry({ shape: 'mcpServers' }, added, 'anywhere', undefined)).toBe(text);
      }),
      runs,
    );
  });

  it.each(BY_HAND)('keeps everything else of %s: %j', (name, text) => {
    check(name, text);
    check(name, text.replaceAll('\n', '\r\n'));
  });

  it('is refused where toml-patch would lose a comment', () => {
    const text = 'mcp_servers = { anywhere = { command = "x", args = ["1"] } } # c1\n';
    const change = () => withEntry({ shape: 'codex' }, text, 'anywhere', { command: 'x', args: [] });
    expect(change).toThrow('no place for `mcp_servers.anywhere` was found');
  });

  it('keeps everything else of TOML', () => {
    fc.assert(
      fc.property(settings, fc.option(servers), seeds, newline, (others, known, rolls, eol) => {
        const text = commented(toml({ ...others, ...(known === null ? {} : { mcp_servers: known }) }), rolls);
        check('codex', text.replaceAll('\n', eol));
      }),
      runs,
    );
  });

  it('keeps everything else of YAML', () => {
    fc.assert(
      fc.property(settings, fc.option(servers), seeds, newline, (others, known, rolls, eol) => {
        const plain = yaml({ first: 1, ...others, ...(known === null ? {} : { extensions: known }) });
        const text = commented(plain, rolls).replaceAll('\n', eol);
        try {
          SHAPES.goose.format.parse(text);
        } catch {
          fc.pre(false);
        }
        check('goose', text);
      }),
      runs,
    );
  });
});
