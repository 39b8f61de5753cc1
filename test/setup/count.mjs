/** Prints `N passed, N failed, N skipped` from vitest's JSON report; a file that could not run counts as failed. */
import { existsSync, readFileSync } from 'node:fs';

const [file] = process.argv.slice(2);
const files = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).testResults : [];
const tests = files.flatMap((one) => one.assertionResults);
const withStatus = (...names) => tests.filter((test) => names.includes(test.status)).length;
const brokenFiles = files.filter(
  (one) => one.status === 'failed' && !one.assertionResults.some((test) => test.status === 'failed'),
);
const failed = withStatus('failed') + brokenFiles.length + (files.length === 0 ? 1 : 0);
process.stdout.write(
  `${withStatus('passed')} passed, ${failed} failed, ${withStatus('pending', 'skipped', 'todo', 'disabled')} skipped\n`,
);
