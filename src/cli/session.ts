/** One command's conversation with a gateway: opened, used, closed, whatever happens. */
import type { Socket } from 'node:net';
import { orAbort } from '../base/abort.ts';
import { systemClock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import { ControlClient, type QuestionHandler } from '../control/client.ts';
import { connectOrStart, connectRunning, type Located, locateDaemon } from '../daemon/start.ts';
import { answerQuestion } from './ask.ts';
import { type CliContext, isInteractive } from './context.ts';

type Work<T> = (client: ControlClient) => Promise<T>;

interface Conversation {
  readonly client: ControlClient;
  close(): Promise<void>;
}

/** A daemon that runs answers at once; one that was stopped in its tracks never does. */
const ANSWER_MS = 5_000;

/** With the daemon of the hosts file, which is started where none runs. */
export async function withClient<T>(context: CliContext, work: Work<T>): Promise<T> {
  return await converse(context, () => openStarting(context), work);
}

/** With the daemon that runs. Throws NO_DAEMON where none does. */
export async function withRunning<T>(context: CliContext, work: Work<T>): Promise<T> {
  return await converse(context, () => openRunning(context), work);
}

/**
 * With the daemon where one runs, as that is what AI clients live with; else with a gateway of this process alone.
 * For what examines: it works where no daemon can start, and leaves nothing behind.
 */
export async function withAny<T>(context: CliContext, work: Work<T>): Promise<T> {
  return await converse(context, async () => (await openIfRunning(context)) ?? (await openHere(context)), work);
}

/** Ends at once when the user stops the command. */
async function converse<T>(context: CliContext, open: () => Promise<Conversation>, work: Work<T>): Promise<T> {
  const conversation = await open();
  try {
    return await orAbort(work(conversation.client), context.io.signal);
  } finally {
    await conversation.close();
  }
}

async function openStarting(context: CliContext): Promise<Conversation> {
  return await overSocket(context, await connectStarting(context, context.io.signal));
}

async function openRunning(context: CliContext): Promise<Conversation> {
  return await overSocket(context, await connectToRunning(context));
}

/** To the daemon of the hosts file, which is started where none runs. */
export async function connectStarting(context: CliContext, signal: AbortSignal): Promise<Socket> {
  const { io, globals } = context;
  const { found, endpoint, hello } = await locate(context);
  const words = { ...found, logLevel: globals.logLevel };
  return await connectOrStart(
    { endpoint, hello, words, program: io.program, env: io.env, clock: systemClock() },
    signal,
  );
}

/** Throws NO_DAEMON where none runs, or none answers. */
export async function connectToRunning(context: CliContext, withinMs = ANSWER_MS): Promise<Socket> {
  const located = await locate(context);
  return await connectRunning({ ...located, clock: systemClock(), withinMs }, context.io.signal);
}

async function openIfRunning(context: CliContext): Promise<Conversation | undefined> {
  try {
    return await openRunning(context);
  } catch (error) {
    // A hosts file that is not there is told by the gateway, whoever asks it.
    const isNone = error instanceof AnywhereError && (error.code === 'NO_DAEMON' || error.code === 'CONFIG_NOT_FOUND');
    if (isNone && !context.io.signal.aborted) return undefined;
    throw error;
  }
}

async function openHere(context: CliContext): Promise<Conversation> {
  const { io, globals } = context;
  const { openInProcess } = await import('../daemon/in-process.ts');
  return await openInProcess({
    ...(globals.config === undefined ? {} : { config: globals.config }),
    env: io.env,
    cwd: io.cwd,
    homeDir: io.homeDir,
    logLevel: globals.logLevel ?? 'silent',
    ...(isInteractive(io) ? { onQuestion: asking(context) } : {}),
  });
}

async function locate({ io, globals }: CliContext): Promise<Located> {
  const { env, cwd, homeDir, platform, program } = io;
  return await locateDaemon({ config: globals.config, env, cwd, homeDir, platform, version: program.version });
}

async function overSocket(context: CliContext, socket: Socket): Promise<Conversation> {
  const client = new ControlClient(socket);
  const close = async (): Promise<void> => {
    await client.close();
    // A daemon that does not read any more must not keep the command.
    socket.unref();
  };
  try {
    if (isInteractive(context.io)) await orAbort(client.answer(asking(context)), context.io.signal);
    return { client, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function asking(context: CliContext): QuestionHandler {
  return (question, settled) => answerQuestion(context, question, settled);
}
