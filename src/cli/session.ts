/** One command's conversation with the gateway: opened, used, closed, whatever happens. */

import { orAbort } from '../base/abort.ts';
import type { ControlClient, QuestionHandler } from '../daemon/control-client.ts';
import { answerQuestion } from './ask.ts';
import { type CliContext, isInteractive } from './context.ts';

/** Gives `work` a control client, and a signal to stop by; ends at once when the user stops the command. */
export async function withClient<T>(context: CliContext, work: (client: ControlClient) => Promise<T>): Promise<T> {
  const { io, globals } = context;
  const { openInProcess } = await import('../daemon/in-process.ts');
  const onQuestion: QuestionHandler = (question) => answerQuestion(context, question);
  const session = await openInProcess({
    ...(globals.config === undefined ? {} : { config: globals.config }),
    env: io.env,
    cwd: io.cwd,
    homeDir: io.homeDir,
    logLevel: globals.logLevel ?? 'silent',
    ...(isInteractive(io) ? { onQuestion } : {}),
  });
  try {
    return await orAbort(work(session.client), io.signal);
  } finally {
    await session.close();
  }
}
