/** The codes of errors that the system reported, and what they mean to a person. */

/** Like `EACCES`; undefined for an error without a code. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

/** The path does not exist. */
export function isMissing(error: unknown): boolean {
  const code = errnoOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** The machine cannot take more, whatever the program does (errno(3)). Undefined for any other error. */
export function exhaustion(error: unknown): { readonly text: string; readonly hint: string } | undefined {
  if (EXHAUSTED[errnoOf(error) ?? ''] === undefined) return undefined;
  // Only some errors of node:fs name the path.
  const path = error instanceof Error && 'path' in error ? String(error.path) : 'your files';
  return { text: `A file could not be opened or written: ${errnoText(error)}.`, hint: errnoAdvice(error, path) };
}

/** As `the disk is full (ENOSPC)`. */
export function errnoText(error: unknown): string {
  const code = errnoOf(error);
  if (code === undefined) return 'unknown error';
  const said = WORDS[code] ?? EXHAUSTED[code]?.says;
  return said === undefined ? code : `${said} (${code})`;
}

/** What a person can do about it. @param path the file or folder that could not be read or written */
export function errnoAdvice(error: unknown, path: string): string {
  const advice = EXHAUSTED[errnoOf(error) ?? '']?.advice;
  return advice === undefined ? `check the owner and the permissions of ${path}` : advice.replace('{path}', path);
}

const WORDS: Record<string, string> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EISDIR: 'it is a folder',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'it does not exist',
  ENOTDIR: 'a part of the path is no folder',
};

const EXHAUSTED: Record<string, { readonly says: string; readonly advice: string }> = {
  ENOSPC: { says: 'the disk is full', advice: 'free some space on the disk of {path}' },
  EDQUOT: { says: 'your disk quota is used up', advice: 'free some space on the disk of {path}' },
  EROFS: { says: 'the file system is read-only', advice: 'make the file system of {path} writable' },
  EMFILE: { says: 'too many files are open', advice: 'raise the limit of open files (ulimit -n)' },
  ENFILE: { says: 'too many files are open on this machine', advice: 'end programs that hold many files open' },
};
