/** The fast path: an AI client starts the server, or somebody asks for the version. All other command lines go to the CLI. */

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevelName = (typeof LOG_LEVELS)[number];

export interface ServeRequest {
  /** Runs everything in this process. Otherwise the process relays to the daemon, and starts the daemon where none runs. */
  readonly inProcess: boolean;
  readonly config: string | undefined;
  /** Undefined: info. AI clients keep stderr as the log of the server. */
  readonly logLevel: LogLevelName | undefined;
}

export type StartRequest =
  | { readonly kind: 'version' }
  | ({ readonly kind: 'serve' } & ServeRequest)
  | { readonly kind: 'cli' };

const VERSION = ['--version', '-V', '-v', 'version'];
const CLI: StartRequest = { kind: 'cli' };

/**
 * @param argv without node and the program
 * @param isTerminal stdin is a terminal
 */
export function startRequest(argv: readonly string[], isTerminal: boolean): StartRequest {
  if (argv.length === 1 && VERSION.includes(argv[0] ?? '')) return { kind: 'version' };
  // A person who types `serve` gets the CLI, which says what it waits for.
  const options = isTerminal ? undefined : serveOptions(argv);
  if (options === undefined) return CLI;
  const { inProcess, config, logLevel } = options;
  return logLevel === undefined || isLogLevel(logLevel) ? { kind: 'serve', inProcess, config, logLevel } : CLI;
}

interface ServeWords {
  inProcess: boolean;
  config?: string;
  logLevel?: string;
}

/** Undefined: the command line holds other words too. */
function serveOptions(argv: readonly string[]): ServeWords | undefined {
  const options: ServeWords = { inProcess: false };
  const words = argv[Symbol.iterator]();
  let named = false;
  for (const word of words) {
    if (word === 'serve' && !named) named = true;
    else if (word === '--config' || word === '--log-level') {
      const value: unknown = words.next().value;
      if (typeof value !== 'string' || value.startsWith('-')) return undefined;
      options[word === '--config' ? 'config' : 'logLevel'] = value;
    } else if (word === '--in-process') options.inProcess = true;
    else return undefined;
  }
  return options;
}

export function isLogLevel(text: string): text is LogLevelName {
  return LOG_LEVELS.some((level) => level === text);
}
