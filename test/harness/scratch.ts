/** A temp folder for one test. */
import { onTestFinished } from 'vitest';
import { makeFolder } from './folder.ts';

/** Absolute path of an empty 0700 folder, removed after the test (after the run, when called outside of one). */
export function scratch(): string {
  const folder = makeFolder();
  try {
    onTestFinished(folder.remove);
  } catch {
    // Not inside a test (beforeAll): the folder goes with the worker process.
  }
  return folder.path;
}
