/** The user's own master connection (ControlMaster): used where the hosts file asks for it, and never ended by us. */
import { lstat } from 'node:fs/promises';
import { deadline } from '../base/abort.ts';
import { AnywhereError } from '../base/errors.ts';
import type { SshPlan } from '../config/plan.ts';
import type { DialerDeps, Transport } from '../launch/contract.ts';
import type { SshSettings } from '../ssh/config.ts';
import { sessionOf } from '../ssh/session.ts';
import { MuxConnection } from './connection.ts';
import { masterAnswers, openMuxProxy } from './mux.ts';
import { OpensshTransport } from './transport.ts';

/** A master that hangs must not delay a connection of our own for long. */
const ANSWER_TIMEOUT_MS = 1000;

export interface MasterTarget {
  readonly plan: SshPlan;
  readonly settings: SshSettings;
}

/** Undefined where no master of the user answers at `ControlPath`. */
export async function reuseControlMaster(
  host: string,
  target: MasterTarget,
  deps: DialerDeps,
  signal: AbortSignal,
): Promise<Transport | undefined> {
  const path = target.settings.controlPath;
  if (path === undefined || !(await isOurSocket(path))) return undefined;
  const limit = deadline(deps.clock, ANSWER_TIMEOUT_MS, () => new Error('the control master does not answer'), signal);
  try {
    if (!(await masterAnswers(path, limit.signal))) return undefined;
    return transportOver(host, target, new MuxConnection(await openMuxProxy(path, limit.signal), host), deps);
  } catch (error) {
    signal.throwIfAborted();
    deps.log.info({ host, path, error }, 'the control master could not be used');
    return undefined;
  } finally {
    limit.clear();
  }
}

function transportOver(host: string, target: MasterTarget, connection: MuxConnection, deps: DialerDeps): Transport {
  const { plan, settings } = target;
  const cause = new AnywhereError('LINK_LOST', 'the control master ended the connection', { host });
  return new OpensshTransport({
    host,
    // A master does not tell its host key, so its login stands for the machine.
    identity: `control-master ${settings.user}@${settings.hostname}:${settings.port}`,
    connection,
    owner: { ended: connection.closed.then(() => cause), stop: () => undefined, kill: () => undefined },
    isBorrowed: true,
    session: sessionOf(plan, settings, deps),
    clock: deps.clock,
  });
}

/** The owner of the socket reads every byte, so the owner must be this user. */
async function isOurSocket(path: string): Promise<boolean> {
  try {
    const info = await lstat(path);
    return info.isSocket() && info.uid === process.getuid?.();
  } catch {
    return false;
  }
}
