/**
 * Codes of findings that only `doctor` reports. No command fails with one of them, and a warning leaves the exit code alone.
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
    meaning: 'A daemon was killed and left its socket or its lock behind. The next daemon replaces them.',
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
    hint: 'make room on the disk',
  },
} as const;
