/** Records the demo in a real terminal, and writes `docs/demo.cast` and its picture `docs/demo.svg`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { spawn } from '@lydell/node-pty';
import { type Cast, castText, withoutPauses } from './cast.ts';
import { framesOf } from './frames.ts';
import { svgOf } from './svg.ts';

const COLUMNS = 100;
const ROWS = 30;
const TITLE = 'mcp-anywhere demo: three machines, one MCP server';
const OFFER = 'Open the dashboard';
/** The last frame of the picture stays for this time, s. */
const LAST_S = 4;

/** What a person does after the offer, each key after its pause, ms. */
const KEYS: readonly (readonly [number, string])[] = [
  [1500, 'y'],
  [5000, '2'],
  [2500, 'j'],
  [2500, 'q'],
];

const root = fileURLToPath(new URL('../..', import.meta.url));

async function record(folder: string): Promise<Cast> {
  const env = { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, HOME: folder, TMPDIR: folder, LANG: 'C.UTF-8' };
  const size = { cols: COLUMNS, rows: ROWS, name: 'xterm-256color' };
  const pty = spawn(process.execPath, [join(root, 'dist/bin.js'), 'demo'], { ...size, env, cwd: folder });
  const began = performance.now();
  const events: (readonly [number, 'o', string])[] = [];
  const ended = new Promise<number>((resolve) => {
    pty.onExit(({ exitCode }) => {
      resolve(exitCode);
    });
  });
  const offered = new Promise<undefined>((resolve) => {
    pty.onData((text) => {
      events.push([(performance.now() - began) / 1000, 'o', text.replaceAll(folder, '/tmp')]);
      if (text.includes(OFFER)) resolve(undefined);
    });
  });
  await Promise.race([offered, ended]);
  for (const [pauseMs, key] of KEYS) {
    await sleep(pauseMs);
    pty.write(key);
  }
  const code = await ended;
  if (code !== 0) throw new Error(`The demo ended with exit code ${code}.`);
  return {
    header: { version: 2, width: COLUMNS, height: ROWS, title: TITLE },
    events: events.map(([atS, kind, text]) => [atS, kind, text]),
  };
}

const folder = mkdtempSync(join(tmpdir(), 'cast-'));
try {
  const cast = withoutPauses(await record(folder));
  const frames = await framesOf(cast);
  const lengthS = (cast.events.at(-1)?.[0] ?? 0) + LAST_S;
  writeFileSync(join(root, 'docs/demo.cast'), castText(cast));
  writeFileSync(join(root, 'docs/demo.svg'), svgOf({ columns: COLUMNS, rows: ROWS, frames, lengthS, title: TITLE }));
  process.stdout.write(`${cast.events.length} events, ${frames.length} frames, ${lengthS.toFixed(0)} s\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
