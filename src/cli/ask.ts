/** Questions to the person at the terminal, on stderr. The answer to a secret question stays hidden. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlQuestions } from '../api/control.ts';
import { AnywhereError } from '../base/errors.ts';
import { oneLine } from '../base/harmless.ts';
import { choiceText, type Parameter, readArgument } from '../model/arguments.ts';
import { typeText } from '../model/signature.ts';
import type { CliContext } from './context.ts';

/** Long enough for the terminal to hand over what it holds. */
const TYPED_AHEAD_MS = 20;

/**
 * Drops what was typed before the question stood on the screen, as readpassphrase(3) does: nobody can have meant those keys
 * as its answer. Ctrl-C still counts.
 */
export async function dropTypedAhead({ io }: CliContext): Promise<void> {
  const { stdin, signal } = io;
  if (!stdin.isTTY) return;
  const typed: string[] = [];
  const drop = (bytes: Buffer | string): void => {
    typed.push(bytes.toString());
  };
  stdin.setRawMode(true);
  stdin.on('data', drop);
  try {
    await sleep(TYPED_AHEAD_MS, undefined, { signal });
  } finally {
    stdin.off('data', drop);
    stdin.pause();
    stdin.setRawMode(false);
  }
  if (typed.join('').includes(CTRL_C)) throw new AnywhereError('INTERRUPTED', 'You stopped the command.');
}

const CTRL_C = '\x03';

type Question = ControlQuestions['prompt']['params'];

/** Undefined: the person declined. The text of the question comes from the remote machine. */
export async function answerQuestion(
  context: CliContext,
  question: Question,
  settled: AbortSignal,
): Promise<string | undefined> {
  const { isCancel, password, text } = await import('@clack/prompts');
  await dropTypedAhead(context);
  context.out.clear();
  const { stdin: input, stderr: output } = context.io;
  const signal = AbortSignal.any([context.io.signal, settled]);
  const common = { message: oneLine(`${question.host}: ${question.text}`), input, output, signal };
  const answer = question.echo ? await text(common) : await password(common);
  return isCancel(answer) ? undefined : answer;
}

/** An answer that stays hidden. Undefined: the person declined. */
export async function askSecret(context: CliContext, message: string): Promise<string | undefined> {
  const { isCancel, password } = await import('@clack/prompts');
  await dropTypedAhead(context);
  context.out.clear();
  const { stdin: input, stderr: output, signal } = context.io;
  const answer: unknown = await password({ message: oneLine(message), input, output, signal });
  return isCancel(answer) || typeof answer !== 'string' ? undefined : answer;
}

/** All of stdin. Throws USAGE for more than `most` bytes. */
export async function readAll(stdin: AsyncIterable<unknown>, most: number, tooMuch: string): Promise<string> {
  return (await readBytes(stdin, most, tooMuch)).toString();
}

/** All of a file, a pipe or stdin. Throws USAGE for more than `most` bytes. */
export async function readBytes(source: AsyncIterable<unknown>, most: number, tooMuch: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const piece of source) {
    const chunk = Buffer.from(piece as Uint8Array);
    chunks.push(chunk);
    size += chunk.length;
    if (size > most) throw new AnywhereError('USAGE', tooMuch);
  }
  return Buffer.concat(chunks);
}

/** The value of a tool's argument, as text that fits its schema. */
export async function askArgument(context: CliContext, parameter: Parameter): Promise<string> {
  const { isCancel, select, text } = await import('@clack/prompts');
  await dropTypedAhead(context);
  context.out.clear();
  const { stdin: input, stderr: output, signal } = context.io;
  const { name, description, choices, types } = parameter;
  const message = oneLine(`${name}${description === '' ? '' : `: ${description}`} (${typeText(parameter)})`);
  const offered = choices ?? (types.size === 1 && types.has('boolean') ? [true, false] : undefined);
  const common = { message, input, output, signal };
  const answer =
    offered === undefined
      ? await text({ ...common, validate: (given = '') => misfit(parameter, given) })
      : await select({ ...common, options: offered.map((one) => ({ value: choiceText(one) })) });
  if (!isCancel(answer)) return answer;
  signal.throwIfAborted();
  throw new AnywhereError('INTERRUPTED', 'You stopped the command. Nothing was called.');
}

function misfit(parameter: Parameter, given: string): string | undefined {
  const reading = readArgument(parameter, [given]);
  return reading.ok ? undefined : `expected ${reading.expected}`;
}

/** @param byDefault what Enter alone means */
export async function confirmed(context: CliContext, question: string, byDefault = false): Promise<boolean> {
  const { confirm } = await import('@clack/prompts');
  await dropTypedAhead(context);
  context.out.clear();
  const { stdin: input, stderr: output, signal } = context.io;
  const message = oneLine(question);
  return (await confirm({ message, initialValue: byDefault, input, output, signal })) === true;
}
