/** What the built program asks the environment for: a variable of the user's own must switch on nothing in a bundled library. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { writeHostsFile } from '../harness/hosts-file.ts';
import { BIN, runProgram } from '../harness/program.ts';
import { makeSandbox } from '../harness/sandbox.ts';

/** What libraries may ask for: how a terminal looks, where programs and folders are, and how files are watched. */
const OF_LIBRARIES = [
  ...['ACCESSIBLE', 'AGENT_NAME', 'CI', 'CI_NAME', 'CLICOLOR_FORCE', 'COLORTERM', 'COLUMNS', 'FORCE_COLOR'],
  ...['INK_SCREEN_READER', 'KITTY_WINDOW_ID', 'LINES', 'NO_COLOR', 'TEAMCITY_VERSION', 'TERM', 'TERMINAL_EMULATOR'],
  ...['TERMINUS_SUBLIME', 'TERM_PROGRAM', 'TERM_PROGRAM_VERSION', 'TF_BUILD', 'TMUX', 'WT_SESSION'],
  ...['APPDATA', 'LOCALAPPDATA', 'OSTYPE', 'PATH', 'PATHEXT', 'XDG_CACHE_HOME', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME'],
  ...['XDG_RUNTIME_DIR', 'XDG_STATE_HOME', 'CHOKIDAR_INTERVAL', 'CHOKIDAR_USEPOLLING'],
];

const VARIABLE = /\benv\d*(?:\.|\?\.|\[["'])([A-Z][A-Z0-9_]+)|["']([A-Z][A-Z0-9_]+)["'] ?in ?[\w$.]*env\b/g;

function variablesIn(text: string): string[] {
  return [...text.matchAll(VARIABLE)].map(([, read, looked]) => read ?? looked ?? '');
}

function filesUnder(folder: string, ending: RegExp): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => ending.test(name))
    .map((name) => join(folder, name));
}

/** The chunks that the program loads; earlier builds may have left others beside them. */
function loaded(entry: string, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(entry)) return found;
  found.add(entry);
  for (const [, name = ''] of readFileSync(entry, 'utf8').matchAll(/["'](\.{1,2}\/[\w./-]+\.js)["']/g))
    loaded(join(dirname(entry), name), found);
  return found;
}

it('the program asks for no variable of the environment but its own and those of terminals and folders', () => {
  const ours = filesUnder('src', /\.tsx?$/).flatMap((file) => variablesIn(readFileSync(file, 'utf8')));
  const asked = [...loaded(BIN)].flatMap((file) => variablesIn(readFileSync(file, 'utf8')));
  expect(asked, 'the pattern finds variables').toContain('MCP_ANYWHERE_CONFIG');
  expect([...new Set(asked)].filter((name) => ![...ours, ...OF_LIBRARIES].includes(name))).toEqual([]);
});

it('debugging aids of libraries print nothing', async () => {
  const aids = { LOG_STREAM: '1', LOG_TOKENS: '1', DEV: 'true', NODE_DEBUG: 'execa' };
  const { path } = writeHostsFile({});
  const usual = await runProgram(['config', 'validate', '--config', path], makeSandbox());
  expect(usual.stdout).toContain('valid');
  expect(await runProgram(['config', 'validate', '--config', path], makeSandbox(aids))).toEqual(usual);
});
