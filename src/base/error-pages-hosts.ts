/** What `explain` says about the errors of hosts, connections and logins. */
import type { ErrorCause, ErrorCode } from './errors.ts';

export const HOST_PAGES = {
  HOST_UNREACHABLE: [
    {
      cause: 'The name has no address, or a wrong one.',
      see: 'the message says ENOTFOUND, or that the name could not be resolved. `ssh -G gpu1` prints the host name and port that ssh uses.',
      fix: 'correct `HostName` in `~/.ssh/config`, or `ssh.host` in the hosts file.',
    },
    {
      cause: 'No SSH server listens there.',
      see: 'the message says ECONNREFUSED.',
      fix: 'start `sshd` on the machine, or correct the port.',
    },
    {
      cause: 'The network or the VPN is down.',
      see: 'the message says ENETUNREACH or EHOSTUNREACH, and `ssh gpu1` fails too.',
      fix: 'connect the network. MCP-Anywhere tries again by itself; `mcp-anywhere restart gpu1` tries now.',
    },
    {
      cause: 'A jump host or proxy command on the way fails.',
      see: '`mcp-anywhere doctor gpu1` names the machine at which the way ends.',
      fix: 'mend that machine first.',
    },
  ],
  HOST_BUSY: [
    {
      cause: 'Too many logins begin at once (`MaxStartups` of sshd).',
      see: 'the error comes and goes. The log of sshd says “beginning MaxStartups throttling”.',
      fix: 'lower `limits.dials` in the hosts file, or raise `MaxStartups` on the machine.',
    },
    {
      cause: 'A rule on the machine refuses your address (fail2ban, a firewall, `hosts.deny`).',
      see: 'the error stays, and `ssh gpu1` fails too, while another network works.',
      fix: 'ask the owner of the machine to lift the ban.',
    },
    {
      cause: 'Something else than SSH listens on the port.',
      see: '`nc gpu1 22` shows a line that does not begin with “SSH-”.',
      fix: 'correct the port.',
    },
  ],
  HOST_TIMEOUT: [
    {
      cause: 'A firewall drops the packets, or the machine is off.',
      see: '`ssh gpu1` hangs too.',
      fix: 'turn the machine on, connect the VPN, or correct the address.',
    },
    {
      cause: 'The login is slow: a slow DNS, a slow directory service or a busy machine.',
      see: '`time ssh gpu1 true` takes nearly as long as `ssh.connectTimeoutMs` (20 s).',
      fix: 'raise `ssh.connectTimeoutMs` in the hosts file.',
    },
    {
      cause: 'The host waits for an answer of yours.',
      see: '`mcp-anywhere status` in a terminal asks the question.',
      fix: 'answer there.',
    },
  ],
  LINK_LOST: [
    {
      cause: 'The network broke, the laptop slept, or the machine restarted.',
      see: '`mcp-anywhere logs gpu1 --stream ssh` shows when and how the connection ended.',
      fix: 'nothing: MCP-Anywhere connects again by itself. `mcp-anywhere status` says when.',
    },
    {
      cause: 'A firewall forgets connections that are idle.',
      see: 'the connection ends again and again after the same time.',
      fix: 'lower `heartbeat.intervalMs` in the hosts file.',
    },
    {
      cause: 'The host showed another key in the middle of a connection.',
      see: 'the message says so.',
      fix: 'treat this as `mcp-anywhere explain HOST_KEY_CHANGED`.',
    },
  ],
  CHANNEL_REFUSED: [
    {
      cause: 'A forced command or the shell of the account ran instead of our launcher.',
      see: 'the error shows what the host printed.',
      fix: 'let the account run commands. If the forced command is the MCP server, write `ssh: { subsystem: NAME }` in the hosts file.',
    },
    {
      cause: 'A start file of the shell exits, or reads what is meant for the launcher.',
      see: '`ssh gpu1 echo ok` prints more than “ok”, or nothing.',
      fix: 'let the start file do that only at a terminal: `[ -t 0 ] || return`',
    },
    {
      cause: 'The host allows no more sessions on a connection (`MaxSessions`), or no tunnel.',
      see: 'the log of sshd says “no more sessions”.',
      fix: 'raise `MaxSessions` on the machine, or run fewer servers there.',
    },
  ],
  SSH_CONFIG: [
    {
      cause: 'Your ssh configuration has a mistake, or an option that this ssh does not know.',
      see: '`ssh -G gpu1` prints the same complaint with file and line.',
      fix: 'correct the line.',
    },
    {
      cause: 'An option can only be honoured by the system’s ssh, and the hosts file says `backend: ssh2`.',
      see: 'the message names the option.',
      fix: 'write `ssh: { backend: auto }`.',
    },
    {
      cause: 'You may not read your ssh configuration, or others may write it.',
      see: '`ssh -G gpu1` says “Permission denied” or “Bad owner or permissions”.',
      fix: '`chmod 600 ~/.ssh/config`, and the same for the files that it includes.',
    },
  ],
  SSH_MISSING: [
    {
      cause: 'The OpenSSH client is not installed.',
      see: '`command -v ssh` prints nothing in a terminal too.',
      fix: 'on Debian and Ubuntu `sudo apt install openssh-client`, on Fedora `sudo dnf install openssh-clients`, on Alpine `apk add openssh-client`.',
    },
    {
      cause: 'ssh is not on the `PATH` of the AI client that started the daemon.',
      see: '`command -v ssh` prints a path in a terminal, and the error comes all the same.',
      fix: '`mcp-anywhere stop`, then start the daemon from a terminal with `mcp-anywhere tools`; or add the folder to the `PATH` of the client.',
    },
    {
      cause: 'The OpenSSH client cannot be installed here.',
      see: 'the host is an alias of `~/.ssh/config`, which only `ssh` reads.',
      fix: 'write the address into the hosts file, so that the built-in client connects: `ssh: { host: 192.0.2.7, user: me }`',
    },
  ],
  SSH_NEGOTIATION: [
    {
      cause: 'The host is very old or very strict, and offers only algorithms that the built-in client lacks.',
      see: 'the error lists what the host offers; compare with `ssh -Q kex` and `ssh -Q key`.',
      fix: 'write `ssh: { backend: openssh }` for the host in the hosts file.',
    },
    {
      cause: 'Your ssh configuration allows too few algorithms.',
      see: '`ssh -G gpu1` prints them as `kexalgorithms`, `ciphers` and `macs`.',
      fix: 'allow one more that the host offers.',
    },
    {
      cause: 'Your ssh configuration allows only types of host keys that the host does not have.',
      see: '`ssh -G gpu1` prints the allowed types as `hostkeyalgorithms`, and the error lists those of the host.',
      fix: 'allow one of the types that the host has.',
    },
  ],
  AUTH_FAILED: [
    {
      cause: 'The key is not in the agent, or the AI client does not know the agent.',
      see: '`ssh-add -l` lists the keys of the agent. `mcp-anywhere doctor gpu1` says which agent was asked and which keys were offered.',
      fix: '`ssh-add ~/.ssh/id_ed25519`. For programs that a desktop starts, name the agent with `IdentityAgent` in `~/.ssh/config`.',
    },
    {
      cause: 'The host does not know the key.',
      see: '`ssh gpu1` is refused too.',
      fix: '`ssh-copy-id gpu1`, or ask the owner of the machine to add your public key.',
    },
    {
      cause: 'The login name is wrong.',
      see: '`ssh -G gpu1` prints the name as `user`.',
      fix: 'set `User` in `~/.ssh/config`, or `ssh.user` in the hosts file.',
    },
    {
      cause: 'Too many keys were offered before the right one (`MaxAuthTries`).',
      see: 'the error says “MaxAuthTries” and names the keys that were not tried.',
      fix: 'name the right key with `IdentityFile`, and set `IdentitiesOnly yes`.',
    },
  ],
  KEY_UNUSABLE: [
    {
      cause: 'The passphrase was wrong, or the file is damaged.',
      see: '`ssh-keygen -y -f ~/.ssh/id_ed25519` asks for the passphrase and prints the public key.',
      fix: '`ssh-add ~/.ssh/id_ed25519`, so that the agent has the key.',
    },
    {
      cause: 'The built-in client cannot read this kind of key or cipher.',
      see: '`ssh-add` accepts the file.',
      fix: 'keep the key in the agent, or write `ssh: { backend: openssh }` for the host.',
    },
    {
      cause: 'You may not read the file.',
      see: '`ls -l ~/.ssh` shows owner and permissions.',
      fix: '`chmod 600 ~/.ssh/id_ed25519`',
    },
  ],
  HOST_KEY_UNKNOWN: [
    {
      cause: 'Nobody has connected to this machine from here yet.',
      see: 'the error shows the fingerprint that the machine presents.',
      fix: 'compare the fingerprint with the owner of the machine, then run `mcp-anywhere trust gpu1`.',
    },
    {
      cause: 'ssh keeps the key in another file, or under another name (`UserKnownHostsFile`, `HostKeyAlias`).',
      see: '`ssh -G gpu1` prints `userknownhostsfile`, and the error names the files that were read.',
      fix: 'use the same option for both, or run `mcp-anywhere trust gpu1`.',
    },
    {
      cause: 'The address or port leads to another machine than you mean.',
      see: 'the fingerprint is not that of your machine, and `ssh -G gpu1` prints another `hostname` or `port` than you expect.',
      fix: 'correct the address. Do not trust the key.',
    },
  ],
  HOST_KEY_CHANGED: [
    {
      cause: 'The machine was reinstalled, or another machine has its address now.',
      see: 'the owner of the machine confirms the new fingerprint: `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` prints it there.',
      fix: 'remove the old line that the error names (`ssh-keygen -R gpu1`), then run `mcp-anywhere trust gpu1`.',
    },
    {
      cause: 'Somebody intercepts the connection.',
      see: 'the machine itself has another fingerprint than the error shows.',
      fix: 'do not connect. Tell the owner of the machine or of the network.',
    },
    {
      cause: 'Several machines answer under this name, for example behind a load balancer.',
      see: 'the error shows now one fingerprint and now another, and the owner knows all of them.',
      fix: 'give each machine a host of its own in the hosts file, with its own address.',
    },
  ],
  HOST_KEY_REVOKED: [
    {
      cause: 'You or your administrator marked this key as revoked, for example because it was stolen.',
      see: 'the error names the file and line with `@revoked`.',
      fix: 'ask the owner of the machine for a new host key. MCP-Anywhere never connects with this one.',
    },
    {
      cause: 'The machine is a copy of another one, and has the key of that one.',
      see: '`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` prints the same fingerprint on both machines.',
      fix: 'let the owner give the machine a key of its own: remove its `/etc/ssh/ssh_host_*` files and run `ssh-keygen -A` there.',
    },
  ],
  NO_TTY: [
    {
      cause: 'A key has a passphrase, and nobody could be asked for it.',
      see: 'the message shows a question for a passphrase, and `ssh-add -l` does not list the key.',
      fix: 'put the key into the agent: `ssh-add ~/.ssh/id_ed25519`',
    },
    {
      cause: 'The host asks for a password or a code, and nobody could be asked for it.',
      see: 'the message shows a question of the host, and `ssh gpu1` asks it too.',
      fix: 'run `mcp-anywhere status` in a terminal and answer there.',
    },
    {
      cause: 'The AI client does not pass the agent on.',
      see: '`mcp-anywhere doctor gpu1` in a terminal works, and the client fails.',
      fix: 'name the agent with `IdentityAgent` in `~/.ssh/config`, or set `SSH_ASKPASS`.',
    },
  ],
} as const satisfies Partial<Record<ErrorCode, readonly ErrorCause[]>>;
