/** Builds dist/ once before the tests: they run the program that users run. */
import { execa } from 'execa';

const root = new URL('../../', import.meta.url);

export async function setup(): Promise<void> {
  const build = execa(process.execPath, ['build.mjs', '--if-changed', '--no-types'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const inCi = (process.env['CI'] ?? '') !== '';
  if (inCi) await build;
  // Unit tests need no build, and are what one runs while the sources are in between.
  else await build.catch(() => process.stderr.write('dist/ is not up to date: the build failed.\n'));
}
