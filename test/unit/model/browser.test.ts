import { runInNewContext } from 'node:vm';
import { build } from 'esbuild';
import { expect, it } from 'vitest';

it('runs without Node: a web page can show it', async () => {
  const source = `import { firstModel } from './src/model/model.ts';
    import { update } from './src/model/update.ts';
    import { pageOf } from './src/model/pages.ts';
    const model = firstModel({ program: 'mcp-anywhere', columns: 80, rows: 24, nowMs: 0 });
    const opened = update(model, { type: 'key', key: { kind: 'char', char: '?', ctrl: false } }).model;
    globalThis.title = pageOf(opened, opened.overlays[0]).title;`;
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    logLevel: 'silent',
  });
  const page: { title?: string } = {};
  runInNewContext(outputFiles[0]?.text ?? '', page);
  expect(page.title).toBe('Keys');
});
