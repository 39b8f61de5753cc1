/**
 * The options that our ssh processes always run with (ssh_config(5)): first on the command line, because ssh takes the
 * first value it meets. What the user's configuration says otherwise is left alone.
 */
import type { RawSshOptions } from '../ssh/config.ts';

interface FixedOption {
  readonly option: string;
  readonly value: string;
  /** Only for clients that know it: `ssh -G` prints this name. An unknown option would end ssh. */
  readonly onlyIf?: string;
}

/** Of every ssh process of ours, jump hosts included. */
const ALWAYS: readonly FixedOption[] = [
  // Host keys are checked, whatever any configuration says.
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
  // A client that went to the background would leave the process group of its guard.
  { option: 'ForkAfterAuthentication', value: 'no', onlyIf: 'forkafterauthentication' },
  { option: 'StdinNull', value: 'no', onlyIf: 'stdinnull' },
];

interface Common {
  /** Of `ssh -G` for the host that this process connects to. */
  readonly known: RawSshOptions;
  readonly connectTimeoutMs: number;
  /** For the user's shell; undefined: connect as the configuration says. */
  readonly proxyCommand: string | undefined;
}

/** `ssh` as a master without a session of its own, its control socket at `controlPath`. */
export function masterArguments(
  options: Common & { readonly controlPath: string; readonly forwardAgent: boolean },
): string[] {
  // DEBUG1 names the host key; everything above the first line of a master goes to its log alone.
  const agent = options.forwardAgent ? ['-o', 'ForwardAgent=yes'] : [];
  return ['-M', '-N', '-T', '-S', options.controlPath, ...agent, ...fixed(options), '-o', 'LogLevel=DEBUG1'];
}

/** `ssh` as the tunnel through a jump host. Its log level keeps its host key apart from the target's. */
export function jumpArguments(options: Common & { readonly target: string }): string[] {
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
  // `yes` keeps ssh from asking our askpass: only where the user's configuration says that nobody is to be asked.
  const batch = [`BatchMode=${known.get('batchmode')?.[0] === 'yes' ? 'yes' : 'no'}`];
  const proxy = proxyCommand === undefined ? [] : [`ProxyCommand=${proxyCommand}`];
  return [...options, ...batch, ...connect, ...proxy].flatMap((option) => ['-o', option]);
}
