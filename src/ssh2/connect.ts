/** From a route to a login on its last machine. Every machine on the way has its host key checked and a login of its own. */
import { AnywhereError } from '../base/errors.ts';
import type { DialerDeps, Pulse } from '../launch/contract.ts';
import type { SshSettings } from '../ssh/config.ts';
import type { Route } from '../ssh/route.ts';
import type { Keyring } from './keyring.ts';
import { type LoggedIn, logIn } from './login.ts';
import { type OpenedStream, openStream, refuseUnchecked } from './open-stream.ts';

export interface ConnectOptions {
  readonly host: string;
  readonly route: Route;
  readonly deps: DialerDeps;
  readonly keyring: Keyring;
  readonly signal: AbortSignal;
  readonly pulse?: Pulse | undefined;
  /** Socket of the agent that programs on the last machine may use. */
  readonly forwardedAgent?: string | undefined;
  /** The stream to the first machine, where it is being opened already. */
  readonly opened?: OpenedStream;
  /** Called after every login on the way, the last one included. */
  readonly onLogin?: (settings: SshSettings, login: LoggedIn) => void;
}

/** The login on the last machine. Its end also ends the logins before it. */
export async function connectRoute(options: ConnectOptions): Promise<LoggedIn> {
  const logins: LoggedIn[] = [];
  try {
    for (const settings of options.route) {
      const login = await logInVia(options, settings, logins.at(-1));
      logins.push(login);
      options.onLogin?.(settings, login);
    }
  } catch (error) {
    endAll(logins, error as AnywhereError);
    throw error;
  }
  return bundle(logins);
}

async function logInVia(options: ConnectOptions, settings: SshSettings, via: LoggedIn | undefined): Promise<LoggedIn> {
  refuseUnchecked(settings, options.host);
  const { stream, lastWords } = (via === undefined ? options.opened : undefined) ?? openStream(options, settings, via);
  try {
    const forwardedAgent = settings === options.route.at(-1) ? options.forwardedAgent : undefined;
    return await logIn({ ...options, settings, stream, forwardedAgent });
  } catch (error) {
    // A stream that opens after the failure is closed too.
    void stream.then(
      (opened) => opened.destroy(),
      () => undefined,
    );
    const words = lastWords();
    if (words.length === 0 || !(error instanceof AnywhereError)) throw error;
    // A ProxyCommand that complains has failed itself: no sshd was too busy.
    const code = error.code === 'HOST_BUSY' ? 'HOST_UNREACHABLE' : error.code;
    throw new AnywhereError(code, error.message, {
      host: error.host,
      evidence: [...error.evidence, ...words.map((line) => `ProxyCommand: ${line}`)],
      hint: error.hint,
      cause: error,
    });
  }
}

function bundle(logins: readonly LoggedIn[]): LoggedIn {
  const last = logins.at(-1);
  if (last === undefined) throw new AnywhereError('INTERNAL', 'the route has no machines');
  last.onEnd((cause) => {
    endAll(logins, cause);
  });
  return last;
}

/** Last first, because each stream runs through the login before it. */
function endAll(logins: readonly LoggedIn[], cause: AnywhereError): void {
  for (const login of [...logins].reverse()) login.destroy(cause);
}
