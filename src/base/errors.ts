/**
 * The one error class of the program, with a closed list of codes.
 *
 * Code decides by `code` and never by text. People read `message`, `evidence` and `hint`.
 * Each library has exactly one file that turns its errors into ours (`ssh2/errors.ts`, …).
 */

import { exhaustion } from './errno.ts';
import { FINDING_CODES } from './finding-codes.ts';

/** Exit codes of the command line (DESIGN.md, outside contract). */
export const EXIT = {
  ok: 0,
  unexpected: 1,
  usage: 2,
  auth: 3,
  unreachable: 4,
  tool: 5,
  config: 6,
  noDaemon: 7,
  partly: 8,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

interface CodeInfo {
  readonly exit: ExitCode;
  /** The meaning in one sentence, for `explain` and the docs. */
  readonly meaning: string;
  /** The next command or step. The constructor fills in `{host}` and `{server}`. */
  readonly hint: string;
}

export const INSTALL_OPENSSH =
  'install the OpenSSH client (apt install openssh-client, apk add openssh-client, dnf install openssh-clients)';

export const ERROR_CODES = {
  USAGE: { exit: EXIT.usage, meaning: 'The command line is not valid.', hint: 'mcp-anywhere --help' },
  INTERNAL: {
    exit: EXIT.unexpected,
    meaning: 'This is a bug in MCP-Anywhere.',
    hint: 'please report the bug, with the archive that `mcp-anywhere support-bundle` makes',
  },
  OUTPUT_FAILED: {
    exit: EXIT.unexpected,
    meaning: 'The output of a command could not be written, for example to a full disk.',
    hint: 'free some space, or send the output elsewhere',
  },
  INTERRUPTED: { exit: EXIT.interrupted, meaning: 'You stopped the command.', hint: 'run the command again' },

  CONFIG_NOT_FOUND: { exit: EXIT.config, meaning: 'No hosts file was found.', hint: 'mcp-anywhere config path' },
  CONFIG_INVALID: { exit: EXIT.config, meaning: 'The hosts file has mistakes.', hint: 'mcp-anywhere config validate' },
  CONFIG_UNTRUSTED: {
    exit: EXIT.config,
    meaning: 'A hosts file from a working folder can start programs, so you must trust the file once.',
    hint: 'mcp-anywhere config trust',
  },
  SECRET_UNRESOLVED: {
    exit: EXIT.config,
    meaning: 'A reference of the hosts file, such as ${env:NAME}, could not be resolved.',
    hint: 'mcp-anywhere doctor {host}',
  },
  SECRET_STORE: {
    exit: EXIT.config,
    meaning: 'The keychain, or the file that holds a secret where there is no keychain, cannot be read or changed.',
    hint: 'mcp-anywhere secret ls',
  },
  CLIENT_CONFIG: {
    exit: EXIT.config,
    meaning: 'The configuration file of an AI client cannot be read or changed.',
    hint: 'correct the file or move it away, then run the command again',
  },
  FOLDER_UNUSABLE: {
    exit: EXIT.unexpected,
    meaning: 'A folder for state, cache or sockets cannot be created, or belongs to another user.',
    hint: 'check the owner and the permissions of the folder',
  },
  ...FINDING_CODES,

  HOST_UNREACHABLE: {
    exit: EXIT.unreachable,
    meaning: 'MCP-Anywhere could not connect to the host.',
    hint: 'mcp-anywhere doctor {host}',
  },
  HOST_BUSY: {
    exit: EXIT.unreachable,
    meaning:
      'The host closed the connection before SSH began: too many logins at once (MaxStartups), a rule against this machine, or no SSH server.',
    hint: 'mcp-anywhere doctor {host}',
  },
  HOST_TIMEOUT: {
    exit: EXIT.unreachable,
    meaning: 'The host did not answer in time.',
    hint: 'mcp-anywhere doctor {host}',
  },
  LINK_LOST: { exit: EXIT.unreachable, meaning: 'The connection to the host was lost.', hint: 'mcp-anywhere status' },
  CHANNEL_REFUSED: {
    exit: EXIT.unreachable,
    meaning: 'The host refused to open a session (MaxSessions, ForceCommand or a missing subsystem).',
    hint: 'mcp-anywhere doctor {host}',
  },
  SSH_CONFIG: {
    exit: EXIT.config,
    meaning: 'The system ssh rejected the configuration of this host.',
    hint: 'ssh -G {host}',
  },
  SSH_MISSING: {
    exit: EXIT.unexpected,
    meaning: 'The OpenSSH client (ssh) is required but not installed.',
    hint: INSTALL_OPENSSH,
  },
  SSH_NEGOTIATION: {
    exit: EXIT.unreachable,
    meaning: 'The built-in SSH client and the host have no algorithm in common, or could not understand each other.',
    hint: 'set `ssh: { backend: openssh }` for {host} in the hosts file, which needs the OpenSSH client',
  },
  AUTH_FAILED: {
    exit: EXIT.auth,
    meaning: 'The host rejected every key and answer.',
    hint: 'ssh-add -l; mcp-anywhere doctor {host}',
  },
  KEY_UNUSABLE: {
    exit: EXIT.auth,
    meaning: 'An identity file could not be read or decrypted.',
    hint: 'add the key to the agent: ssh-add ~/.ssh/id_ed25519',
  },
  HOST_KEY_UNKNOWN: {
    exit: EXIT.auth,
    meaning: 'The key of the host is in no known_hosts file.',
    hint: 'mcp-anywhere trust {host}',
  },
  HOST_KEY_CHANGED: {
    exit: EXIT.auth,
    meaning: 'The key of the host has changed: the machine was reinstalled, or someone intercepts the connection.',
    hint: 'compare the fingerprint with the owner of the machine, then remove the old line from known_hosts',
  },
  HOST_KEY_REVOKED: {
    exit: EXIT.auth,
    meaning: 'The key of the host is marked @revoked.',
    hint: 'ask the owner of the machine',
  },

  SERVER_START_FAILED: {
    exit: EXIT.tool,
    meaning: 'The MCP server exited before it answered initialize.',
    hint: 'mcp-anywhere logs {host}/{server}',
  },
  COMMAND_NOT_FOUND: {
    exit: EXIT.tool,
    meaning: "The server's command does not exist on that host.",
    hint: 'install the command there, or write its absolute path; mcp-anywhere doctor {host}',
  },
  CWD_MISSING: {
    exit: EXIT.tool,
    meaning: "The server's working folder does not exist on that host.",
    hint: 'create the folder there, or correct `cwd`',
  },
  SERVER_START_TIMEOUT: {
    exit: EXIT.tool,
    meaning: 'The MCP server did not answer initialize in time.',
    hint: 'raise `startTimeoutMs`; mcp-anywhere logs {host}/{server}',
  },
  SERVER_EXITED: { exit: EXIT.tool, meaning: 'The MCP server exited.', hint: 'mcp-anywhere logs {host}/{server}' },
  SERVER_STOPPED: {
    exit: EXIT.tool,
    meaning: 'MCP-Anywhere stopped the MCP server for a restart, because nobody used it, or because its client left.',
    hint: 'call the tool again: MCP-Anywhere starts the server again',
  },
  SERVER_PROTOCOL: {
    exit: EXIT.tool,
    meaning: 'The MCP server sent a message that is not valid MCP.',
    hint: 'mcp-anywhere logs {host}/{server}',
  },
  MESSAGE_TOO_LARGE: {
    exit: EXIT.tool,
    meaning: 'A message was larger than the limit.',
    hint: 'ask the tool for less data at a time',
  },
  SERVER_HUNG: {
    exit: EXIT.tool,
    meaning: 'The MCP server was running but no longer answered, so MCP-Anywhere stopped it.',
    hint: 'mcp-anywhere logs {host}/{server}',
  },
  LIMIT_REACHED: {
    exit: EXIT.tool,
    meaning: 'A limit of the hosts file was reached.',
    hint: 'wait until other calls end, or raise the limit under `limits`',
  },
  CALL_TIMEOUT: {
    exit: EXIT.tool,
    meaning: 'The tool did not answer in time.',
    hint: 'raise `timeoutMs` of the server',
  },
  OUTCOME_UNKNOWN: {
    exit: EXIT.tool,
    meaning: 'The connection was lost while the call ran: it may or may not have been carried out.',
    hint: 'check on the host before you repeat it',
  },
  TOOL_UNKNOWN: { exit: EXIT.usage, meaning: 'No tool of this name is offered.', hint: 'mcp-anywhere tools' },
  TOOL_FAILED: { exit: EXIT.tool, meaning: 'The tool answered with an error.', hint: 'read the answer of the tool' },
  TOOL_DENIED: {
    exit: EXIT.tool,
    meaning: 'The hosts file does not allow this tool.',
    hint: 'see `tools.allow` and `tools.deny` of the server',
  },
  CANCELLED: { exit: EXIT.interrupted, meaning: 'The caller cancelled the request.', hint: 'send the request again' },
  NO_DAEMON: { exit: EXIT.noDaemon, meaning: 'MCP-Anywhere is not running.', hint: 'mcp-anywhere serve' },
  NO_TTY: {
    exit: EXIT.auth,
    meaning: 'A passphrase or code is needed, and there is no terminal to ask for it.',
    hint: 'run `mcp-anywhere status` in a terminal and answer there, or add the key to the agent: ssh-add ~/.ssh/id_ed25519',
  },
} as const satisfies Record<string, CodeInfo>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** A usual cause of an error, how to recognise it, and what to do. */
export type ErrorCause = Readonly<Record<'cause' | 'see' | 'fix', string>>;

/** Where an error belongs. Every error that reaches a person names what it can. */
export interface ErrorPlace {
  readonly host?: string | undefined;
  readonly server?: string | undefined;
  readonly tool?: string | undefined;
}

interface ErrorDetails extends ErrorPlace {
  /** Observations: last stderr lines, fingerprints, file and line. Never a secret. */
  readonly evidence?: readonly string[] | undefined;
  /** Replaces the hint of the code where the caller knows a better one. */
  readonly hint?: string | undefined;
  readonly isUnsent?: boolean | undefined;
  readonly cause?: unknown;
}

/** Places that are not filled in yet. */
const UNFILLED = /\{(?:host|server)\}/;

/** The error of the program: what happened, where, on what evidence, and the next step. */
export class AnywhereError extends Error {
  override readonly name = 'AnywhereError';
  readonly code: ErrorCode;
  readonly host: string | undefined;
  readonly server: string | undefined;
  readonly tool: string | undefined;
  readonly evidence: readonly string[];
  readonly hint: string;
  /** Nothing of the request has reached the other side: sending the request again is safe. */
  readonly isUnsent: boolean;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.host = details.host;
    this.server = details.server;
    this.tool = details.tool;
    this.evidence = details.evidence ?? [];
    this.isUnsent = details.isUnsent ?? false;
    this.hint = details.hint ?? fillHint(ERROR_CODES[code].hint, details);
  }

  get exitCode(): ExitCode {
    return ERROR_CODES[this.code].exit;
  }

  /** The same error with the missing places filled in. */
  at({ host, server, tool }: ErrorPlace): AnywhereError {
    return this.#with({
      host: this.host ?? host,
      server: this.server ?? server,
      tool: this.tool ?? tool,
      hint: UNFILLED.test(this.hint) ? undefined : this.hint,
    });
  }

  /** The same error, for a request that was never sent. */
  unsent(): AnywhereError {
    return this.#with({ isUnsent: true });
  }

  /** The same error without secrets, to be stored or shown. The cause stays where it holds no secret. */
  redacted(redact: (text: string) => string): AnywhereError {
    const [message = '', hint, ...evidence] = [this.message, this.hint, ...this.evidence].map(redact);
    const cause = redactedCause(this.cause, redact);
    const isSame = message === this.message && hint === this.hint && cause === this.cause;
    if (isSame && evidence.every((line, index) => line === this.evidence[index])) return this;
    return this.#with({ hint, evidence, cause }, message);
  }

  #with(changes: ErrorDetails, message = this.message): AnywhereError {
    const { host, server, tool, evidence, hint, isUnsent, cause } = this;
    return new AnywhereError(this.code, message, { host, server, tool, evidence, hint, isUnsent, cause, ...changes });
  }

  toJSON(): ErrorReport {
    return reportOf(this);
  }
}

/** A foreign error that holds a secret is left out, because a log prints the whole cause. */
function redactedCause(cause: unknown, redact: (text: string) => string): unknown {
  if (cause instanceof AnywhereError) return cause.redacted(redact);
  if (!(cause instanceof Error)) return cause;
  const text = `${cause.message}\n${cause.stack ?? ''}`;
  return redact(text) === text ? cause : undefined;
}

/** An error as data, for the control API and `--json`. */
export interface ErrorReport {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly host?: string;
  readonly server?: string;
  readonly tool?: string;
  readonly evidence?: readonly string[];
}

export function reportOf(error: AnywhereError): ErrorReport {
  return {
    code: error.code,
    message: error.message,
    hint: error.hint,
    ...(error.host === undefined ? {} : { host: error.host }),
    ...(error.server === undefined ? {} : { server: error.server }),
    ...(error.tool === undefined ? {} : { tool: error.tool }),
    ...(error.evidence.length === 0 ? {} : { evidence: error.evidence }),
  };
}

/** The error that another process reported. A code that only another version of the program knows becomes INTERNAL. */
export function errorOf({ code, message, host, server, tool, evidence, hint }: ErrorReport): AnywhereError {
  return new AnywhereError(isErrorCode(code) ? code : 'INTERNAL', message, { host, server, tool, evidence, hint });
}

/** Our own error unchanged; any other error is a bug and becomes INTERNAL, but for a machine that has no room left. */
export function asAnywhereError(thrown: unknown): AnywhereError {
  if (thrown instanceof AnywhereError) return thrown;
  const full = exhaustion(thrown);
  if (full !== undefined) return new AnywhereError('OUTPUT_FAILED', full.text, { hint: full.hint, cause: thrown });
  return new AnywhereError('INTERNAL', thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
}

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CODES, text);
}

function fillHint(hint: string, place: ErrorPlace): string {
  const server = place.server === undefined ? '{server}' : place.server;
  return place.host === undefined ? hint : hint.replaceAll('{host}', place.host).replaceAll('{server}', server);
}
