/** What `explain` says about the errors of MCP servers, their tools and calls. */
import type { ErrorCause, ErrorCode } from './errors.ts';

export const SERVER_PAGES = {
  SERVER_START_FAILED: [
    {
      cause: 'The server lacks an argument, a variable or a file, and says so.',
      see: '`mcp-anywhere logs gpu1/files` shows its last words.',
      fix: 'correct `args`, `env` or `cwd` of the server in the hosts file.',
    },
    {
      cause: 'A package could not be downloaded, or Node or Python over there is too old.',
      see: 'the log shows an error of npm, uv or pip.',
      fix: 'run the same command in a shell there, for example `ssh gpu1 npx -y @modelcontextprotocol/server-filesystem /tmp`.',
    },
    {
      cause: 'The command is not an MCP server that speaks on stdin and stdout.',
      see: 'the log shows a help text or a web address.',
      fix: 'give the option that makes it speak stdio; its README names it.',
    },
  ],
  COMMAND_NOT_FOUND: [
    {
      cause: 'The program is not installed on that machine.',
      see: '`ssh gpu1 command -v npx` prints nothing.',
      fix: 'install the program there. The next start finds it without a restart of MCP-Anywhere.',
    },
    {
      cause: 'The program is on the `PATH` of your terminal there, and not on that of a login shell.',
      see: '`mcp-anywhere doctor gpu1` says which shell was asked for its `PATH`.',
      fix: 'set the `PATH` in the start file of the login shell (`~/.profile`), or write the absolute path as `command`.',
    },
    {
      cause: 'The interpreter in the first line of a script is missing.',
      see: 'the file exists, and its first line names another program.',
      fix: 'install that program, or name an interpreter as `command`.',
    },
  ],
  CWD_MISSING: [
    {
      cause: 'The folder of `cwd` does not exist on that machine.',
      see: '`ssh gpu1 ls -ld work` says “No such file or directory”.',
      fix: 'create it (`ssh gpu1 mkdir -p work`), or correct `cwd` in the hosts file.',
    },
    {
      cause: 'You may not enter the folder.',
      see: '`ssh gpu1 ls -ld work` shows another owner, and no `x` for you.',
      fix: 'let the owner give you access, or choose another folder.',
    },
    {
      cause: 'The folder is on a disk that is not mounted.',
      see: '`ssh gpu1 mount` does not list the disk.',
      fix: 'mount it, then call the tool again.',
    },
  ],
  SERVER_START_TIMEOUT: [
    {
      cause: 'The first start downloads a package.',
      see: 'the second start is quick.',
      fix: 'install the package on the machine, or raise `startTimeoutMs` of the server.',
    },
    {
      cause: 'The server waits for a login, a network or an answer.',
      see: '`mcp-anywhere logs gpu1/files` shows what it waits for.',
      fix: 'log in once by hand on the machine, or give the server its token through `env`.',
    },
    {
      cause: 'The machine is busy, or short of memory.',
      see: '`ssh gpu1 uptime` shows a load far above the number of its processors.',
      fix: 'wait, start fewer servers there, or raise `startTimeoutMs` of the server.',
    },
  ],
  SERVER_EXITED: [
    {
      cause: 'The server crashed, or a tool made it exit.',
      see: '`mcp-anywhere logs gpu1/files` ends with its last words, and `mcp-anywhere explain gpu1/files` counts its restarts.',
      fix: 'MCP-Anywhere starts it again for the next call. If it crashes again, look for a newer version of the server.',
    },
    {
      cause: 'The system killed it, often for lack of memory.',
      see: 'the message says “killed by signal KILL”; `ssh gpu1 dmesg` says “Out of memory”.',
      fix: 'give the machine more memory, or ask the tool for less.',
    },
    {
      cause: 'Another program on the machine ended it, such as a cleanup job.',
      see: 'the message says “ended by signal TERM” or “ended by signal HUP”.',
      fix: 'find that program; the time in `mcp-anywhere logs gpu1/files` helps.',
    },
  ],
  SERVER_STOPPED: [
    {
      cause: 'Nobody used the server for `idleMs`.',
      see: 'the message says “nobody used it”.',
      fix: 'call the tool again: the server starts again. Raise `idleMs` to keep it longer.',
    },
    {
      cause: 'The client left, or the shell made no call for a minute.',
      see: 'the message says “its client left”.',
      fix: 'call the tool again: a new session gets a new server.',
    },
    {
      cause: 'Somebody restarted the server, or edited its part of the hosts file.',
      see: '`mcp-anywhere logs gpu1/files` shows the time.',
      fix: 'call the tool again.',
    },
  ],
  SERVER_PROTOCOL: [
    {
      cause: 'The server writes something else than MCP messages to stdout.',
      see: '`mcp-anywhere logs gpu1/files --stream stdout-noise` shows these lines.',
      fix: 'turn its logging to stderr, or update the server.',
    },
    {
      cause: 'A message is not valid JSON-RPC, or two programs could read it differently.',
      see: '`mcp-anywhere logs gpu1/files --stream protocol` says what is wrong with it.',
      fix: 'report the bug to the authors of the server.',
    },
    {
      cause: 'The definition of a tool, prompt or resource would make clients reject the whole list.',
      see: '`mcp-anywhere status` names the definition that was left out, and why.',
      fix: 'update the server; its other tools work.',
    },
  ],
  MESSAGE_TOO_LARGE: [
    {
      cause: 'A tool returned more than `limits.maxMessageBytes` (256 MiB).',
      see: 'the message names the size.',
      fix: 'ask the tool for less: a part of the file, fewer rows. Or raise `limits.maxMessageBytes`.',
    },
  ],
  SERVER_HUNG: [
    {
      cause: 'The server was busy for so long that it answered no ping.',
      see: '`mcp-anywhere logs gpu1/files` shows what it did.',
      fix: 'raise `pingMs` of the server, or set it to 0 for no pings.',
    },
    {
      cause: 'The server is stuck, or does not read its input.',
      see: 'it hangs at the same call each time.',
      fix: 'update the server. MCP-Anywhere has stopped the process, and starts another one for the next call.',
    },
    {
      cause: 'The machine itself stands still: it swaps, or a network folder no longer answers.',
      see: '`ssh gpu1 uptime` takes long too, and other servers there hang.',
      fix: 'mend the machine; `mcp-anywhere doctor gpu1` measures its disks and its round trip.',
    },
  ],
  LIMIT_REACHED: [
    {
      cause: 'More calls run and wait at one server than `limits.callsPerServer` and `limits.waitingPerServer` allow.',
      see: '`mcp-anywhere status --json` lists the running calls.',
      fix: 'wait for them, or raise the limits in the hosts file.',
    },
    {
      cause: 'A client or server sends requests in a loop.',
      see: '`mcp-anywhere stats --by client` shows who calls how often.',
      fix: 'restart that client, or the server: `mcp-anywhere restart gpu1/files`',
    },
    {
      cause: 'The calls take so long that they pile up.',
      see: '`mcp-anywhere stats` shows long times for few calls.',
      fix: 'ask for less at once, or share the work among machines with a pool.',
    },
  ],
  CALL_TIMEOUT: [
    {
      cause: 'The tool needs more time than `timeoutMs` (60 s) without a sign of progress.',
      see: '`mcp-anywhere stats` shows how long its calls take.',
      fix: 'raise `timeoutMs` of the server in the hosts file. The AI client has a limit of its own, too.',
    },
    {
      cause: 'The tool hangs.',
      see: '`mcp-anywhere logs gpu1/files` shows nothing new during the call.',
      fix: '`mcp-anywhere restart gpu1/files`',
    },
    {
      cause: 'The connection to the host is slow or was interrupted.',
      see: '`mcp-anywhere doctor gpu1` shows a long round trip, or `mcp-anywhere logs gpu1 --stream ssh` a new connection.',
      fix: 'mend the network; short calls work meanwhile.',
    },
  ],
  OUTCOME_UNKNOWN: [
    {
      cause: 'The connection to the host was lost before the answer came.',
      see: '`mcp-anywhere logs gpu1 --stream ssh` shows its end at that time.',
      fix: 'look on the machine whether the work was done, and only then call the tool again. Read-only and idempotent tools are repeated by themselves.',
    },
    {
      cause: 'The server ended in the middle of the call.',
      see: '`mcp-anywhere logs gpu1/files` ends with its last words.',
      fix: 'look whether the work was done. If the same call ends it again, the call is the cause.',
    },
    {
      cause: 'The daemon ended in the middle of the call.',
      see: '`mcp-anywhere ps` shows a daemon that was started later.',
      fix: 'look whether the work was done, and only then call the tool again.',
    },
  ],
  TOOL_UNKNOWN: [
    {
      cause: 'The name is misspelled, or the server renamed the tool.',
      see: '`mcp-anywhere tools` lists all public names.',
      fix: 'use a name of the list.',
    },
    {
      cause: 'The server has not listed its tools yet, or could not start.',
      see: '`mcp-anywhere status` says what is wrong with it.',
      fix: 'mend the server first: `mcp-anywhere explain gpu1/files`',
    },
    {
      cause: 'The AI client still has an old list.',
      see: '`mcp-anywhere tools` shows the tool under another name.',
      fix: 'restart the client, or start a new session.',
    },
  ],
  TOOL_FAILED: [
    {
      cause: 'The server carried the call out, and what was asked for is not possible.',
      see: 'the answer of the tool says why.',
      fix: 'ask for something else.',
    },
    {
      cause: 'The arguments do not fit what the tool expects.',
      see: 'the answer names an argument. `mcp-anywhere tools gpu1/files --json` shows the schema of each tool.',
      fix: 'correct the arguments.',
    },
    {
      cause: 'The tool lacks something on that machine: a file, a network, a login.',
      see: 'the answer or `mcp-anywhere logs gpu1/files` names what is missing.',
      fix: 'provide it there, then call the tool again.',
    },
  ],
  TOOL_DENIED: [
    {
      cause: '`tools.allow` or `tools.deny` of the server leaves the tool out.',
      see: '`mcp-anywhere config path` prints the hosts file with these lines.',
      fix: 'change the lines, if you want the tool.',
    },
    {
      cause: 'The server is switched off.',
      see: '`mcp-anywhere explain gpu1/files` says that it is disabled.',
      fix: '`mcp-anywhere enable gpu1/files`, or `mcp-anywhere server enable gpu1/files` where the hosts file says so.',
    },
  ],
} as const satisfies Partial<Record<ErrorCode, readonly ErrorCause[]>>;
