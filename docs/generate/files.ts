/** Every file of the documentation that is made from the program, with its text. */
import { readFileSync } from 'node:fs';
import { clientPages } from './clients.ts';
import { commandSections, commandTable, globalOptions } from './commands.ts';
import { errorSections, exitTable } from './errors.ts';
import { keyTables } from './hosts-file.ts';
import { manPage } from './man.ts';
import { wholeFile, withBlocks } from './markdown.ts';

const ROOT = new URL('../../', import.meta.url);

/** Written by hand, with blocks that are made. */
const WITH_BLOCKS = ['docs/commands.md', 'docs/errors.md', 'docs/hosts-file.md'];

const BLOCKS = {
  'commands.table': commandTable,
  'commands.options': globalOptions,
  'commands.all': commandSections,
  'errors.exit': exitTable,
  'errors.all': errorSections,
  ...keyTables(),
};

/** By path. */
export function madeFiles(): ReadonlyMap<string, string> {
  const { version } = JSON.parse(read('package.json')) as { version: string };
  return new Map([
    ...WITH_BLOCKS.map((path) => [path, withBlocks(read(path), BLOCKS)] as const),
    ...[...clientPages()].map(
      ([path, text]) =>
        [`docs/${path}`, wholeFile(text, 'docs/generate/clients.ts, src/discovery/clients.ts')] as const,
    ),
    ['docs/mcp-anywhere.1', manPage(version)],
    ['docs/README.zh.md', withLinksOf(read('README.md'), read('docs/README.zh.md'))],
  ]);
}

/** The one-click links are the same in every language. */
function withLinksOf(readme: string, translated: string): string {
  const [block = ''] = LINKS.exec(readme) ?? [];
  return translated.replace(LINKS, () => block);
}

const LINKS = /<!-- links -->[^]*<!-- \/links -->/;

export function read(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}
