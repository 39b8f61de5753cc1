/** What is written for one test sshd: its own sshd_config, and the client's ssh_config for it. */
import type { KeyPair } from './keys.ts';

export interface SshdConfig {
  readonly folder: string;
  readonly port: number;
  readonly user: string;
  readonly hostKeys: readonly KeyPair[];
  /** Put into every session (one SetEnv line: sshd heeds only the first). */
  readonly environment: Readonly<Record<string, string>>;
  readonly usePam: boolean;
  readonly password: boolean;
  /** Lines of the test, before the defaults: sshd takes the first value of an option. */
  readonly extra: readonly string[];
}

export function sshdConfigText(config: SshdConfig): string {
  const { folder } = config;
  return lines([
    ...config.extra,
    `Port ${config.port}`,
    'ListenAddress 127.0.0.1',
    ...config.hostKeys.map((key) => `HostKey ${key.path}`),
    `PidFile ${folder}/sshd.pid`,
    `AuthorizedKeysFile ${folder}/authorized_keys`,
    `AllowUsers ${config.user}`,
    'PermitRootLogin yes',
    // The folders above are /tmp's, which StrictModes does not accept.
    'StrictModes no',
    `UsePAM ${yesNo(config.usePam)}`,
    `PasswordAuthentication ${yesNo(config.password)}`,
    `KbdInteractiveAuthentication ${yesNo(config.usePam && config.password)}`,
    'LogLevel VERBOSE',
    'PrintMotd no',
    'UseDNS no',
    // Of this option sshd takes the last value.
    ...(config.extra.some((line) => line.startsWith('MaxStartups')) ? [] : ['MaxStartups 100:30:200']),
    `SetEnv ${Object.entries(config.environment)
      .map(([name, value]) => `"${name}=${value}"`)
      .join(' ')}`,
  ]);
}

export interface ClientConfig {
  readonly alias: string;
  readonly port: number;
  readonly user: string;
  readonly identityFile: string;
  readonly knownHostsFile: string;
}

export function sshConfigText(config: ClientConfig): string {
  return lines([
    `Host ${config.alias}`,
    '  HostName 127.0.0.1',
    `  Port ${config.port}`,
    `  User ${config.user}`,
    `  IdentityFile ${config.identityFile}`,
    '  IdentitiesOnly yes',
    `  UserKnownHostsFile ${config.knownHostsFile}`,
  ]);
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no';
}
