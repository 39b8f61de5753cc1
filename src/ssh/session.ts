/** What every session gets from ssh_config: SetEnv, SendEnv and agent forwarding. */
import type { SshPlan } from '../config/plan.ts';
import type { DialerDeps } from '../launch/contract.ts';
import type { RawSshOptions, SshSettings } from './config.ts';

export interface SessionOptions {
  /** Sent with `env` requests (RFC 4254, section 6.4); the machine accepts what its AcceptEnv allows. */
  readonly env: Readonly<Record<string, string>>;
  /** Only where the hosts file asks for it: programs on the machine may then use the user's agent. */
  readonly forwardAgent: boolean;
}

export function sessionOf(
  { forwardAgent }: Pick<SshPlan, 'forwardAgent'>,
  { raw }: Pick<SshSettings, 'raw'>,
  { env }: Pick<DialerDeps, 'env'>,
): SessionOptions {
  return { env: sessionEnvironment(raw, env), forwardAgent };
}

/** @param env of the client. As in ssh, SetEnv outranks SendEnv. */
function sessionEnvironment(
  raw: RawSshOptions,
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const sent = sendPatterns(raw).flatMap((pattern) => matching(pattern, env));
  const set = (raw.get('setenv') ?? []).flatMap((line): [string, string][] => {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries([...sent, ...set]);
}

function sendPatterns(raw: RawSshOptions): string[] {
  return (raw.get('sendenv') ?? []).flatMap((line) => line.split(' ')).filter((pattern) => pattern !== '');
}

/** The variables whose names match a pattern of ssh_config(5). */
export function matching(
  pattern: string,
  env: Readonly<Record<string, string | undefined>>,
): [name: string, value: string][] {
  const source = pattern
    .replaceAll(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const name = new RegExp(`^${source}$`);
  return Object.entries(env).flatMap(([key, value]) => (value !== undefined && name.test(key) ? [[key, value]] : []));
}
