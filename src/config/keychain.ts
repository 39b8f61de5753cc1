/**
 * The keychain of this login: of macOS, the Credential Manager of Windows, or the Secret Service of a Linux desktop.
 *
 * A process of its own looks, for 0.1 s: the package is native code and holds up its whole process, for seconds where the
 * keychain hangs, and until a person has answered where the keychain is locked. Secrets go through pipes.
 */
import { AnywhereError } from '../base/errors.ts';
import { isRecord } from '../base/record.ts';
import { Turns } from '../base/turns.ts';
import { environmentForHelpers } from './environment.ts';
import type { Environment } from './paths.ts';

type Task =
  | { readonly do: 'look' | 'names' }
  | { readonly do: 'get' | 'remove'; readonly name: string }
  | { readonly do: 'set'; readonly name: string; readonly value: string };

/** `none`: there is no keychain. */
type Answer = { readonly none: true } | { readonly error: string } | { readonly value: unknown };

/**
 * `?` is the name of no secret, and a look for it asks nobody to unlock anything. Without `store` the package would take the
 * keyring of the Linux kernel, which forgets everything at the next boot.
 */
const SCRIPT = `
let input = '';
process.stdin.setEncoding('utf8').on('data', (text) => { input += text; }).on('end', async () => {
  const { from, task } = JSON.parse(input);
  const tell = (answer) => process.stdout.write(JSON.stringify(answer));
  let keyring, entry;
  try {
    keyring = require('node:module').createRequire(from)('@napi-rs/keyring');
    entry = (name) => new keyring.Entry('mcp-anywhere', name, { linux: { store: 'secret-service' } });
    entry('?').getPassword();
  } catch { return tell({ none: true }); }
  try {
    if (task.do === 'get') tell({ value: entry(task.name).getPassword() });
    else if (task.do === 'remove') tell({ value: entry(task.name).deletePassword() });
    else if (task.do === 'names') tell({ value: keyring.findCredentials('mcp-anywhere').map((one) => one.account) });
    else tell({ value: task.do === 'set' ? (entry(task.name).setPassword(task.value), true) : true });
  } catch (error) { tell({ error: String(error?.message ?? error) }); }
});`;

/** Each method gives undefined where there is no keychain, and throws SECRET_STORE where the keychain refuses. */
export class Keychain {
  readonly #env: Environment;
  /** After the first has unlocked a locked keychain, the others find it open. */
  readonly #turns = new Turns(1);

  constructor(env: Environment) {
    this.#env = env;
  }

  async isThere(signal: AbortSignal): Promise<boolean> {
    return (await this.#ask({ do: 'look' }, signal)) === true;
  }

  async get(name: string, signal: AbortSignal): Promise<string | undefined> {
    const value = await this.#ask({ do: 'get', name }, signal);
    return typeof value === 'string' ? value : undefined;
  }

  /** False: there is no keychain. */
  async set(name: string, value: string, signal: AbortSignal): Promise<boolean> {
    return (await this.#ask({ do: 'set', name, value }, signal)) === true;
  }

  /** False: there was no secret of this name. */
  async remove(name: string, signal: AbortSignal): Promise<boolean> {
    return (await this.#ask({ do: 'remove', name }, signal)) === true;
  }

  async names(signal: AbortSignal): Promise<readonly string[]> {
    const names = await this.#ask({ do: 'names' }, signal);
    return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
  }

  async #ask(task: Task, signal: AbortSignal): Promise<unknown> {
    // The binary of an app would open the app.
    if (this.#env['MCP_ANYWHERE_KEYCHAIN'] === 'off' || process.versions['electron'] !== undefined) return undefined;
    const answer = await this.#turns.run(() => answerOf(task, this.#env, signal));
    if ('error' in answer) throw refused(answer.error);
    return 'value' in answer ? answer.value : undefined;
  }
}

async function answerOf(task: Task, env: Environment, signal: AbortSignal): Promise<Answer> {
  signal.throwIfAborted();
  const { execa } = await import('execa');
  const { stdout } = await execa(process.execPath, ['-e', SCRIPT], {
    input: JSON.stringify({ from: import.meta.url, task }),
    env: environmentForHelpers(env),
    extendEnv: false,
    stderr: 'ignore',
    cancelSignal: signal,
    forceKillAfterDelay: 500,
    reject: false,
  });
  signal.throwIfAborted();
  return parsed(stdout);
}

/** A process that ended without an answer has crashed in the native code. */
function parsed(text: string): Answer {
  try {
    const answer: unknown = JSON.parse(text);
    if (isRecord(answer)) return answer as Answer;
  } catch {
    // Not an answer.
  }
  return { error: 'the process that asks the keychain ended without an answer' };
}

function refused(why: string): AnywhereError {
  return new AnywhereError(
    'SECRET_STORE',
    'The keychain of this machine refused: it is locked, or access was denied.',
    {
      evidence: [why],
      hint: 'unlock the keychain and try again, or set MCP_ANYWHERE_KEYCHAIN=off to keep secrets in files',
    },
  );
}
