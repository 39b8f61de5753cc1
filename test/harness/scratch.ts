/** A temp folder for one test. */
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
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

/** A folder for PATH with nothing in it but Node: no ssh, no shell, no tools. */
export function onlyNode(): string {
  const folder = scratch();
  symlinkSync(process.execPath, join(folder, 'node'));
  return folder;
}
