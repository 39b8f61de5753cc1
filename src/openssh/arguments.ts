/**
 * The command lines of our ssh processes.
 *
 * Fixed options (ssh_config(5)) come first, because ssh uses the first value of an option. Everything else is left to the
 * user's configuration. ProxyJump is written out as a ProxyCommand: ssh's own -J would start the ssh to the jump host with the
 * options of the configuration alone, and `StrictHostKeyChecking no` there would accept an unknown machine in between.
 */

import { AnywhereError } from '../base/errors.ts';
import type { SshPlan } from '../config/plan.ts';
import { word } from '../launch/quote.ts';
import { type RawSshOptions, type SshSettings, sshArguments, sshLine } from '../ssh/config.ts';
import type { ResolveSettings } from '../ssh/route.ts';

interface FixedOption {
  readonly option: string;
  readonly value: string;
  /** Only for an ssh whose `ssh -G` prints this name; an unknown option would end ssh. */
  readonly onlyIf?: string;
}

/** For every ssh process of ours, jump hosts included. */
const ALWAYS: readonly FixedOption[] = [
  // Host keys are always checked.
  { option: 'StrictHostKeyChecking', value: 'yes' },
  { option: 'NoHostAuthenticationForLocalhost', value: 'no' },
  { option: 'UpdateHostKeys', value: 'no' },
  { option: 'VisualHostKey', value: 'no' },
  { option: 'ClearAllForwardings', value: 'yes' },
  { option: 'ForwardAgent', value: 'no' },
  { option: 'ForwardX11', value: 'no' },
  { option: 'Tunnel', value: 'no' },
  { option: 'PermitLocalCommand', value: 'no' },
  { option: 'RemoteCommand', value: 'none' },
  { option: 'RequestTTY', value: 'no' },
  { option: 'EscapeChar', value: 'none' },
  { option: 'ControlPersist', value: 'no' },
  { option: 'ServerAliveInterval', value: '10' },
  { option: 'ServerAliveCountMax', value: '2' },
  // A client in the background would leave the process group of its guard.
  { option: 'ForkAfterAuthentication', value: 'no', onlyIf: 'forkafterauthentication' },
  { option: 'StdinNull', value: 'no', onlyIf: 'stdinnull' },
];

interface Common {
  /** `ssh -G` for the machine that this process connects to. */
  readonly known: RawSshOptions;
  readonly connectTimeoutMs: number;
  /** For the user's shell; undefined where the configuration decides. */
  readonly proxyCommand: string | undefined;
}

/** `ssh` as a master without a session of its own, its control socket at `controlPath`. */
export function masterArguments(
  options: Common & { readonly controlPath: string; readonly forwardAgent: boolean },
): string[] {
  // DEBUG1 prints the host key.
  const agent = options.forwardAgent ? ['-o', 'ForwardAgent=yes'] : [];
  return ['-M', '-N', '-T', '-S', options.controlPath, ...agent, ...fixed(options), '-o', 'LogLevel=DEBUG1'];
}

/** `ssh` as the tunnel through a jump host. Its log level keeps its host key apart from the target's. */
function jumpArguments(options: Common & { readonly target: string }): string[] {
  return [
    '-T',
    ...fixed(options),
    '-o',
    'LogLevel=INFO',
    '-o',
    'ControlMaster=no',
    '-o',
    'ControlPath=none',
    '-W',
    options.target,
  ];
}

function fixed({ known, connectTimeoutMs, proxyCommand }: Common): string[] {
  const options = ALWAYS.filter(({ onlyIf }) => onlyIf === undefined || known.has(onlyIf)).map(
    ({ option, value }) => `${option}=${value}`,
  );
  const connect = [`ConnectTimeout=${Math.max(1, Math.ceil(connectTimeoutMs / 1000))}`];
  // `yes` keeps ssh from running our askpass, so only where the user's configuration has it.
  const batch = [`BatchMode=${known.get('batchmode')?.[0] === 'yes' ? 'yes' : 'no'}`];
  const proxy = proxyCommand === undefined ? [] : [`ProxyCommand=${proxyCommand}`];
  return [...options, ...batch, ...connect, ...proxy].flatMap((option) => ['-o', option]);
}

const MAX_HOPS = 16;

/** The ProxyCommand through all jump hosts of `settings`, or undefined without a jump host. */
export async function jumpCommand(
  plan: SshPlan,
  settings: SshSettings,
  resolve: ResolveSettings,
  signal: AbortSignal,
  hops = 0,
): Promise<string | undefined> {
  if (settings.proxyJump === undefined) return undefined;
  if (hops >= MAX_HOPS) {
    throw new AnywhereError(
      'SSH_CONFIG',
      `there are more than ${MAX_HOPS} jump hosts: does one of them jump through itself?`,
      {
        evidence: [settings.proxyJump],
        hint: sshLine(plan, { flags: ['-G'] }),
      },
    );
  }
  const hop = lastHop(plan, settings.proxyJump);
  const hopSettings = await resolve(hop, signal);
  const words = [
    'ssh',
    ...jumpArguments({
      known: hopSettings.raw,
      connectTimeoutMs: plan.connectTimeoutMs,
      proxyCommand: await jumpCommand(hop, hopSettings, resolve, signal, hops + 1),
      target: `[${settings.hostname}]:${settings.port}`,
    }),
    ...sshArguments(hop),
    '--',
    hop.alias,
  ];
  // ssh expands %-tokens and runs the command through the user's shell.
  return words
    .map((text) => word(text, 'an option of ssh'))
    .join(' ')
    .replaceAll('%', '%%');
}

/** The jump host next to the target; the jump hosts before it become its own ProxyJump. */
function lastHop(plan: SshPlan, proxyJump: string): SshPlan {
  const all = proxyJump.split(',');
  const name = parseHop(all.at(-1) ?? '');
  const before = all.slice(0, -1).join(',');
  return {
    ...plan,
    ...name,
    host: undefined,
    identityFiles: [],
    knownHostsFiles: [],
    proxyJump: before === '' ? undefined : before,
    backend: 'openssh',
    subsystem: undefined,
    reuseControlMaster: false,
  };
}

/** `[ssh://][user@]host[:port]`, an IPv6 address in brackets (ssh_config(5), ProxyJump). */
export function parseHop(text: string): {
  readonly alias: string;
  readonly user: string | undefined;
  readonly port: number | undefined;
} {
  const bare = text
    .trim()
    .replace(/^ssh:\/\//, '')
    .replace(/\/$/, '');
  const at = bare.lastIndexOf('@');
  const user = at < 0 ? undefined : bare.slice(0, at);
  const place = bare.slice(at + 1);
  const found = /^\[(.+)\](?::(\d+))?$/.exec(place) ?? /^([^:]+)(?::(\d+))?$/.exec(place);
  const [, alias = place, port] = found ?? [];
  return { alias, user, port: port === undefined ? undefined : Number(port) };
}
