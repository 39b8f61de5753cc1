/**
 * Prints what failed, each with the head of its message, and then `N passed, N failed, N skipped`, from vitest's JSON
 * report. A file that could not run counts as failed.
 */
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** How many lines of a message are shown: the whole one stands where the test ran. */
const HEAD = 12;

const [file] = process.argv.slice(2);
const files = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).testResults : [];
const tests = files.flatMap((one) => one.assertionResults);
const withStatus = (...names) => tests.filter((test) => names.includes(test.status)).length;
const brokenFiles = files.filter(
  (one) => one.status === 'failed' && !one.assertionResults.some((test) => test.status === 'failed'),
);

const failures = files.flatMap((one) =>
  one.assertionResults
    .filter((test) => test.status === 'failed')
    .map((test) => ({
      name: `${relative('.', one.name)} > ${test.fullName}`,
      message: test.failureMessages.join('\n'),
    })),
);
failures.push(...brokenFiles.map((one) => ({ name: relative('.', one.name), message: one.message })));
if (failures.length > 0) {
  process.stdout.write('Failed tests:\n');
}
for (const { name, message } of failures) {
  const head = stripVTControlCharacters(message).trim().split('\n').slice(0, HEAD);
  process.stdout.write(`  ${name}\n${head.map((line) => `    ${line}\n`).join('')}`);
}

const failed = withStatus('failed') + brokenFiles.length + (files.length === 0 ? 1 : 0);
process.stdout.write(
  `${withStatus('passed')} passed, ${failed} failed, ${withStatus('pending', 'skipped', 'todo', 'disabled')} skipped\n`,
);
