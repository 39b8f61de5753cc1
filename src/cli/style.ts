/** Colours and glyphs. State is always glyph and word; colour only underlines it. */
import { styleText } from 'node:util';

type Paint = (text: string) => string;

export interface Style {
  readonly good: Paint;
  readonly bad: Paint;
  readonly warn: Paint;
  readonly dim: Paint;
  readonly bold: Paint;
}

const plain: Style = { good: same, bad: same, warn: same, dim: same, bold: same };

const coloured: Style = {
  good: painter('green'),
  bad: painter('red'),
  warn: painter('yellow'),
  dim: painter('dim'),
  bold: painter('bold'),
};

interface ColorWish {
  /** `--no-color` given: false. */
  readonly color: boolean;
  readonly isTTY: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** NO_COLOR (no-color.org): any value but the empty one turns colours off; FORCE_COLOR turns them on in a pipe. */
export function chooseStyle({ color, isTTY, env }: ColorWish): Style {
  if (!color || isSet(env['NO_COLOR']) || env['TERM'] === 'dumb') return plain;
  return isTTY || (isSet(env['FORCE_COLOR']) && env['FORCE_COLOR'] !== '0') ? coloured : plain;
}

/** Whether to paint at all is decided here, not by the process's own stdout. */
function painter(format: Parameters<typeof styleText>[0]): Paint {
  return (text) => styleText(format, text, { validateStream: false });
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}

function same(text: string): string {
  return text;
}
