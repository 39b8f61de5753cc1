/** What the program says of its own running, for people who debug it. Goes to stderr or a file, never to stdout. */

export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** Fields first, then the sentence. Fields must never hold a secret. */
export interface Log {
  error(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  info(fields: object, message: string): void;
  debug(fields: object, message: string): void;
  child(fields: object): Log;
}
