/**
 * The options of ssh_config(5) and how each is treated. docs/ssh-config.md is made from this table, and doctor warns by it.
 *
 * `both`: honoured with either backend. `openssh`: honoured by the system's ssh, which `backend: auto` takes where the option
 * is set (link/backend-rules.ts); `note` is the reason. `system`: honoured where the system's ssh is used, but no reason to use
 * it. `ours`: MCP-Anywhere decides instead. `unused`: without meaning for a connection that carries programs.
 */
import type { RawSshOptions } from './config.ts';
import { matching } from './session.ts';

type OptionUse = 'both' | 'openssh' | 'system' | 'ours' | 'unused';

export interface SshOption {
  readonly use: OptionUse;
  readonly note?: string;
  /** The values that are not used; doctor warns of them. */
  readonly missed?: (values: readonly string[], given: Given) => readonly string[];
}

/** Facts beside the configuration that decide whether an option is used. */
export interface Given {
  /** Of the client: the variables that are handed on. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The hosts file asks for it. */
  readonly forwardAgent: boolean;
}

/** Distributions send these for every host, so a client without them is no reason to warn. */
const isLanguage = (name: string): boolean => /^(LANG|LC_.*|COLORTERM|NO_COLOR)$/.test(name);
const unlessOff = (values: readonly string[]): readonly string[] =>
  values.filter((value) => !/^(no|none|false|0)$/.test(value));

const listed = (use: OptionUse, names: string, note?: string): [string, SshOption][] =>
  names.split(' ').map((name) => [name, note === undefined ? { use } : { use, note }]);

export const SSH_OPTIONS: ReadonlyMap<string, SshOption> = new Map<string, SshOption>([
  ...listed('both', 'Host Match Include Tag', '`ssh -G` applies them'),
  ...listed('both', 'CanonicalDomains CanonicalizeFallbackLocal CanonicalizeHostname', '`ssh -G` applies them'),
  ...listed('both', 'CanonicalizeMaxDots CanonicalizePermittedCNAMEs IgnoreUnknown', '`ssh -G` applies them'),
  ...listed('both', 'HostName User Port ProxyJump ProxyCommand ConnectTimeout'),
  ...listed('both', 'IdentityFile IdentitiesOnly IdentityAgent HostKeyAlias'),
  ...listed('both', 'UserKnownHostsFile GlobalKnownHostsFile HashKnownHosts'),
  ...listed(
    'both',
    'PreferredAuthentications PubkeyAuthentication PasswordAuthentication KbdInteractiveAuthentication',
  ),
  ...listed(
    'both',
    'Ciphers KexAlgorithms HostKeyAlgorithms',
    'the system’s ssh where ssh2 has none of the named ones',
  ),
  ...listed('openssh', 'CertificateFile', 'user certificates'),
  ...listed('openssh', 'PKCS11Provider', 'keys on a smart card'),
  ...listed('openssh', 'KnownHostsCommand', 'host keys come from a command'),
  ...listed('openssh', 'RevokedHostKeys', 'host keys are checked against a revocation list'),
  ...listed('openssh', 'VerifyHostKeyDNS', 'host keys are checked in DNS'),
  ...listed('openssh', 'BindInterface', 'the connection is bound to an interface'),
  ...listed('openssh', 'ProxyUseFdpass', 'the proxy command passes a file descriptor'),
  ...listed('system', 'AddKeysToAgent AddressFamily BatchMode BindAddress CASignatureAlgorithms ChannelTimeout'),
  ...listed('system', 'CheckHostIP Compression ConnectionAttempts EnableSSHKeysign FingerprintHash'),
  ...listed('system', 'GSSAPIAuthentication GSSAPIDelegateCredentials HostbasedAcceptedAlgorithms'),
  ...listed('system', 'GSSAPIKeyExchange GSSAPITrustDNS GSSAPIRenewalForcesRekey GSSAPIKexAlgorithms', 'of Debian'),
  ...listed('system', 'HostbasedAuthentication IPQoS KbdInteractiveDevices LogVerbose MACs NumberOfPasswordPrompts'),
  ...listed('system', 'ObscureKeystrokeTiming PubkeyAcceptedAlgorithms RekeyLimit RequiredRSASize SecurityKeyProvider'),
  ...listed('system', 'SyslogFacility TCPKeepAlive VersionAddendum WarnWeakCrypto RefuseConnection'),
  ...listed(
    'ours',
    'StrictHostKeyChecking NoHostAuthenticationForLocalhost UpdateHostKeys',
    'host keys are always checked',
  ),
  ...listed('ours', 'ServerAliveInterval ServerAliveCountMax', 'a heartbeat of our own'),
  ...listed('ours', 'ControlMaster ControlPersist', 'one connection for each host, private to MCP-Anywhere'),
  ['ControlPath', { use: 'ours', note: 'used with `reuseControlMaster: true` in the hosts file' }],
  ...listed('ours', 'LogLevel SessionType StdinNull ForkAfterAuthentication RequestTTY EscapeChar VisualHostKey'),
  ['EnableEscapeCommandline', { use: 'unused' }],
  ['SetEnv', { use: 'both', note: 'as far as AcceptEnv of the host allows' }],
  [
    'SendEnv',
    {
      use: 'both',
      note: 'only locale and login variables leave the client, and what the hosts file names; write others as `env` of the server, `NAME: "${env:NAME}"`',
      missed: (values, { env }) =>
        values
          .flatMap((value) => value.split(' '))
          // A pattern may match more of the client's variables than are handed on.
          .filter(
            (name) => name !== '' && !isLanguage(name) && (/[*?]/.test(name) || matching(name, env).length === 0),
          ),
    },
  ],
  [
    'ForwardAgent',
    {
      use: 'ours',
      note: 'only with `ssh: { forwardAgent: true }` in the hosts file',
      missed: (values, { forwardAgent }) => (forwardAgent ? [] : unlessOff(values)),
    },
  ],
  ['RemoteCommand', { use: 'unused', note: 'write `command` of the server in the hosts file', missed: unlessOff }],
  ['ForwardX11', { use: 'unused', note: 'programs get no display', missed: unlessOff }],
  ...listed('unused', 'ForwardX11Timeout ForwardX11Trusted XAuthLocation', 'programs get no display'),
  ...listed(
    'unused',
    'LocalForward RemoteForward DynamicForward PermitRemoteOpen',
    'forwardings stay with your own ssh',
  ),
  ...listed('unused', 'ClearAllForwardings ExitOnForwardFailure GatewayPorts', 'forwardings stay with your own ssh'),
  ...listed(
    'unused',
    'StreamLocalBindMask StreamLocalBindUnlink Tunnel TunnelDevice',
    'forwardings stay with your own ssh',
  ),
  ...listed('unused', 'LocalCommand PermitLocalCommand', 'no command runs here'),
]);

/** The settings of the configuration that have no effect here, as sentences. */
export function missedOptions(raw: RawSshOptions, given: Given): string[] {
  return [...SSH_OPTIONS].flatMap(([name, { note, missed }]) => {
    const values = missed?.(raw.get(name.toLowerCase()) ?? [], given) ?? [];
    // A value may be a secret, so only names are shown.
    const names = values.map((value) => value.split('=')[0] ?? '');
    return names.length === 0 ? [] : [`${name} ${names.join(' ')} of the ssh configuration is not used: ${note ?? ''}`];
  });
}
