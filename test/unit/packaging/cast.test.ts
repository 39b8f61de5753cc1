/** The recording of the demo, and the picture that is drawn from it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type Cast, castText, parseCast, tightened } from '../../../packaging/cast-file.ts';
import { DEMO_PICTURE, pictureOf } from '../../../packaging/cast-picture.ts';
import { rootPath } from '../../../packaging/entry.ts';

type Events = Cast['events'];

function cast(...events: Events): Cast {
  return { version: 2, width: 40, height: 4, events };
}

const LOOK = { still: 'nothing', description: 'a test' };
const draw = (...events: Events): Promise<string> => pictureOf(cast(...events), LOOK);

/** What each <text> says, as it stands in the file. */
function textsIn(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text = '']) => text);
}

describe('the picture of a cast', () => {
  it('has the text, its colours, bold and dim', async () => {
    const svg = await draw([0, 'o', 'plain \x1b[1;31mred\x1b[0m \x1b[2mdim\x1b[0m \x1b[38;2;1;2;3mown\x1b[0m']);
    expect(textsIn(svg)).toEqual(['plain', 'red', 'dim', 'own']);
    expect(svg).toMatch(/<text x="50.4"[^>]* class="b" style="fill:#ff7b72">red</);
    expect(svg).toMatch(/<text [^>]* class="d">dim</);
    expect(svg).toMatch(/<text [^>]* style="fill:#010203">own</);
  });

  it('escapes what SVG would read as markup, also in the description', async () => {
    const svg = await pictureOf(cast([0, 'o', '<script>a & "b"</script>']), { ...LOOK, description: '</title><x>' });
    expect(textsIn(svg)).toEqual(['&lt;script&gt;a &amp; &quot;b&quot;&lt;/script&gt;']);
    expect(svg).not.toMatch(/<script|<x>/);
  });

  it('keeps every column of a table in place, and draws inverse text on its colour', async () => {
    const svg = await draw([0, 'o', 'a      b\r\n\x1b[7mhere\x1b[0m']);
    expect(svg).toContain('<text x="0" y="13.5">a</text><text x="58.8" y="13.5">b</text>');
    expect(svg).toMatch(/<rect x="0" width="33.6" height="18" fill="#d1d7e0"\/><text [^>]*fill:#161b22">here</);
  });

  it('has each screen that stays, at its time, and none that only passes', async () => {
    const svg = await draw([0, 'o', 'one'], [1, 'o', '\r\x1b[Kpassing'], [1.1, 'o', '\r\x1b[Ktwo'], [2, 'o', '\r']);
    expect(textsIn(svg)).toEqual(['one', 'two']);
    // Two seconds, and three until it begins again.
    expect(svg).toContain('animation:k 4.1s step-end infinite');
    expect(svg).toContain('@keyframes k{0%{transform:translateY(0px)}26.83%{transform:translateY(-72px)}}');
  });

  it('shows the chosen screen where nothing moves', async () => {
    const events: Events = [
      [0, 'o', 'one'],
      [1, 'o', '\r\x1b[Ktwo'],
      [2, 'o', '\r\x1b[Kthree'],
    ];
    const svg = await pictureOf(cast(...events), { ...LOOK, still: 'two' });
    expect(svg).toContain('.s{transform:translateY(-72px);');
    expect(svg).toContain('@media (prefers-reduced-motion:reduce){.s{animation:none}}');
  });

  it('draws equal rows once', async () => {
    const svg = await draw([0, 'o', 'same\r\none'], [1, 'o', '\r\x1b[Ktwo']);
    expect(textsIn(svg)).toEqual(['same', 'one', 'two']);
    expect(svg.match(/<use href="#r0"/g)).toHaveLength(2);
  });
});

describe('a cast', () => {
  it('is read as it was written', () => {
    const written = cast([0, 'o', 'a\n"b"'], [1.5, 'o', '\x1b[1m✖']);
    expect(parseCast(castText(written))).toEqual(written);
  });

  it.each([
    ['another version', '{"version":3,"width":1,"height":1}\n'],
    ['what was typed', '{"version":2,"width":1,"height":1}\n[0,"i","secret"]\n'],
    ['a step back in time', '{"version":2,"width":1,"height":1}\n[2,"o","a"]\n[1,"o","b"]\n'],
  ])('with %s is refused', (_what, text) => {
    expect(() => parseCast(text)).toThrow();
  });

  it('is tightened: long pauses are cut, and what came together is one event', () => {
    const { events } = tightened(cast([0, 'o', 'a'], [0.01, 'o', 'b'], [60, 'o', 'c'], [61, 'o', 'd']), 2);
    expect(events).toEqual([
      [0, 'o', 'ab'],
      [2.01, 'o', 'c'],
      [3.01, 'o', 'd'],
    ]);
  });
});

describe('docs/demo.cast and docs/demo.svg (npm run cast)', () => {
  const read = (name: string): string => readFileSync(join(rootPath, 'docs', name), 'utf8');
  const demo = parseCast(read('demo.cast'));
  const said = stripVTControlCharacters(demo.events.map(([, , text]) => text).join(''));

  it('are the whole demo, at a pace that can be followed', () => {
    expect([demo.width, demo.height]).toEqual([100, 30]);
    for (const text of ['meadow loses its power', 'meadow comes back', 'That was real', '[Y/n]', '3/3 up'])
      expect(said).toContain(text);
    const pauses = demo.events.map(([seconds], index) => seconds - (demo.events[index - 1]?.[0] ?? 0));
    expect(Math.max(...pauses)).toBeLessThanOrEqual(2.05);
  });

  it('hold no path of a machine but those of the demo', () => {
    const paths = said.match(/(?<![\w.~/])~?\/[\w.@-]+(?:\/[\w.@-]+)+/g) ?? [];
    expect(paths.length).toBeGreaterThan(0);
    expect(paths.filter((found) => !/^\/tmp\/mcp-anywhere-demo-\w+\/hosts\/\w+$/.test(found))).toEqual([]);
    expect(read('demo.svg')).not.toMatch(/(?:\/home|\/root|\/Users|\/work)\b/);
  });

  it('belong together, and the picture is small', async () => {
    const svg = read('demo.svg');
    expect(svg).toBe(await pictureOf(demo, DEMO_PICTURE));
    expect(Buffer.byteLength(svg)).toBeLessThan(60_000);
    // GitHub shows nothing from elsewhere, and runs nothing.
    expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(/https?:|<script|<image|<foreignObject/);
  });
});
