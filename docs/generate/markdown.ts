/** Pieces of Markdown. */
import stringWidth from 'string-width';

/** Aligned, as the formatter wants it. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows].map((row) => row.map(cell));
  const widths = head.map((_title, column) => Math.max(3, ...all.map((row) => stringWidth(row[column] ?? ''))));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text, column) => text + ' '.repeat((widths[column] ?? 0) - stringWidth(text))).join(' | ')} |\n`;
  const [first = '', ...others] = all.map(line);
  return `${first}${line(widths.map((width) => '-'.repeat(width)))}${others.join('')}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

export function code(text: string): string {
  return `\`${text}\``;
}

export function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\`\n`;
}

/** Angle brackets outside of code would be HTML. */
export function prose(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith('`') ? part : part.replaceAll('<', '&lt;').replaceAll('>', '&gt;')))
    .join('');
}

const NOTE = 'made by `npm run docs`; edit the source instead';

/** A file that is made as a whole. */
export function wholeFile(text: string, source: string): string {
  return `<!-- ${NOTE}: ${source} -->\n\n${text.trim()}\n`;
}

/** Fills the blocks between `<!-- made: NAME … -->` and `<!-- /made -->`; the rest of the file is written by hand. */
export function withBlocks(text: string, blocks: Readonly<Record<string, () => string>>): string {
  return text.replaceAll(/<!-- made: ([\w.-]+).*?-->[^]*?<!-- \/made -->/g, (_all, name: string) => {
    const block = blocks[name];
    if (block === undefined) throw new Error(`there is no block ${name}`);
    return `<!-- made: ${name}, by \`npm run docs\` -->\n\n${block().trim()}\n\n<!-- /made -->`;
  });
}
