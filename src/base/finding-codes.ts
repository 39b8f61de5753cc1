/**
 * Findings that only `doctor` reports: their codes, and their pages. No command fails with one of them, and a warning leaves
 * the exit code alone.
 */
const exit = 1;

export const FINDING_CODES = {
  FILE_EXPOSED: {
    exit,
    meaning: 'Other users of this machine can read or change a file of MCP-Anywhere.',
    hint: 'mcp-anywhere doctor --fix',
  },
  DAEMON_LEFTOVERS: {
    exit,
    meaning: 'A daemon was killed and left its socket or lock behind. The next daemon replaces them.',
    hint: 'mcp-anywhere doctor --fix',
  },
  NODE_UNSUITABLE: {
    exit,
    meaning: 'The Node.js that runs MCP-Anywhere is too old, or will not be there for AI clients.',
    hint: 'install Node.js 20.19 or newer for all your programs, then mcp-anywhere install',
  },
  PACKAGE_UNPINNED: {
    exit,
    meaning: 'A server starts the newest version of a package, so a bad release runs on your machines unseen.',
    hint: 'write the version behind the name of the package in the hosts file',
  },
  CLOCK_WRONG: {
    exit,
    meaning: 'The clock of the host differs from the clock here, so certificates and tokens may be refused.',
    hint: 'set the clock of both machines by NTP',
  },
  DISK_FULL: {
    exit,
    meaning: 'A disk is nearly full, so servers cannot be installed or cannot write.',
    hint: 'free some space on the disk',
  },
} as const;

/** What `explain` says about the findings. */
export const FINDING_PAGES = {
  FILE_EXPOSED: [
    {
      cause: 'The file was copied, restored from a backup, or made by another program with wider permissions.',
      see: '`ls -l` of the file that the finding names shows more than `-rw-------`.',
      fix: '`mcp-anywhere doctor --fix`. For the hosts file: `chmod o-w`, then look whether its commands are still yours.',
    },
  ],
  DAEMON_LEFTOVERS: [
    {
      cause: 'The daemon was killed, for lack of memory or with `kill -9`, or the machine lost power.',
      see: '`mcp-anywhere ps` shows no such daemon, and its socket or lock is still there.',
      fix: '`mcp-anywhere doctor --fix`. Nothing breaks without: the next daemon replaces them.',
    },
  ],
  NODE_UNSUITABLE: [
    {
      cause: 'The Node.js is older than 20.19.',
      see: '`node --version` shows its version.',
      fix: 'install a newer Node.js, then `mcp-anywhere install`.',
    },
    {
      cause: 'A version manager gave this shell a Node.js in a folder that goes away with the shell.',
      see: '`command -v node` shows a path with `fnm_multishells`.',
      fix: 'run `mcp-anywhere install` with the Node.js of a lasting folder.',
    },
  ],
  PACKAGE_UNPINNED: [
    {
      cause: 'The command line names a package without a version, with `latest`, or with a range.',
      see: '`mcp-anywhere doctor` names the package and the servers that start it.',
      fix: 'write an exact version behind the name: `npx -y some-mcp@1.4.2`, `uvx some-mcp@1.4.2`.',
    },
  ],
  CLOCK_WRONG: [
    {
      cause: 'One of the two machines has no time service, or was asleep.',
      see: '`date -u` on both machines shows the difference.',
      fix: 'switch the time service on: `sudo timedatectl set-ntp true`.',
    },
  ],
  DISK_FULL: [
    {
      cause: 'Less than 100 MiB are free where servers are installed or write, or where our own logs and caches are.',
      see: '`df -h ~ /tmp` on the machine shows the free space.',
      fix: 'free some space there. Caches of `npx` and `uvx` are often the largest part: `npm cache clean --force`, `uv cache prune`.',
    },
  ],
} as const;
