/** The keychain of this login: of macOS, the Credential Manager of Windows, or the Secret Service of a Linux desktop. */
import { AnywhereError } from '../base/errors.ts';
import { Turns } from '../base/turns.ts';
import type { Environment } from './paths.ts';

export interface Keychain {
  get(name: string): Promise<string | undefined>;
  set(name: string, value: string): Promise<void>;
  /** False: there was no secret of this name. */
  remove(name: string): Promise<boolean>;
  names(): Promise<readonly string[]>;
}

/** How keychains show the owner of a secret. */
const SERVICE = 'mcp-anywhere';
/** No secret has this name. A look for it asks nobody to unlock anything. */
const PROBE = '?';
/** Otherwise the package takes the keyring of the Linux kernel, which forgets everything at the next boot. */
const OPTIONS = { linux: { store: 'secret-service' } } as const;

/**
 * Undefined where there is no keychain: on a server without a desktop, without the optional package, or with
 * MCP_ANYWHERE_KEYCHAIN=off.
 */
export async function openKeychain(env: Environment): Promise<Keychain | undefined> {
  if (env['MCP_ANYWHERE_KEYCHAIN'] === 'off') return undefined;
  // libdbus reads the environment of the process, which an AI client may have stripped.
  const runtimeDir = env['XDG_RUNTIME_DIR'];
  if (runtimeDir !== undefined) process.env['XDG_RUNTIME_DIR'] ??= runtimeDir;
  try {
    // A package with a native addon, loaded only where a secret is wanted.
    const { AsyncEntry, findCredentialsAsync } = await import('@napi-rs/keyring');
    const entry = (name: string): InstanceType<typeof AsyncEntry> => new AsyncEntry(SERVICE, name, OPTIONS);
    await entry(PROBE).getPassword();
    return inTurns({
      get: async (name) => (await entry(name).getPassword()) ?? undefined,
      set: (name, value) => entry(name).setPassword(value),
      remove: (name) => entry(name).deletePassword(),
      names: async () => (await findCredentialsAsync(SERVICE)).map(({ account }) => account),
    });
  } catch {
    return undefined;
  }
}

/** One at a time: a locked keychain holds a thread until a person has answered, and Node has four. */
function inTurns(keychain: Keychain): Keychain {
  const turns = new Turns(1);
  const run = <T>(work: () => Promise<T>): Promise<T> =>
    turns.run(async () => {
      try {
        return await work();
      } catch (cause) {
        throw refused(cause);
      }
    });
  return {
    get: (name) => run(() => keychain.get(name)),
    set: (name, value) => run(() => keychain.set(name, value)),
    remove: (name) => run(() => keychain.remove(name)),
    names: () => run(() => keychain.names()),
  };
}

function refused(cause: unknown): AnywhereError {
  return new AnywhereError(
    'SECRET_STORE',
    'The keychain of this machine refused: it is locked, or access was denied.',
    {
      evidence: cause instanceof Error ? [cause.message] : [],
      hint: 'unlock the keychain and try again, or set MCP_ANYWHERE_KEYCHAIN=off to keep secrets in files',
      cause,
    },
  );
}
