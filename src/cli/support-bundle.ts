/** `support-bundle`: shows what would go into an archive for a bug report, asks, and writes the archive. */
import { open, rm } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { errnoOf, errnoText } from '../base/errno.ts';
import { AnywhereError, asAnywhereError, EXIT, type ExitCode, reportOf } from '../base/errors.ts';
import { harmless, oneLine } from '../base/harmless.ts';
import { hostsFileIfAny } from '../setup/secrets.ts';
import { archived, type BundleFile, bundleFiles } from '../setup/support-bundle.ts';
import { confirmed } from './ask.ts';
import { type CliContext, isInteractive } from './context.ts';
import { editPlace } from './hosts-edit.ts';
import { withAny, withRunning } from './session.ts';
import { table } from './style.ts';

export interface BundleOptions {
  readonly output: string | undefined;
  /** Prints every file instead of writing the archive. */
  readonly print: boolean;
  /** Keeps addresses and user names. */
  readonly plain: boolean;
  readonly yes: boolean;
}

export async function runSupportBundle(context: CliContext, options: BundleOptions): Promise<ExitCode> {
  const { globals, out, io } = context;
  const files = await collected(context, options.plain);
  out.clear();
  if (options.print) {
    out.write(files.map(({ name, text }) => `==> ${oneLine(name)} <==\n${harmless(text).trimEnd()}\n\n`).join(''));
    return EXIT.ok;
  }
  const name = `mcp-anywhere-support-${new Date().toISOString().slice(0, 19).replaceAll(/[:T]/g, '-')}`;
  const wanted = options.output ?? `${name}.tar.gz`;
  const file = isAbsolute(wanted) ? wanted : resolve(io.cwd, wanted);
  if (!globals.json) out.note(`${listText(files, file)}${LOOK}`);
  if (!options.yes) await ask(context);
  await write(file, await archived(files, name));
  const listed = files.map((one) => ({ name: one.name, bytes: Buffer.byteLength(one.text) }));
  if (globals.json) out.json<'support-bundle'>({ file, files: listed });
  else
    out.note(
      `${oneLine(`Wrote ${file}, which only you can read.`)}\nTo look inside: tar -xzOf ${oneLine(file)} | less\n`,
    );
  return EXIT.ok;
}

const LOOK = 'To read all of this first: mcp-anywhere support-bundle --print | less\n';

async function collected(context: CliContext, isPlain: boolean): Promise<readonly BundleFile[]> {
  const { io, out } = context;
  const place = editPlace(context);
  out.progress('examining all hosts …');
  const [hostsFile, doctor, status, daemons] = await Promise.all([
    hostsFileIfAny(place).catch(() => undefined),
    orError(context, () => withAny(context, (client) => client.request('doctor', {}, io.signal))),
    orError(context, () => withRunning(context, (client) => client.request('status', {}, io.signal))),
    orError(context, async () => (await import('../daemon/start.ts')).runningDaemons(io)),
  ]);
  const { version } = io.program;
  return await bundleFiles({ version, place, platform: io.platform, hostsFile, doctor, status, daemons, isPlain });
}

/** The error in place of an answer: a bundle is for a program that does not work. */
async function orError<T>({ io }: CliContext, work: () => Promise<T>): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    io.signal.throwIfAborted();
    return { error: reportOf(asAnywhereError(error)) };
  }
}

function listText(files: readonly BundleFile[], file: string): string {
  const rows = files.map(({ name, text }) => [
    `  ${oneLine(name)}`,
    `${(Buffer.byteLength(text) / 1000).toFixed(1)} kB`,
  ]);
  return `${oneLine(`The bundle ${file} would hold, without secrets:`)}\n${table(rows)}`;
}

async function ask(context: CliContext): Promise<void> {
  if (!isInteractive(context.io))
    throw new AnywhereError('USAGE', 'There is no terminal to ask whether to write the bundle.', {
      hint: 'mcp-anywhere support-bundle --yes, or look at its contents with --print',
    });
  if (await confirmed(context, 'Write it?')) return;
  throw new AnywhereError('INTERRUPTED', 'Nothing was written.');
}

/** Never over another file, and never a part of one. */
async function write(file: string, bytes: Uint8Array): Promise<void> {
  try {
    const handle = await open(file, 'wx', 0o600);
    try {
      await handle.writeFile(bytes);
    } catch (error) {
      await rm(file, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const why = errnoOf(cause) === 'EEXIST' ? 'the file already exists' : errnoText(cause);
    const hint = 'choose another place: mcp-anywhere support-bundle --output <file>';
    throw new AnywhereError('OUTPUT_FAILED', `${file} could not be written: ${why}.`, { hint, cause });
  }
}
