/** All files below a folder. */
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface FileFound {
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'other';
  /** Permission bits. */
  readonly mode: number;
}

export function filesBelow(folder: string): FileFound[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => {
    const path = join(folder, name);
    const stat = lstatSync(path);
    return { path, kind: stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : 'other', mode: stat.mode & 0o777 };
  });
}

/** Paths of the files that hold one of the texts, as bytes. */
export function filesWith(folder: string, texts: readonly string[]): string[] {
  return filesBelow(folder)
    .filter((one) => one.kind === 'file')
    .map((one) => one.path)
    .filter((path) => {
      const bytes = readFileSync(path);
      return texts.some((text) => bytes.includes(text));
    });
}
