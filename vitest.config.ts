import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { SkipsReporter } from './test/setup/skips-reporter.ts';

const manifest = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as { version: string };
const inCi = process.env['CI'] !== undefined && process.env['CI'] !== '';

export default defineConfig({
  define: { __VERSION__: JSON.stringify(manifest.version) },
  test: {
    // test/fuzz/ runs by itself, for ten minutes: npm run test:fuzz.
    include: process.env['FUZZ_SECONDS']
      ? ['test/fuzz/*.test.ts']
      : ['test/{unit,contract,integration,chaos}/**/*.test.{ts,tsx}'],
    globalSetup: ['test/setup/build.ts'],
    setupFiles: ['test/setup/warnings.ts'],
    // Tests start real processes: child processes keep files apart. Most of a file's time is waiting, so three
    // at once keep two cores busy; more would only add noise.
    pool: 'forks',
    maxWorkers: 3,
    // Every test asserts something. What is waited for is told with the last state seen, not cut to forty characters.
    expect: { requireAssertions: true, poll: { timeout: 10_000, interval: 20 } },
    chaiConfig: { truncateThreshold: 2_000 },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    reporters: inCi ? ['default', 'json', new SkipsReporter('.cache/skipped.txt')] : ['default'],
    outputFile: { json: '.cache/vitest.json' },
  },
});
