/** The commands with which some AI clients change their own files. */
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import type { Machine } from '../discovery/clients.ts';
import type { Change, Ourselves } from './change.ts';

const LIMIT_MS = 30_000;

/** Undefined: the file is edited, because the client has no command for this change or is not on the PATH. */
export async function ownCommand(
  change: Change,
  us: Ourselves,
  machine: Machine,
): Promise<readonly string[] | undefined> {
  const { client, action, after, isWhole } = change;
  if (isWhole) return undefined;
  const template =
    action === 'add' ? client.add : action === 'remove' && after === undefined ? client.remove : undefined;
  if (template === undefined) return undefined;
  // Only an entry as JSON has room for variables.
  const isJson = /\{(entry|named)\}/.test(template);
  const needsVariables = us.variables.length > 0 && (client.reference ?? client.inherits) !== undefined;
  if (action === 'add' && needsVariables && !isJson) return undefined;
  const words = template.split(' ').flatMap((word) => filled(word, change, us));
  return (await isOnPath(words[0] ?? '', machine)) ? words : undefined;
}

function filled(word: string, { name, after }: Change, us: Ourselves): readonly string[] {
  if (word === '{name}') return [name];
  if (word === '{entry}') return [JSON.stringify(after)];
  if (word === '{named}') return [JSON.stringify({ name, ...after })];
  return word === '{command}' ? [us.command, ...us.args] : [word];
}

async function isOnPath(program: string, { env, platform }: Machine): Promise<boolean> {
  const endings = platform === 'win32' ? (env['PATHEXT'] ?? '.EXE;.CMD').split(';') : [''];
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const files = folders.flatMap((folder) => endings.map((ending) => join(folder, program + ending)));
  const found = await Promise.all(
    files.map((file) =>
      access(file, constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}

/** False where the command failed; its output is not read. The caller reads the file back. */
export async function runOwnCommand(
  [program = '', ...args]: readonly string[],
  { env, homeDir }: Machine,
  signal: AbortSignal,
): Promise<boolean> {
  const { exitCode } = await execa(program, args, {
    env,
    extendEnv: false,
    cwd: homeDir,
    stdio: 'ignore',
    timeout: LIMIT_MS,
    cancelSignal: signal,
    reject: false,
  });
  signal.throwIfAborted();
  return exitCode === 0;
}
