/** Connections to one host through ssh2. */
import { AnywhereError } from '../base/errors.ts';
import type { HostPlan, SshPlan } from '../config/plan.ts';
import type { Dialer, DialerDeps } from '../launch/contract.ts';
import { type ResolveSettings, resolveRoute, settingsResolver } from '../ssh/route.ts';
import { sessionOf } from '../ssh/session.ts';
import type { ConnectOptions } from './connect.ts';
import { Keyring } from './keyring.ts';
import type { LoggedIn } from './login.ts';
import { type OpenedStream, openStream, refuseUnchecked } from './open-stream.ts';
import { Ssh2Transport } from './transport.ts';

export interface Ssh2DialerOptions {
  /** Left out: one `ssh -G` for each machine and dial. */
  readonly resolve?: ResolveSettings;
  /** Shared by all hosts of a user, so that a passphrase is asked for once. */
  readonly keyring?: Keyring;
}

export function createSsh2Dialer(host: HostPlan, deps: DialerDeps, options: Ssh2DialerOptions = {}): Dialer {
  const plan = sshPlanOf(host);
  const resolve = options.resolve ?? settingsResolver(deps);
  const keyring = options.keyring ?? new Keyring();
  return {
    host: host.name,
    backend: () => 'ssh2',
    dial: async (signal, pulse) => {
      try {
        const route = await resolveRoute(plan, resolve, signal);
        const [target] = route.slice(-1);
        if (target === undefined) throw new AnywhereError('INTERNAL', 'the route has no machines');
        const forwardedAgent = plan.forwardAgent ? target.identityAgent : undefined;
        const login = await connect({ host: host.name, route, deps, keyring, signal, pulse, forwardedAgent });
        deps.log.debug({ host: host.name, method: login.method, fingerprint: login.fingerprint }, 'logged in');
        return new Ssh2Transport(login, deps.clock, sessionOf(plan, target, deps));
      } catch (error) {
        signal.throwIfAborted();
        throw error instanceof AnywhereError ? error.at({ host: host.name }) : error;
      }
    },
  };
}

/**
 * Loading ssh2 blocks everything else for some 30 ms. So the first packet goes out before, other work of the start (the
 * answer to an AI client) gets this much time, and a machine that refuses the connection needs no ssh2.
 */
const LOAD_AFTER_MS = 10;

async function connect(options: ConnectOptions): Promise<LoggedIn> {
  const [first] = options.route;
  if (first === undefined) throw new AnywhereError('INTERNAL', 'the route has no machines');
  refuseUnchecked(first, options.host);
  const opened = openStream(options, first, undefined);
  await openedOrLater(opened, options.deps);
  const { connectRoute } = await import('./connect.ts');
  return connectRoute({ ...options, opened });
}

/** Resolves once the stream is open or `LOAD_AFTER_MS` have passed; rejects where opening has failed by then. */
async function openedOrLater({ stream }: OpenedStream, { clock }: Pick<DialerDeps, 'clock'>): Promise<void> {
  let cancel = (): void => undefined;
  const later = new Promise<void>((resolve) => {
    cancel = clock.after(LOAD_AFTER_MS, resolve);
  });
  try {
    await Promise.race([stream, later]);
  } finally {
    cancel();
  }
}

/** Throws INTERNAL for a local host. */
export function sshPlanOf(host: HostPlan): SshPlan {
  if (host.ssh === undefined)
    throw new AnywhereError('INTERNAL', `${host.name} is not reached through ssh`, { host: host.name });
  return host.ssh;
}
