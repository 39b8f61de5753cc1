/** One word of a command line that a person can paste into a POSIX shell. A word without special characters stays unquoted. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
