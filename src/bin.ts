#!/usr/bin/env node
/** The program's start: the quick ways first, everything else loaded only when it is asked for. */
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import type { CliIo } from './cli/context.ts';
import { startRequest } from './cli/fast-path.ts';

/** Set by the build. */
declare const __VERSION__: string;
const version = typeof __VERSION__ === 'string' ? __VERSION__ : '0.0.0';

const argv = process.argv.slice(2);
const request = startRequest(argv, process.stdin.isTTY);

if (request.kind === 'version') process.stdout.write(`${version}\n`);
else process.exitCode = await start();

async function start(): Promise<number> {
  if (request.kind === 'serve') {
    // V8 guesses from the first calls, when its young space is small, that what a call makes lives long, and
    // from then on makes it where only a full collection finds it: ten of those a second under load.
    setFlagsFromString('--no-allocation-site-pretenuring');
    // Behind a full collection V8 lets a busy heap grow by a tenth only, which the buffers of the next calls
    // fill at once: under load it never stopped marking, at half of all the time. It may grow to three times.
    setFlagsFromString('--heap-growing-percent=200');
    const { serveClient } = await import('./cli/serve.ts');
    // TERM and HUP are how clients end a server: no failure. Those and Ctrl-C are handled by the gateway itself.
    return await serveClient(world(await interruption(['SIGINT'])), request);
  }
  const { runCli } = await import('./cli/main.ts');
  return await runCli(world(await interruption(['SIGINT', 'SIGTERM', 'SIGHUP'])), argv);
}

function world(signal: AbortSignal): CliIo {
  const { stdin, stdout, stderr, env, platform, execPath } = process;
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
