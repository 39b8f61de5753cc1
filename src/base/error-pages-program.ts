/** What `explain` says about the errors of the program itself, the hosts file and this machine. */
import type { ErrorCause, ErrorCode } from './errors.ts';

export const PROGRAM_PAGES = {
  USAGE: [
    {
      cause: 'A word or option of the command is misspelled, missing, or stands in the wrong place.',
      see: 'the message names the word, and often the nearest one that exists.',
      fix: '`mcp-anywhere --help` lists the commands; `mcp-anywhere call --help` explains one of them.',
    },
    {
      cause: 'The command names a host, server or tool that the hosts file does not have.',
      see: '`mcp-anywhere status` lists hosts and servers, `mcp-anywhere tools` the tools.',
      fix: 'use one of these names. `mcp-anywhere config path` says which hosts file they come from.',
    },
    {
      cause: 'The command would have to ask a question, and there is no terminal.',
      see: 'the message says what cannot be asked.',
      fix: 'run the command in a terminal, or answer with the option that the error names, such as `--yes`.',
    },
  ],
  INTERNAL: [
    {
      cause: 'MCP-Anywhere met a state that its authors did not think of.',
      see: 'the message, and the log of the daemon in `~/.local/state/mcp-anywhere/daemon`.',
      fix: 'run the command again with `--log-level debug`, and report the bug with its output and the archive of `mcp-anywhere support-bundle`. `mcp-anywhere stop` makes the next client start a new daemon.',
    },
    {
      cause: 'A daemon of another version reports an error that this version does not know.',
      see: '`mcp-anywhere ps` shows the version of each daemon, `mcp-anywhere --version` yours.',
      fix: '`mcp-anywhere stop`, then run the command again.',
    },
  ],
  OUTPUT_FAILED: [
    {
      cause: 'The disk is full.',
      see: 'the message ends with ENOSPC, and `df -h` shows no free space.',
      fix: 'free some space, or send the output elsewhere.',
    },
    {
      cause: 'The program that reads the output has failed.',
      see: 'the message ends with another reason of the system, and the same command works without the pipe.',
      fix: 'mend what stands behind the pipe, or write into a file.',
    },
    {
      cause: 'The hosts file changed while the command was editing it, or cannot be written.',
      see: 'the message names the file and the reason.',
      fix: 'look at the file, and run the command again. Nothing was written.',
    },
  ],
  INTERRUPTED: [
    {
      cause: 'You pressed Ctrl-C.',
      see: 'the message says “Stopped by the user”.',
      fix: 'run the command again.',
    },
    {
      cause: 'You answered no, or left the question with Esc.',
      see: 'the message says that nothing was changed.',
      fix: 'run the command again, if you want the change after all.',
    },
    {
      cause: 'Another program ended the command or the daemon.',
      see: 'nobody was at the terminal, or `mcp-anywhere ps` shows a daemon that was started later.',
      fix: 'run the command again.',
    },
  ],
  CONFIG_NOT_FOUND: [
    {
      cause: 'There is no hosts file yet.',
      see: '`mcp-anywhere config path` finds none.',
      fix: '`mcp-anywhere add gpu1` creates the file with its first machine.',
    },
    {
      cause: '`--config` or `MCP_ANYWHERE_CONFIG` names a file that does not exist.',
      see: 'the message names the file and who named it.',
      fix: 'correct the path, or leave the option or variable out.',
    },
    {
      cause: 'The file lies in a working folder, and the AI client starts its servers in another folder.',
      see: '`mcp-anywhere config path` finds the file in your shell, and the client reports this error.',
      fix: 'move the file to `~/.config/mcp-anywhere/config.yaml`, or name it in the entry of the client: `mcp-anywhere install --config mcp-anywhere.config.yaml`.',
    },
  ],
  CONFIG_INVALID: [
    {
      cause: 'A key is misspelled, has a value of the wrong type, or stands in the wrong place.',
      see: '`mcp-anywhere config validate` names every mistake with file, line and column.',
      fix: 'correct the named lines. `mcp-anywhere config schema` describes every key.',
    },
    {
      cause: 'The file is not valid YAML or JSON, often because of the indentation or a missing quote.',
      see: 'the message names line and column.',
      fix: 'correct the line, then run `mcp-anywhere config validate`.',
    },
    {
      cause: 'The file is for a newer version of MCP-Anywhere.',
      see: 'the message calls a key unknown that the documentation has.',
      fix: '`npm install -g mcp-anywhere@latest`',
    },
  ],
  CONFIG_UNTRUSTED: [
    {
      cause: 'The hosts file lies in a working folder, and you have not trusted it yet.',
      see: '`mcp-anywhere config path` prints the file.',
      fix: 'read the file, then run `mcp-anywhere config trust`.',
    },
    {
      cause: 'The file has changed since you trusted it.',
      see: '`mcp-anywhere config trust` shows the difference before it asks.',
      fix: '`mcp-anywhere config trust`, if you want the change.',
    },
    {
      cause: 'You trusted it under another path: the folder was moved or cloned again.',
      see: '`mcp-anywhere config path` prints another path than the one you trusted.',
      fix: 'read the file, then run `mcp-anywhere config trust`.',
    },
  ],
  SECRET_UNRESOLVED: [
    {
      cause:
        'A variable of `${env:NAME}` is not set where the AI client runs. Programs that a desktop starts do not read the files of your shell.',
      see: 'the message names the reference.',
      fix: 'set the variable in the entry of the client, write a default (`${env:NAME:-value}`), or use `${cmd:…}` or `${file:…}`.',
    },
    {
      cause: 'The command of `${cmd:…}` failed, asked for a password, or took too long.',
      see: 'run the command in a terminal: its exit code must be 0, and its output the value.',
      fix: 'unlock the password manager, or write the absolute path of its program.',
    },
    {
      cause: 'The file of `${file:…}` does not exist or cannot be read.',
      see: '`ls -l` shows the file and its owner. A relative path begins at the folder of the hosts file.',
      fix: 'create the file for you alone: `(umask 077; mkdir -p ~/.secrets; cat > ~/.secrets/gpu1)`',
    },
    {
      cause: 'No secret of the name in `${keychain:…}` is stored on this machine.',
      see: '`mcp-anywhere secret ls` shows the names that are stored, and those that are missing.',
      fix: 'store the secret: `mcp-anywhere secret set NAME`',
    },
  ],
  SECRET_STORE: [
    {
      cause: 'The keychain is locked, and nobody unlocked it, or access was denied.',
      see: 'the message quotes the keychain.',
      fix: 'unlock the keychain, or keep secrets in files: set `MCP_ANYWHERE_KEYCHAIN=off` for your shell and the AI clients, and store each one again.',
    },
    {
      cause: 'Other users can open the file of a secret, or the file belongs to somebody else.',
      see: 'the message names the file.',
      fix: 'remove the secret, and store it again: `mcp-anywhere secret rm NAME` and `mcp-anywhere secret set NAME`. Replace it where it was issued if others use the machine.',
    },
    {
      cause: 'The hosts file holds secrets in plain text.',
      see: '`mcp-anywhere doctor` names them.',
      fix: '`mcp-anywhere secret move`',
    },
  ],
  CLIENT_CONFIG: [
    {
      cause: 'The file of the AI client is not valid JSON, TOML or YAML.',
      see: 'the message names the file, the line and the column.',
      fix: 'correct the line in an editor, and run the command again.',
    },
    {
      cause: 'The file is read-only, a broken link, or written by another program.',
      see: '`ls -l` shows the file. Home Manager and similar programs make read-only links.',
      fix: 'make the file writable, or add the entry where the file comes from.',
    },
    {
      cause: 'The file changed between the preview and the write.',
      see: 'the message says so.',
      fix: 'run the command again, and look at the new preview.',
    },
    {
      cause: 'The entry of a client starts a program that no longer exists, for example after an update of Node.',
      see: '`mcp-anywhere doctor` names the client and the missing program.',
      fix: '`mcp-anywhere install` corrects the entry.',
    },
  ],
  FOLDER_UNUSABLE: [
    {
      cause: 'The folder belongs to another user, often because a command once ran with sudo.',
      see: '`ls -ld` of the folder that the message names shows the owner.',
      fix: 'give the folder back to yourself: `sudo chown -R "$USER" ~/.cache/mcp-anywhere ~/.local/state/mcp-anywhere`',
    },
    {
      cause: 'The disk is full or read-only.',
      see: '`df -h ~` shows the free space, and the message ends with the reason of the system.',
      fix: 'free some space, or set `XDG_CACHE_HOME`, `XDG_STATE_HOME` and `XDG_RUNTIME_DIR` to folders that you can write.',
    },
  ],
  NO_DAEMON: [
    {
      cause: 'No AI client and no command has started the daemon, or it left ten minutes after its last client.',
      see: '`mcp-anywhere ps` lists your daemons.',
      fix: '`mcp-anywhere tools` starts the daemon, as does every AI client that uses it.',
    },
    {
      cause: 'The daemon runs for another hosts file.',
      see: '`mcp-anywhere ps` shows the hosts file of each daemon, `mcp-anywhere config path` yours.',
      fix: 'add `--config` with that file to the command.',
    },
    {
      cause: 'The daemon cannot start, or ends right after its start.',
      see: 'the last lines of the log that the message names.',
      fix: 'run it in the foreground and read its errors: `mcp-anywhere daemon --log-level debug`',
    },
    {
      cause: 'The daemon is suspended or hangs.',
      see: '`mcp-anywhere ps` says that it does not answer.',
      fix: 'continue or end the process with the command that `mcp-anywhere ps` prints.',
    },
  ],
  CANCELLED: [
    {
      cause: 'The AI client cancelled the request, or left.',
      see: '`mcp-anywhere ps` no longer shows the client, or the client shows that you stopped it.',
      fix: 'ask again, if you still want the answer.',
    },
    {
      cause: 'Somebody cancelled the call in the dashboard.',
      see: 'the message says “the user of MCP-Anywhere cancelled this call”.',
      fix: 'call the tool again, if you still want the answer.',
    },
    {
      cause: 'The command that called the tool was stopped.',
      see: 'the command ended with Ctrl-C, or its terminal was closed.',
      fix: 'run the command again. `mcp-anywhere logs gpu1/files` shows what the server did until then.',
    },
  ],
} as const satisfies Partial<Record<ErrorCode, readonly ErrorCause[]>>;
