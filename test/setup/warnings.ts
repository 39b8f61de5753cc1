/** Any warning of Node (leaked listeners, experimental or deprecated parts) fails the file that caused it. */
import { afterAll, expect } from 'vitest';

const warnings: string[] = [];

process.on('warning', (warning) => {
  warnings.push(warning.stack ?? `${warning.name}: ${warning.message}`);
});

afterAll(async () => {
  // Node emits warnings on the next tick.
  await new Promise((resolve) => setImmediate(resolve));
  expect(warnings).toEqual([]);
});
