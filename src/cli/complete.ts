/** What the shell's completion asks at every Tab: quick, silent about whatever is wrong, and it starts nothing. */
import type { Command } from 'commander';
import { deadline, orAbort } from '../base/abort.ts';
import { systemClock } from '../base/clock.ts';
import { AnywhereError, EXIT, type ExitCode } from '../base/errors.ts';
import { harmless } from '../base/harmless.ts';
import { ControlClient } from '../control/client.ts';
import { namesFromDisk } from '../daemon/start.ts';
import { candidatesFor, configIn, type Names } from './complete-words.ts';
import type { CliContext } from './context.ts';
import { connectToRunning } from './session.ts';

/** A daemon that is slower than that is not waited for. */
const DAEMON_MS = 300;
/** Says that names of files can stand there: the shell knows those itself. */
const FILES = ':files';

const NONE: Names = { hosts: [], servers: [], tools: [] };

export async function runComplete(outer: CliContext, program: Command, words: readonly string[]): Promise<ExitCode> {
  const context = { ...outer, globals: { ...outer.globals, config: configIn(words) ?? outer.globals.config } };
  const { words: found, files } = await candidatesFor(program, words, () => namesFor(context));
  const lines = files ? [FILES, ...found] : found;
  context.out.write(lines.map((line) => `${harmless(line)}\n`).join(''));
  return EXIT.ok;
}

async function namesFor(context: CliContext): Promise<Names> {
  try {
    return await fromDaemon(context);
  } catch {
    return await fromDisk(context);
  }
}

async function fromDaemon(context: CliContext): Promise<Names> {
  const late = (): AnywhereError => new AnywhereError('NO_DAEMON', 'it takes too long');
  const limit = deadline(systemClock(), DAEMON_MS, late, context.io.signal);
  try {
    return await orAbort(askDaemon(context, limit.signal), limit.signal);
  } finally {
    limit.clear();
  }
}

async function askDaemon(context: CliContext, signal: AbortSignal): Promise<Names> {
  const socket = await connectToRunning(context, DAEMON_MS);
  socket.unref();
  const client = new ControlClient(socket);
  try {
    const [{ hosts }, { tools }] = await Promise.all([
      client.request('status', {}, signal),
      client.request('tools', { start: false }, signal),
    ]);
    return {
      hosts: hosts.map(({ name }) => name),
      servers: hosts.flatMap(({ name, servers }) => servers.map((server) => `${name}/${server.name}`)),
      tools: tools.map(({ name }) => name),
    };
  } finally {
    await client.close();
  }
}

async function fromDisk({ io, globals }: CliContext): Promise<Names> {
  try {
    return await namesFromDisk({ ...io, config: globals.config });
  } catch {
    return NONE;
  }
}
