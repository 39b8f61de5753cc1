/** Records the demo in a terminal as docs/demo.cast, and draws docs/demo.svg from it: `npm run cast`. `--draw` only draws. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, stripVTControlCharacters } from 'node:util';
import { type IPty, spawn } from '@lydell/node-pty';
import { type Cast, castText, parseCast, tightened } from './cast-file.ts';
import { DEMO_PICTURE, pictureOf } from './cast-picture.ts';
import { rootPath } from './entry.ts';

const WIDTH = 100;
const HEIGHT = 30;
const LONGEST_PAUSE_S = 2;
/** The whole recording, ms. */
const LIMIT_MS = 90_000;

/** What the person at the terminal does: waits for a text on the screen, looks at it, and presses a key. */
const SCRIPT = [
  { wanted: '[Y/n]', lookMs: 2000, keys: 'y' },
  { wanted: '3/3 up', lookMs: 4000, keys: 'q' },
] as const;

const castFile = path.join(rootPath, 'docs/demo.cast');
const pictureFile = path.join(rootPath, 'docs/demo.svg');

async function record(): Promise<Cast> {
  const home = mkdtempSync(path.join(tmpdir(), 'mcp-anywhere-cast-'));
  try {
    // Not the environment of this machine: the recording is public.
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: home,
      TERM: 'xterm-256color',
      LANG: 'C.UTF-8',
      TMPDIR: '/tmp',
    };
    const demo = [path.join(rootPath, 'dist/bin.js'), 'demo'];
    const terminal = spawn(process.execPath, demo, { cols: WIDTH, rows: HEIGHT, env, cwd: home });
    return { version: 2, width: WIDTH, height: HEIGHT, title: 'mcp-anywhere demo', events: await watch(terminal) };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function watch(terminal: IPty): Promise<Cast['events']> {
  const began = performance.now();
  const events: [number, 'o', string][] = [[0, 'o', '\x1b[1m$\x1b[0m npx mcp-anywhere demo\r\n']];
  let said = '';
  terminal.onData((text) => {
    said += text;
    events.push([(performance.now() - began) / 1000, 'o', text]);
  });
  const ended = new Promise<number>((resolve) => {
    terminal.onExit(({ exitCode }) => {
      resolve(exitCode);
    });
  });
  const limit = setTimeout(() => {
    terminal.kill('SIGTERM');
  }, LIMIT_MS);
  const typed = new AbortController();
  const typing = typeAt(terminal, () => said, typed.signal);
  const exit = await ended;
  clearTimeout(limit);
  typed.abort();
  await typing;
  if (exit !== 0) throw new Error(`The demo ended with ${exit}:\n${stripVTControlCharacters(said).slice(-2000)}`);
  return events;
}

async function typeAt(terminal: IPty, said: () => string, stop: AbortSignal): Promise<void> {
  for (const { wanted, lookMs, keys } of SCRIPT) {
    while (!stop.aborted && !stripVTControlCharacters(said()).includes(wanted)) await sleep(50);
    if (stop.aborted) return;
    await sleep(lookMs);
    terminal.write(keys);
  }
}

const { values } = parseArgs({ options: { draw: { type: 'boolean', default: false } } });
if (!values.draw) writeFileSync(castFile, castText(tightened(await record(), LONGEST_PAUSE_S)));
const picture = await pictureOf(parseCast(readFileSync(castFile, 'utf8')), DEMO_PICTURE);
writeFileSync(pictureFile, picture);
process.stdout.write(`wrote docs/demo.cast and docs/demo.svg (${Math.ceil(Buffer.byteLength(picture) / 1024)} KiB)\n`);
