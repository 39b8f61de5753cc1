#!/usr/bin/env node
/** The program's start: the quick ways first, everything else loaded only when it is asked for. */
import { fstatSync } from 'node:fs';
import { homedir } from 'node:os';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { openInput } from './base/direct-socket.ts';
import type { CliIo } from './cli/context.ts';
import { startRequest } from './cli/fast-path.ts';
import { loginEnvironment } from './config/login-environment.ts';

/** Set by the build. */
declare const __VERSION__: string;
const version = typeof __VERSION__ === 'string' ? __VERSION__ : '0.0.0';

const argv = process.argv.slice(2);
const request = startRequest(argv, isatty(0));
if (request.kind === 'serve') readClientDirectly();

if (request.kind === 'version') process.stdout.write(`${version}\n`);
else process.exitCode = await start();

async function start(): Promise<number> {
  if (request.kind === 'serve') {
    if (request.inProcess) tuneForTraffic();
    const { serveClient } = await import('./cli/serve.ts');
    // TERM and HUP are how clients end a server: no failure. Those and Ctrl-C are handled by the serving itself.
    return await serveClient(world(await interruption(['SIGINT'])), request);
  }
  const { runCli } = await import('./cli/main.ts');
  return await runCli(world(await interruption(['SIGINT', 'SIGTERM', 'SIGHUP'])), argv);
}

/** For a process through which the calls of AI clients go. */
function tuneForTraffic(): void {
  // V8 guesses from the first calls, when its young space is small, that what a call makes lives long, and
  // from then on makes it where only a full collection finds it: ten of those a second under load.
  setFlagsFromString('--no-allocation-site-pretenuring');
  // Behind a full collection V8 lets a busy heap grow by a tenth only, which the buffers of the next calls
  // fill at once: under load it never stopped marking, at half of all the time. It may grow to five times.
  setFlagsFromString('--heap-growing-percent=400');
}

/**
 * What an AI client writes on a pipe or socket is read without the buffers that Node makes for each chunk. Before anything else
 * is loaded: whatever imports `node:process` makes Node open stdin in its own way, and a descriptor is opened once.
 */
function readClientDirectly(): void {
  const found = fstatSync(0);
  if (process.platform === 'win32' || !(found.isFIFO() || found.isSocket())) return;
  Object.defineProperty(process, 'stdin', { value: openInput(0), configurable: true, enumerable: true });
}

function world(signal: AbortSignal): CliIo {
  const { stdin, stdout, stderr, platform, execPath } = process;
  const env = loginEnvironment(process.env, platform, process.getuid?.());
  const program = { node: execPath, file: fileURLToPath(import.meta.url), version };
  return { stdin, stdout, stderr, env, cwd: process.cwd(), homeDir: homedir(), platform, program, signal };
}

/** The first signal asks to end and clean up; a second one ends the process as ever. */
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
