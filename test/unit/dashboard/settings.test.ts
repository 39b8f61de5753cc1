import { describe, expect, it } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import { readSettings } from '../../../src/dashboard/settings.ts';
import { chooseTheme } from '../../../src/dashboard/theme.ts';
import { ACTIONS } from '../../../src/model/actions.ts';

const FILE = '/home/me/.config/mcp-anywhere/dashboard.yaml';

function mistakesOf(text: string): readonly string[] {
  try {
    readSettings(text, FILE);
    return [];
  } catch (error) {
    if (!(error instanceof AnywhereError)) throw error;
    expect(error.code).toBe('CONFIG_INVALID');
    return error.evidence;
  }
}

function keysOf(text: string, name: string): readonly string[] | undefined {
  return readSettings(text, FILE).actions.find((action) => action.name === name)?.keys;
}

describe('dashboard.yaml', () => {
  it.each(['', '# nothing\n', '{}'])('%j changes nothing', (text) => {
    expect(readSettings(text, FILE)).toEqual({
      ...{ actions: ACTIONS, theme: 'auto', colors: {} },
      ...{ mouse: false, split: true, ascii: false },
    });
  });

  it('gives other keys, one or several, or none', () => {
    const text = 'keys: { reconnect: ctrl-r, quit: [q, Q], pause: [] }\n';
    expect(keysOf(text, 'reconnect')).toEqual(['ctrl-r']);
    expect(keysOf(text, 'quit')).toEqual(['q', 'Q']);
    expect(keysOf(text, 'pause')).toEqual([]);
    expect(keysOf(text, 'sort')).toEqual(['s']);
  });

  it('takes colours by name, number and value', () => {
    const { colors } = readSettings('colors: { good: bright-green, warn: 130, bad: "#ff8800" }', FILE);
    const { looks } = chooseTheme({ color: true, ascii: false, env: {}, colors });
    expect([looks?.good[0], looks?.warn[0], looks?.bad[0]]).toEqual(['92', '38;5;130', '38;2;255;136;0']);
  });

  it('names every mistake with its line, and what was meant', () => {
    expect(mistakesOf('keys:\n  reconect: r\n  quit: ctrl-c\ncolors: { good: grren }\nmouse: maybe\n')).toEqual([
      expect.stringMatching(/:2:3 keys\.reconect: .*did you mean `reconnect`\?/),
      expect.stringMatching(/:3:\d+ keys\.quit: expected a key such as/),
      expect.stringMatching(/:4:\d+ colors\.good: expected a number from 0 to 255/),
      expect.stringMatching(/:5:\d+ mouse: expected true or false, found "maybe"/),
    ]);
  });

  it.each(['keys: [a]', 'theme: pink', '- a', 'text', 'keys: {quit: "ab"}', 'colors: {good: 256}', 'a: [', 'x: 1'])(
    'refuses %j with one clear mistake',
    (text) => {
      expect(mistakesOf(text)).toHaveLength(1);
    },
  );

  it('refuses a key that would mean two things in one view', () => {
    expect(mistakesOf('keys: { sort: r }\n')).toEqual([expect.stringMatching(/`r` for both `reconnect` and `sort`/)]);
    expect(mistakesOf('keys: { sort: f }\n')).toEqual([]);
  });
});

describe('the theme', () => {
  const wish = { color: true, ascii: false };

  it('is for a light terminal where it says so, or the file does', () => {
    const warn = (more: object): string | undefined => chooseTheme({ ...wish, env: {}, ...more }).looks?.warn[0];
    expect(warn({})).toBe('33');
    expect(warn({ theme: 'light' })).toBe('38;5;130');
    expect(warn({ env: { COLORFGBG: '0;15' } })).toBe('38;5;130');
    expect(warn({ env: { COLORFGBG: '0;default;7' } })).toBe('38;5;130');
    expect(warn({ env: { COLORFGBG: '15;0' } })).toBe('33');
    expect(warn({ env: { COLORFGBG: '0;15' }, theme: 'dark' })).toBe('33');
  });

  it('has no colours at all with NO_COLOR, whatever the file says', () => {
    expect(chooseTheme({ ...wish, env: { NO_COLOR: '1' }, colors: { good: 'red' } }).looks).toBeUndefined();
  });
});
