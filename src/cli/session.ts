/** A command's control connection to the daemon, or to a gateway in this process. It is closed however the command ends. */
import type { Socket } from 'node:net';
import { orAbort } from '../base/abort.ts';
import { systemClock } from '../base/clock.ts';
import { AnywhereError, EXIT } from '../base/errors.ts';
import { ControlClient, type QuestionHandler } from '../control/client.ts';
import { connectOrStart, connectRunning, type Located, locateDaemon } from '../daemon/start.ts';
import { answerQuestion } from './ask.ts';
import { type CliContext, isInteractive } from './context.ts';

type Work<T> = (client: ControlClient) => Promise<T>;

interface Conversation {
  readonly client: ControlClient;
  close(): Promise<void>;
}

/** A healthy daemon answers at once; a suspended one never does. */
const ANSWER_MS = 5_000;

/** With the daemon of the hosts file. Starts the daemon where none runs. */
export async function withClient<T>(context: CliContext, work: Work<T>): Promise<T> {
  const open = async (): Promise<Conversation> =>
    await overSocket(context, await connectStarting(context, context.io.signal));
  return await converse(context, open, work);
}

/** With the running daemon. Throws NO_DAEMON where none runs. */
export async function withRunning<T>(context: CliContext, work: Work<T>): Promise<T> {
  return await converse(context, () => openRunning(context), work);
}

/**
 * With the running daemon, which is what AI clients use. Without one, with a gateway in this process, so that commands
 * which examine work even where no daemon can start, and leave nothing behind.
 *
 * @param answers to questions; undefined: they wait for another face
 */
export async function withAny<T>(context: CliContext, work: Work<T>, answers = answersOf(context)): Promise<T> {
  const open = async (): Promise<Conversation> =>
    (await openIfRunning(context, answers)) ?? (await openHere(context, answers));
  return await converse(context, open, work);
}

/** Rejects at once when the user stops the command. */
async function converse<T>(context: CliContext, open: () => Promise<Conversation>, work: Work<T>): Promise<T> {
  const conversation = await open();
  try {
    return await orAbort(work(conversation.client), context.io.signal);
  } finally {
    await conversation.close();
  }
}

async function openRunning(context: CliContext, answers = answersOf(context)): Promise<Conversation> {
  return await overSocket(context, await connectToRunning(context), answers);
}

/** Connects to the daemon of the hosts file. Starts the daemon where none runs. */
export async function connectStarting(context: CliContext, signal: AbortSignal): Promise<Socket> {
  const { io, globals } = context;
  const { found, endpoint, hello } = await locate(context);
  const words = { ...found, logLevel: globals.logLevel };
  return await connectOrStart(
    { endpoint, hello, words, program: io.program, env: io.env, clock: systemClock() },
    signal,
  );
}

/** Throws NO_DAEMON where no daemon runs or answers, and CONFIG_* where its hosts file cannot be read. */
export async function connectToRunning(context: CliContext, withinMs = ANSWER_MS): Promise<Socket> {
  const located = await locate(context);
  try {
    return await connectRunning({ ...located, clock: systemClock(), withinMs }, context.io.signal);
  } catch (error) {
    // A wrong path is the mistake, not the missing daemon.
    if (isNoDaemon(error)) await (await import('../config/load.ts')).readHostsFile(located.found);
    throw error;
  }
}

function isNoDaemon(error: unknown): boolean {
  return error instanceof AnywhereError && error.code === 'NO_DAEMON';
}

async function openIfRunning(context: CliContext, answers: Answers): Promise<Conversation | undefined> {
  try {
    return await openRunning(context, answers);
  } catch (error) {
    // A gateway in this process says itself what is wrong with the hosts file.
    const isConfig = error instanceof AnywhereError && error.exitCode === EXIT.config;
    if ((isNoDaemon(error) || isConfig) && !context.io.signal.aborted) return undefined;
    throw error;
  }
}

async function openHere(context: CliContext, answers: Answers): Promise<Conversation> {
  const { io, globals } = context;
  const { openInProcess } = await import('../daemon/in-process.ts');
  return await openInProcess({
    ...(globals.config === undefined ? {} : { config: globals.config }),
    env: io.env,
    cwd: io.cwd,
    homeDir: io.homeDir,
    logLevel: globals.logLevel ?? 'silent',
    ...(answers === undefined ? {} : { onQuestion: answers }),
  });
}

async function locate({ io, globals }: CliContext): Promise<Located> {
  const { env, cwd, homeDir, platform, program } = io;
  return await locateDaemon({ config: globals.config, env, cwd, homeDir, platform, version: program.version });
}

async function overSocket(context: CliContext, socket: Socket, answers = answersOf(context)): Promise<Conversation> {
  const client = new ControlClient(socket);
  const close = async (): Promise<void> => {
    await client.close();
    // A daemon that no longer reads must not keep this process alive.
    socket.unref();
  };
  try {
    if (answers !== undefined) await orAbort(client.answer(answers), context.io.signal);
    return { client, close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Answers = QuestionHandler | undefined;

/** Of the person at this terminal. */
function answersOf(context: CliContext): Answers {
  if (!isInteractive(context.io)) return undefined;
  return (question, settled) => answerQuestion(context, question, settled);
}
