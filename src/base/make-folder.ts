/** Folders that only this user can enter. */
import { mkdirSync, statSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from './errno.ts';

const PRIVATE = 0o700;

/**
 * Makes the folder and its parents with mode 0700; one that exists stays as it is.
 *
 * Not `mkdir` with `recursive`: below `/proc`, which answers ENOENT for every new folder, Node tries for ever and hears no
 * signal.
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await makeOne(folder);
  } catch (error) {
    const parent = dirname(folder);
    if (errnoOf(error) !== 'ENOENT' || parent === folder) throw error;
    await makeFolder(parent);
    await makeOne(folder);
  }
}

async function makeOne(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: PRIVATE });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST' || !(await stat(folder)).isDirectory()) throw error;
  }
}

/** `makeFolder` for a caller that cannot wait, such as a process that is ending. */
export function makeFolderSync(folder: string): void {
  try {
    makeOneSync(folder);
  } catch (error) {
    const parent = dirname(folder);
    if (errnoOf(error) !== 'ENOENT' || parent === folder) throw error;
    makeFolderSync(parent);
    makeOneSync(folder);
  }
}

function makeOneSync(folder: string): void {
  try {
    mkdirSync(folder, { mode: PRIVATE });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST' || !statSync(folder).isDirectory()) throw error;
  }
}
