/** Launches programs: in a session of a connection with room, through the launcher, guarded by the warden. */
import { randomBytes } from 'node:crypto';
import type { Scope } from '../base/scope.ts';
import type { HostPlan } from '../config/plan.ts';
import type { Launch, Transport } from '../launch/contract.ts';
import { LAUNCH_COMMAND, launcherLine, type Watch } from '../launch/launcher.ts';
import { LAUNCHER_EXIT } from '../launch/marks.ts';
import type { Preamble } from '../launch/preamble.ts';
import type { Connection, Connections, Opened } from './connections.ts';
import type { LaunchedChannel } from './contract.ts';
import { Launched, subsystemProgram } from './launched.ts';
import type { Lease } from './lease.ts';
import type { HostRecord, Machine } from './machine.ts';

/** This machine: programs get the client's variables, and only a missing command is looked up in the login shell's environment. */
function localRecord({ inherited = new Map() }: Launch): HostRecord {
  return { environment: { system: '', shell: '', asked: '', variables: inherited }, outputWatch: false };
}

interface ProgramsDeps {
  readonly plan: HostPlan;
  readonly scope: Scope;
  readonly connections: Connections;
  readonly machine: Machine;
  readonly lease: Lease;
}

export class Programs {
  readonly #deps: ProgramsDeps;

  constructor(deps: ProgramsDeps) {
    this.#deps = deps;
  }

  async open(launch: Launch, signal: AbortSignal): Promise<LaunchedChannel> {
    const { plan, connections } = this.#deps;
    const subsystem = plan.ssh?.subsystem;
    if (subsystem === undefined) return this.#launch(launch, signal);
    const opened = await connections.open((transport) => transport.subsystem(subsystem, signal), signal);
    return subsystemProgram(opened.channel);
  }

  async #launch(launch: Launch, signal: AbortSignal): Promise<LaunchedChannel> {
    const { connections } = this.#deps;
    const opened = await connections.open((transport) => transport.exec(this.#command(transport), signal), signal);
    try {
      return await this.#start(opened, launch, signal);
    } catch (error) {
      opened.channel.close();
      throw error;
    }
  }

  #command(transport: Transport): string {
    return this.#deps.plan.ssh === undefined ? LAUNCH_COMMAND : this.#deps.lease.launchCommand(transport);
  }

  async #start({ channel, connection }: Opened, launch: Launch, signal: AbortSignal): Promise<LaunchedChannel> {
    const { plan, machine, lease } = this.#deps;
    const nonce = randomBytes(16).toString('hex');
    const known = plan.ssh === undefined ? localRecord(launch) : await machine.known(signal);
    const tell = (preamble: Preamble | undefined): void => {
      if (plan.ssh !== undefined) machine.learn(preamble);
    };
    try {
      const watch = watchFor(known, connection.transport);
      const line = launcherLine(launch, { nonce, environment: known?.environment, watch });
      channel.input.write(`${line}\n`);
    } catch (error) {
      tell(undefined);
      throw error;
    }
    this.#forgetWithoutCommand(channel);
    return new Launched({
      channel,
      nonce,
      launch,
      place: { host: plan.name },
      onPreamble: (preamble) => {
        tell(preamble);
        this.#guard(connection, preamble);
      },
      onClose: () => {
        lease.kill(nonce);
      },
    });
  }

  #forgetWithoutCommand({ ended }: Opened['channel']): void {
    const { scope, machine } = this.#deps;
    scope.run(
      ended.then((end) => {
        if (end.kind === 'exited' && end.code === LAUNCHER_EXIT.noCommand) machine.forget();
      }),
    );
  }

  #guard(connection: Connection, preamble: Preamble | undefined): void {
    if (preamble?.end.kind !== 'ready' || this.#deps.plan.ssh === undefined) return;
    connection.sshdPid = preamble.end.sshdPid;
    this.#deps.lease.guard(preamble.end);
  }
}

function watchFor(known: HostRecord | undefined, { closesWhole }: Transport): Watch {
  if (closesWhole !== true) return 'input';
  if (known === undefined) return 'learned';
  return known.outputWatch === true ? 'output' : 'input';
}
