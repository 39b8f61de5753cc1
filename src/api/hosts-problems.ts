/** What commands print of the hosts file. Types alone, because the library's declarations name them and its users have no zod. */

/** How a hosts file was found. Only a file from a working `folder` needs `config trust`: the others were named by the user. */
export type FileSource = 'flag' | 'environment' | 'user' | 'folder';

/** A mistake in the hosts file. Line and column count from 1, as editors do. */
export interface ConfigProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Like `hosts.gpu1.ssh.port`; empty when it concerns the whole file. */
  readonly key: string;
  readonly expected: string;
  readonly found: string;
  readonly suggestion?: string;
}
