#!/usr/bin/env node
/** The start of the program: the fast path first; everything else is loaded only when needed. */
import { homedir } from 'node:os';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';
import type { CliIo } from './cli/context.ts';
import { startRequest } from './cli/fast-path.ts';
import { loginEnvironment } from './config/environment.ts';

/** Set by the build. */
declare const __VERSION__: string;
const version = typeof __VERSION__ === 'string' ? __VERSION__ : '0.0.0';

const argv = process.argv.slice(2);
const request = startRequest(argv, isatty(0));

const isDone = request.kind === 'version' && (await isPrinted(`${version}\n`));
if (!isDone) process.exitCode = await start();

/** False where stdout cannot be written. The whole command line then tries again, and reports the error. */
function isPrinted(text: string): Promise<boolean> {
  return new Promise((resolve) => {
    process.stdout.once('error', () => {
      resolve(false);
    });
    process.stdout.write(text, (error) => {
      resolve(error === undefined || error === null);
    });
  });
}

async function start(): Promise<number> {
  if (request.kind === 'serve') {
    const { serveClient } = await import('./cli/serve.ts');
    // Clients end a server with TERM or HUP, which is no failure. The server handles these signals itself.
    return await serveClient(world(await interruption(['SIGINT'])), request);
  }
  const { runCli } = await import('./cli/main.ts');
  return await runCli(world(await interruption(['SIGINT', 'SIGTERM', 'SIGHUP'])), argv);
}

function world(signal: AbortSignal): CliIo {
  const { stdin, stdout, stderr, platform, execPath } = process;
  const env = loginEnvironment(process.env, platform, process.getuid?.());
  // The prompts ask only the environment. `env` above is what everything else gets.
  if (process.argv.includes('--no-color')) process.env['NO_COLOR'] = '1';
  const program = { node: execPath, file: fileURLToPath(import.meta.url), version };
  return { stdin, stdout, stderr, env, cwd: process.cwd(), homeDir: homedir(), platform, program, signal };
}

/** The first signal asks the program to clean up and end. A second one ends the process at once. */
async function interruption(names: readonly NodeJS.Signals[]): Promise<AbortSignal> {
  const { AnywhereError } = await import('./base/errors.ts');
  const controller = new AbortController();
  for (const name of names) {
    process.once(name, () => {
      controller.abort(new AnywhereError('INTERRUPTED', 'Stopped by the user.'));
    });
  }
  return controller.signal;
}
