/** Connections to one host through ssh2. */
import { AnywhereError } from '../base/errors.ts';
import type { HostPlan, SshPlan } from '../config/plan.ts';
import type { Dialer, DialerDeps } from '../launch/contract.ts';
import { type ResolveSettings, resolveRoute, settingsResolver } from '../ssh/route.ts';
import { sessionOf } from '../ssh/session.ts';
import type { ConnectOptions } from './connect.ts';
import type { LoggedIn } from './login.ts';
import { type OpenedStream, openStream, refuseUnchecked } from './open-stream.ts';
import { Keyring } from './private-key.ts';
import { Ssh2Transport } from './transport.ts';

export interface Ssh2DialerOptions {
  /** Instead of one `ssh -G` for each machine and dial. */
  readonly resolve?: ResolveSettings;
  /** Shared by the hosts of one user, so that one passphrase serves them all. */
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
        if (target === undefined) throw new AnywhereError('INTERNAL', 'a route without machines');
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
 * ssh2 takes some 30 ms to load, and nothing else runs meanwhile. So the first packet goes out before; whatever else
 * is due at the start (the answer to an AI client) gets this long; and a machine that refuses needs no ssh2.
 */
const LOAD_AFTER_MS = 10;

async function connect(options: ConnectOptions): Promise<LoggedIn> {
  const [first] = options.route;
  if (first === undefined) throw new AnywhereError('INTERNAL', 'a route without machines');
  refuseUnchecked(first, options.host);
  const opened = openStream(options, first, undefined);
  await openedOrLater(opened, options.deps);
  const { connectRoute } = await import('./connect.ts');
  return connectRoute({ ...options, opened });
}

/** Resolves when the stream is there or `LOAD_AFTER_MS` have passed; rejects when it could not be opened by then. */
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

/** Throws INTERNAL for this machine itself. */
export function sshPlanOf(host: HostPlan): SshPlan {
  if (host.ssh === undefined)
    throw new AnywhereError('INTERNAL', `${host.name} is not reached through ssh`, { host: host.name });
  return host.ssh;
}
