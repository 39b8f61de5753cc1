/** The documentation says what the program does, its generated parts are fresh, and its links lead somewhere. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createGrammar } from '../../../docs/generate/commands.ts';
import { madeFiles, read } from '../../../docs/generate/files.ts';
import { undescribed } from '../../../docs/generate/hosts-file.ts';
import { commandLinesIn, complaint, complaintsAbout } from '../../harness/command-lines.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PAGES = [
  'README.md',
  ...readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name.replaceAll(path.sep, '/')}`)
    .toSorted(),
];

describe('generated documentation', () => {
  const made = madeFiles();

  it.each([...made.keys()])('%s is fresh (npm run docs)', (file) => {
    expect(made.get(file)).toBe(existsSync(path.join(ROOT, file)) ? read(file) : 'missing');
  });

  it('has a page for each AI client, and none for another', () => {
    const pages = PAGES.filter((page) => page.startsWith('docs/clients/'));
    expect(pages.filter((page) => !made.has(page))).toEqual([]);
    expect(pages.length).toBeGreaterThan(20);
  });

  it('describes every mapping of the hosts file in a table', () => {
    expect(undescribed()).toEqual([]);
  });
});

describe('the man page', () => {
  const isHere = spawnSync('groff', ['--version']).status === 0;

  it.skipIf(!isHere)('is set without a warning', () => {
    const file = path.join(ROOT, 'docs/mcp-anywhere.1');
    const { stderr, stdout } = spawnSync('groff', ['-man', '-Tascii', '-ww', file], { encoding: 'utf8' });
    expect(stderr).toBe('');
    // Each letter of bold text is printed twice.
    expect(stdout.replaceAll(/.\u0008/g, '')).toContain('EXIT STATUS');
  });

  it('is installed with the package', () => {
    const { man, files } = JSON.parse(read('package.json')) as { man: string; files: readonly string[] };
    expect(files).toContain(man);
    expect(read(man)).toMatch(/^\.TH MCP\\-ANYWHERE 1/m);
  });
});

describe('commands', () => {
  const program = createGrammar();

  it.each(PAGES)('of %s exist, with the options named', (page) => {
    expect(complaintsAbout(program, read(page))).toEqual([]);
  });

  it.each([
    ['mcp-anywhere nope', '`` takes 0 words'],
    ['mcp-anywhere status --nope', '`status` has no option --nope'],
    ['mcp-anywhere explain', '`explain` needs 1 words'],
    ['mcp-anywhere trust a b', '`trust` takes 1 words'],
    ['mcp-anywhere config', '`config` needs a command'],
    ['mcp-anywhere config validate', undefined],
    ['mcp-anywhere logs -f gpu1/files --stream ssh', undefined],
    ['mcp-anywhere server add npx -y some-server --host gpu1', undefined],
  ])('the check of `%s` says %s', (line, problem) => {
    expect(complaint(program, line)).toBe(problem);
  });

  it('are found in code and in backticks', () => {
    const text = 'Run `mcp-anywhere ps`, or\n\n```sh\nmcp-anywhere logs -f    # follow\ncat x\n```\n';
    expect(commandLinesIn(text)).toEqual({ code: ['mcp-anywhere logs -f'], inline: ['mcp-anywhere ps'] });
  });

  it('can be named in a sentence, and not in code', () => {
    expect(complaintsAbout(program, 'With `mcp-anywhere explain` you see more.')).toEqual([]);
    expect(complaintsAbout(program, '```sh\nmcp-anywhere explain\n```\n')).toHaveLength(1);
  });
});

describe('links', () => {
  it.each(PAGES)('of %s lead to files and headings that exist', (page) => {
    const dead = linksOf(page).filter(([file, anchor]) => {
      if (!existsSync(path.join(ROOT, file))) return true;
      return (
        anchor !== undefined &&
        !headings(read(file))
          .map(({ text }) => slug(text))
          .includes(anchor)
      );
    });
    expect(dead).toEqual([]);
  });
});

/** Files of this repository that a page links to, from its root. */
function linksOf(page: string): (readonly [file: string, anchor: string | undefined])[] {
  const targets = [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [file = '', anchor] = target.split('#');
      return [file === '' ? page : path.posix.join(path.posix.dirname(page), file), anchor] as const;
    });
}

function withoutCode(markdown: string): string {
  return markdown.replaceAll(/^ *```[^]*?^ *```/gm, '').replaceAll(/`[^`\n]*`/g, (code) => 'x'.repeat(code.length));
}

function headings(markdown: string): { readonly level: number; readonly text: string }[] {
  const prose = markdown.replaceAll(/^ *```[^]*?^ *```/gm, '');
  return [...prose.matchAll(/^(#+) (.+)$/gm)].map(([, marks = '', text = '']) => ({ level: marks.length, text }));
}

/** As GitHub makes anchors. */
function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

describe('README.md', () => {
  const readme = read('README.md');

  it('is short, and has the two commands to begin with', () => {
    expect(readme.split('\n').length).toBeLessThanOrEqual(200);
    expect(readme).toContain('npm ci && npm run demo');
    expect(readme).toContain('npm ci && npm test');
  });

  it('follows a call through at most nine files, which exist', () => {
    const [, section = ''] = readme.split('## Follow a call');
    const files = [...section.matchAll(/^\d\..*$/gm)].flatMap(([line]) => line.match(/\w+\/[\w-]+\.ts/g) ?? []);
    expect(files.length).toBeGreaterThan(5);
    expect(files.length).toBeLessThanOrEqual(9);
    expect(files.filter((file) => !existsSync(path.join(ROOT, 'src', file)))).toEqual([]);
  });
});

describe('docs/README.zh.md', () => {
  const both = ['README.md', 'docs/README.zh.md'] as const;

  it('has the headings of README.md, level by level', () => {
    const [english, chinese] = both.map((page) => headings(read(page)).map(({ level }) => level));
    expect(chinese).toEqual(english);
  });

  it('has its code, apart from comments', () => {
    const code = (page: string): string[] =>
      [...read(page).matchAll(/^ *```[^]*?^ *```/gm)].map(([block]) => block.replaceAll(/ +# .*$/gm, ''));
    expect(code(both[1])).toEqual(code(both[0]));
  });

  it('has its commands, names and links', () => {
    const words = (page: string): string[] => {
      const prose = read(page).replaceAll(/^ *```[^]*?^ *```/gm, '');
      const spans = [...prose.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span.replaceAll(/\s+/g, ' '));
      const links = linksOf(page).flatMap(([file]) => (both.some((one) => one === file) ? [] : [file]));
      return [...new Set([...spans, ...links])].toSorted();
    };
    expect(words(both[1])).toEqual(words(both[0]));
  });

  it('is Chinese', () => {
    const prose = withoutCode(read(both[1]));
    expect(prose.match(/\p{Script=Han}/gu)?.length).toBeGreaterThan(1000);
  });
});
