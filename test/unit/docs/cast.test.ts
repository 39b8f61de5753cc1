/** The recording of the demo, and the picture that is made of it. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Cast, castText, readCast, withoutPauses } from '../../../docs/cast/cast.ts';
import { framesOf } from '../../../docs/cast/frames.ts';
import { svgOf } from '../../../docs/cast/svg.ts';

function read(file: string): string {
  return readFileSync(fileURLToPath(new URL(`../../../docs/${file}`, import.meta.url)), 'utf8');
}

function cast(...events: Cast['events']): Cast {
  return { header: { version: 2, width: 20, height: 3, title: 'a test' }, events };
}

async function picture(recorded: Cast): Promise<string> {
  const frames = await framesOf(recorded);
  return svgOf({ columns: 20, rows: 3, frames, lengthS: 5, title: recorded.header.title });
}

describe('a picture', () => {
  it('has one frame for each state that can be read, with its colours and places', async () => {
    const svg = await picture(
      cast([0, 'o', 'a \x1B[31mred\x1B[0m'], [1, 'o', '\x1B[2J\x1B[Hflash'], [1.1, 'o', '\x1B[2J\x1B[3;3H\x1B[1mlast']),
    );
    expect(svg.match(/<g class/g)).toHaveLength(2);
    expect(svg).toContain('>a</tspan>');
    expect(svg).toMatch(/<tspan x="30\.8" class="c1">red</);
    expect(svg).toMatch(/class="bold">last</);
    expect(svg).not.toContain('flash');
  });

  it('holds text as text', async () => {
    expect(await picture(cast([0, 'o', '<script>&"']))).toContain('>&lt;script&gt;&amp;&quot;<');
  });
});

describe('a recording', () => {
  it('is shown without its long pauses, in its order', () => {
    const { events } = withoutPauses(cast([1, 'o', 'a'], [60, 'o', 'b'], [61, 'o', 'c']));
    expect(events.map(([atS]) => atS)).toEqual([1, 3, 4]);
  });

  it('is read as it was written', () => {
    const recorded = cast([0.5, 'o', 'é\x1B[0m\r\n']);
    expect(readCast(castText(recorded))).toEqual(recorded);
  });

  it('of the demo has the whole tour and nothing of the machine that made it', () => {
    const recorded = readCast(read('demo.cast'));
    const text = recorded.events.map(([, , said]) => said).join('');
    for (const said of ['Every machine answers', 'meadow loses its power', 'That was real', '3/3 up'])
      expect(text).toContain(said);
    const paths = text.match(/(?<![\w/:.])\/[\w.-]+(?:\/[\w.-]+)+/g) ?? [];
    expect(paths.filter((path) => !path.startsWith('/tmp/mcp-anywhere-demo-'))).toEqual([]);
    expect(recorded.events.map(([atS]) => atS)).toEqual(recorded.events.map(([atS]) => atS).toSorted((a, b) => a - b));
  });

  it('of the demo has its picture at the top of the README', () => {
    const [, before = ''] = read('../README.md').split('# MCP-Anywhere');
    expect(before.indexOf('docs/demo.svg')).toBeLessThan(before.indexOf('\n## '));
    expect(Buffer.byteLength(read('demo.svg'))).toBeLessThan(60_000);
    expect(read('demo.svg')).toContain('meadow loses its power');
  });
});
