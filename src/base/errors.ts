/**
 * The one error class of the program, with a closed list of codes.
 *
 * Nothing decides on an error's text: code reads `code`, people read `message`, `evidence` and `hint`.
 * Errors of libraries become ours in exactly one file per library (`link/ssh2/errors.ts`, …).
 */

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
  /** What it means, for `explain` and the docs. One sentence. */
  readonly meaning: string;
  /** The next command or step. `{host}` and `{server}` are filled in. */
  readonly hint: string;
}

export const INSTALL_OPENSSH =
  'install the OpenSSH client (apt install openssh-client, apk add openssh-client, dnf install openssh-clients)';

export const ERROR_CODES = {
  USAGE: { exit: EXIT.usage, meaning: 'The command line is not valid.', hint: 'mcp-anywhere --help' },
  INTERNAL: {
    exit: EXIT.unexpected,
    meaning: 'A defect of MCP-Anywhere itself.',
    hint: 'report it with the output of `mcp-anywhere doctor`',
  },
  OUTPUT_FAILED: {
    exit: EXIT.unexpected,
    meaning: 'What a command printed could not be written (a full disk, for example).',
    hint: 'make room where the output goes, or send it elsewhere',
  },
  INTERRUPTED: { exit: EXIT.interrupted, meaning: 'Stopped by the user.', hint: 'run it again' },

  CONFIG_NOT_FOUND: { exit: EXIT.config, meaning: 'No hosts file was found.', hint: 'mcp-anywhere config path' },
  CONFIG_INVALID: { exit: EXIT.config, meaning: 'The hosts file has mistakes.', hint: 'mcp-anywhere config validate' },
  CONFIG_UNTRUSTED: {
    exit: EXIT.config,
    meaning: 'A hosts file in a working folder starts programs, so it must be trusted once.',
    hint: 'mcp-anywhere config trust',
  },
  SECRET_UNRESOLVED: {
    exit: EXIT.config,
    meaning: 'A ${env:}, ${cmd:} or ${file:} reference could not be resolved.',
    hint: 'mcp-anywhere doctor {host}',
  },
  FOLDER_UNUSABLE: {
    exit: EXIT.unexpected,
    meaning: 'A folder for state, cache or sockets cannot be made, or belongs to somebody else.',
    hint: 'check its owner and permissions',
  },

  HOST_UNREACHABLE: {
    exit: EXIT.unreachable,
    meaning: 'No connection to the host could be made.',
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
    meaning: 'The host refused to open a session (MaxSessions, ForceCommand or a subsystem that is not there).',
    hint: 'mcp-anywhere doctor {host}',
  },
  SSH_CONFIG: {
    exit: EXIT.config,
    meaning: 'The system ssh refused the configuration of this host.',
    hint: 'ssh -G {host}',
  },
  SSH_MISSING: {
    exit: EXIT.unexpected,
    meaning: 'The OpenSSH client (ssh) is needed and not installed.',
    hint: INSTALL_OPENSSH,
  },
  SSH_NEGOTIATION: {
    exit: EXIT.unreachable,
    meaning: 'The host and our own SSH have no algorithm in common, or did not understand each other.',
    hint: 'set `ssh: { backend: openssh }` for {host} in the hosts file',
  },
  AUTH_FAILED: {
    exit: EXIT.auth,
    meaning: 'The host accepted none of the offered keys or answers.',
    hint: 'ssh-add -l; mcp-anywhere doctor {host}',
  },
  KEY_UNUSABLE: {
    exit: EXIT.auth,
    meaning: 'An identity file could not be read or decrypted.',
    hint: 'ssh-add <identity file>',
  },
  HOST_KEY_UNKNOWN: {
    exit: EXIT.auth,
    meaning: 'The host has a key that no known_hosts file names.',
    hint: 'mcp-anywhere trust {host}',
  },
  HOST_KEY_CHANGED: {
    exit: EXIT.auth,
    meaning: 'The host shows another key than the one known: reinstalled, or somebody in the middle.',
    hint: "compare the fingerprints with the machine's owner, then remove the old line",
  },
  HOST_KEY_REVOKED: {
    exit: EXIT.auth,
    meaning: 'The host shows a key marked @revoked.',
    hint: 'ask the owner of the machine',
  },

  SERVER_START_FAILED: {
    exit: EXIT.tool,
    meaning: 'The MCP server ended before it answered initialize.',
    hint: 'mcp-anywhere logs {host}/{server}',
  },
  COMMAND_NOT_FOUND: {
    exit: EXIT.tool,
    meaning: "The server's command does not exist on that host.",
    hint: 'install it there, or write its absolute path; mcp-anywhere doctor {host}',
  },
  CWD_MISSING: {
    exit: EXIT.tool,
    meaning: "The server's working folder does not exist on that host.",
    hint: 'create it there or correct `cwd`',
  },
  SERVER_START_TIMEOUT: {
    exit: EXIT.tool,
    meaning: 'The MCP server did not answer initialize in time.',
    hint: 'raise startTimeoutMs; mcp-anywhere logs {host}/{server}',
  },
  SERVER_EXITED: { exit: EXIT.tool, meaning: 'The MCP server ended.', hint: 'mcp-anywhere logs {host}/{server}' },
  SERVER_STOPPED: {
    exit: EXIT.tool,
    meaning: 'MCP-Anywhere ended the MCP server: a restart, an idle time, or its client left.',
    hint: 'call it again: it is started anew',
  },
  SERVER_PROTOCOL: {
    exit: EXIT.tool,
    meaning: 'The MCP server broke the protocol.',
    hint: 'mcp-anywhere logs {host}/{server}',
  },
  MESSAGE_TOO_LARGE: {
    exit: EXIT.tool,
    meaning: 'One message was larger than the limit.',
    hint: 'ask the tool for less at a time',
  },
  SERVER_HUNG: {
    exit: EXIT.tool,
    meaning: 'The MCP server ran and answered nothing any more, so it was ended.',
    hint: 'mcp-anywhere logs {host}/{server}',
  },
  LIMIT_REACHED: {
    exit: EXIT.tool,
    meaning: 'A limit of the hosts file was reached.',
    hint: 'wait for other calls to end, or raise it under `limits`',
  },
  CALL_TIMEOUT: { exit: EXIT.tool, meaning: 'The tool did not answer in time.', hint: 'raise timeoutMs of the server' },
  OUTCOME_UNKNOWN: {
    exit: EXIT.tool,
    meaning: 'The connection was lost while the call ran: it may or may not have been carried out.',
    hint: 'check on the host before you repeat it',
  },
  TOOL_UNKNOWN: { exit: EXIT.usage, meaning: 'No such tool is offered.', hint: 'mcp-anywhere tools' },
  TOOL_FAILED: { exit: EXIT.tool, meaning: 'The tool answered with an error.', hint: 'read its answer' },
  TOOL_DENIED: {
    exit: EXIT.tool,
    meaning: 'The hosts file does not allow this tool.',
    hint: 'see `tools.allow` and `tools.deny` of the server',
  },
  CANCELLED: { exit: EXIT.interrupted, meaning: 'The caller cancelled it.', hint: 'run it again' },
  NO_DAEMON: { exit: EXIT.noDaemon, meaning: 'No MCP-Anywhere runs.', hint: 'mcp-anywhere serve' },
  NO_TTY: {
    exit: EXIT.auth,
    meaning: 'A passphrase or code is needed and nobody can be asked here.',
    hint: 'ssh-add <identity file>, or run `mcp-anywhere doctor {host}` in a terminal',
  },
} as const satisfies Record<string, CodeInfo>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Where an error belongs. Every error that reaches a person names what it can. */
export interface ErrorPlace {
  readonly host?: string | undefined;
  readonly server?: string | undefined;
  readonly tool?: string | undefined;
}

interface ErrorDetails extends ErrorPlace {
  /** What was seen: last stderr lines, fingerprints, file and line. Never a secret. */
  readonly evidence?: readonly string[] | undefined;
  /** Instead of the code's own next step, when a better one is known here. */
  readonly hint?: string | undefined;
  readonly isUnsent?: boolean | undefined;
  readonly cause?: unknown;
}

/** Places that a hint still waits for. */
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
  /** The other side was given nothing of the request: sending the request again does no harm. */
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

  /** The same error, with the places it did not know yet. */
  at(place: ErrorPlace): AnywhereError {
    return new AnywhereError(this.code, this.message, {
      host: this.host ?? place.host,
      server: this.server ?? place.server,
      tool: this.tool ?? place.tool,
      evidence: this.evidence,
      hint: UNFILLED.test(this.hint) ? undefined : this.hint,
      isUnsent: this.isUnsent,
      cause: this.cause,
    });
  }

  /** The same error, for a request that was never sent. */
  unsent(): AnywhereError {
    const { code, message, host, server, tool, evidence, hint, cause } = this;
    return new AnywhereError(code, message, { host, server, tool, evidence, hint, cause, isUnsent: true });
  }

  /** The same error without secrets, before it is stored or shown. Whoever decides by its cause still can. */
  redacted(redact: (text: string) => string): AnywhereError {
    const { code, host, server, tool, isUnsent } = this;
    const [message = '', hint, ...evidence] = [this.message, this.hint, ...this.evidence].map(redact);
    const cause = redactedCause(this.cause, redact);
    const isSame = message === this.message && hint === this.hint && cause === this.cause;
    if (isSame && evidence.every((line, index) => line === this.evidence[index])) return this;
    return new AnywhereError(code, message, { host, server, tool, evidence, hint, cause, isUnsent });
  }

  toJSON(): ErrorReport {
    return reportOf(this);
  }
}

/** A foreign error that holds a secret is left out: it may be logged whole. */
function redactedCause(cause: unknown, redact: (text: string) => string): unknown {
  if (cause instanceof AnywhereError) return cause.redacted(redact);
  if (!(cause instanceof Error)) return cause;
  const text = `${cause.message}\n${cause.stack ?? ''}`;
  return redact(text) === text ? cause : undefined;
}

/** An error as data: what crosses the control API and what `--json` prints. */
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

/** Ours as it is; anything else is a defect and says so. */
export function asAnywhereError(thrown: unknown): AnywhereError {
  if (thrown instanceof AnywhereError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new AnywhereError('INTERNAL', message, { cause: thrown });
}

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CODES, text);
}

function fillHint(hint: string, place: ErrorPlace): string {
  const server = place.server === undefined ? '{server}' : place.server;
  return place.host === undefined ? hint : hint.replaceAll('{host}', place.host).replaceAll('{server}', server);
}
