/** `config path | validate | schema | trust`: only the hosts file. Nothing is started, and no reference is resolved. */
import { counted } from '../base/counted.ts';
import { AnywhereError, asAnywhereError, EXIT, type ExitCode, reportOf } from '../base/errors.ts';
import { harmless, visible } from '../base/harmless.ts';
import { shellWord } from '../base/shell-word.ts';
import { checkHostsFile } from '../config/check.ts';
import { type FindOptions, findHostsFile } from '../config/find.ts';
import { type OpenedFile, openHostsFile } from '../config/load.ts';
import { type Environment, type Paths, resolvePaths } from '../config/paths.ts';
import type { Plan } from '../config/plan.ts';
import { configInvalid, formatProblem, problemsOf } from '../config/problem.ts';
import { createTrustStore, type TrustState } from '../config/trust.ts';
import { type Body, jsonText } from './output.ts';
import { formatError } from './report.ts';
import { chooseStyle, type Style } from './style.ts';

interface Writer {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** The process as these commands see it. */
export interface ConfigIo {
  readonly stdout: Writer;
  readonly stderr: Writer;
  /** Undefined: no colours. */
  readonly style?: Style | undefined;
  readonly env: Environment;
  readonly cwd: string;
  readonly homeDir: string;
  readonly platform: NodeJS.Platform;
  /** Wall clock, ms since the epoch. */
  readonly now: () => number;
  /** Asks a person yes or no. Undefined without a terminal, where only `--yes` is consent. */
  readonly confirm?: ((question: string) => Promise<boolean>) | undefined;
}

export interface ConfigOptions {
  /** `--config`, or the file given as an argument; relative to `cwd`. */
  readonly config?: string | undefined;
  readonly json?: boolean | undefined;
  /** Trusts the file without a question. */
  readonly yes?: boolean | undefined;
}

/** Prints which hosts file is used. Exit code 6 if there is none. */
export function configPath(io: ConfigIo, options: ConfigOptions): Promise<ExitCode> {
  return reporting(io, options, async () => {
    const found = await findHostsFile(findOptions(io, options));
    if (options.json === true) printJson<'config path'>(io, found);
    else io.stdout.write(`${io.stdout.isTTY === true ? shown(found.file) : found.file}\n`);
    return EXIT.ok;
  });
}

/** Checks the hosts file and prints every mistake. Exit code 6 if there is one. */
export function configValidate(io: ConfigIo, options: ConfigOptions): Promise<ExitCode> {
  return reporting(io, options, async () => {
    const opened = await openHostsFile(findOptions(io, options));
    const plan = planOf(opened, io);
    const state = await trustOf(opened, io);
    const servers = plan.hosts.reduce((sum, host) => sum + host.servers.length, 0);
    if (options.json === true) {
      printJson<'config validate'>(io, {
        ok: true,
        file: opened.file,
        hosts: plan.hosts.length,
        servers,
        trusted: state.kind === 'trusted',
        problems: [],
      });
      return EXIT.ok;
    }
    io.stdout.write(
      `${shown(opened.file)}: valid, ${counted(plan.hosts.length, 'host')}, ${counted(servers, 'server')}\n`,
    );
    if (state.kind !== 'trusted')
      io.stderr.write('The file comes from a working folder and is not trusted yet: mcp-anywhere config trust\n');
    return EXIT.ok;
  });
}

/** Prints the JSON Schema of the hosts file. */
export function configSchema(io: ConfigIo, options: ConfigOptions = {}): Promise<ExitCode> {
  return reporting(io, options, async () => {
    const { hostsFileJsonSchema } = await import('../config/schema.ts');
    io.stdout.write(`${JSON.stringify(hostsFileJsonSchema(), null, 2)}\n`);
    return EXIT.ok;
  });
}

/** Shows what a hosts file from a working folder starts, and what changed in the file, and then trusts exactly these bytes. */
export function configTrust(io: ConfigIo, options: ConfigOptions): Promise<ExitCode> {
  return reporting(io, options, async () => {
    const opened = await openHostsFile(findOptions(io, options));
    if (opened.source === 'user')
      return said(
        io,
        options,
        opened,
        `${shown(opened.file)} needs no trust, because the file is in your config folder`,
      );
    // A file named with --config is treated like one from a working folder.
    const state = await trustStore(io).check(opened.realPath, opened.bytes);
    if (state.kind === 'trusted') return said(io, options, opened, `${shown(opened.file)} is already trusted`);
    await show(io, opened, state);
    if (options.yes !== true && io.confirm === undefined)
      throw new AnywhereError('USAGE', `There is no terminal to ask whether to trust ${shown(opened.file)}.`, {
        hint: `mcp-anywhere config trust ${shellWord(opened.file)} --yes, after you have read the file`,
      });
    const agreed = options.yes === true || (await io.confirm?.(`Trust ${shown(opened.file)} as it is now?`)) === true;
    if (!agreed)
      throw new AnywhereError('INTERRUPTED', `${shown(opened.file)} is still not trusted.`, {
        hint: 'mcp-anywhere config trust',
      });
    await trustStore(io).trust(opened.realPath, opened.bytes);
    return said(io, options, opened, `trusted ${shown(opened.file)}`);
  });
}

/** Shows the file on stderr. Others may have written the file, so its text is escaped. */
async function show(io: ConfigIo, opened: OpenedFile, state: TrustState): Promise<void> {
  const plan = planOf(opened, io);
  const { summaryOf, trustDiff } = await import('../config/trust-summary.ts');
  io.stderr.write(`${shown(opened.file)}\n`);
  if (opened.realPath !== opened.file) io.stderr.write(`  is a link to ${shown(opened.realPath)}\n`);
  for (const line of summaryOf(plan)) io.stderr.write(`  ${shown(line)}\n`);
  io.stderr.write('The files and programs that it names are not checked: whoever can change them decides what runs.\n');
  if (state.kind !== 'changed') return;
  io.stderr.write(
    `Changed since you trusted it:\n${trustDiff(opened.file, state.before, new TextDecoder().decode(opened.bytes))}`,
  );
}

function said(io: ConfigIo, options: ConfigOptions, opened: OpenedFile, sentence: string): ExitCode {
  if (options.json === true) printJson<'config trust'>(io, { file: opened.file, trusted: true });
  else io.stdout.write(`${sentence}\n`);
  return EXIT.ok;
}

/** On one line, with every character visible. */
function shown(text: string): string {
  return visible(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

function planOf(opened: OpenedFile, io: ConfigIo): Plan {
  const checked = checkHostsFile(opened.bytes, { file: opened.file, realPath: opened.realPath, homeDir: io.homeDir });
  if ('problems' in checked) throw configInvalid(opened.file, checked.problems);
  return checked.plan;
}

function trustOf(opened: OpenedFile, io: ConfigIo): Promise<TrustState> {
  if (opened.source !== 'folder') return Promise.resolve({ kind: 'trusted' });
  return trustStore(io).check(opened.realPath, opened.bytes);
}

function trustStore(io: ConfigIo): ReturnType<typeof createTrustStore> {
  return createTrustStore({ stateDir: pathsOf(io).stateDir, now: io.now });
}

function findOptions(io: ConfigIo, options: ConfigOptions): FindOptions {
  return { explicit: options.config, env: io.env, cwd: io.cwd, homeDir: io.homeDir, paths: pathsOf(io) };
}

function pathsOf(io: ConfigIo): Paths {
  return resolvePaths(io.env, io.platform, io.homeDir);
}

/** Prints a failure, as text or JSON, and returns its exit code. */
async function reporting(io: ConfigIo, options: ConfigOptions, work: () => Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await work();
  } catch (thrown) {
    const error = asAnywhereError(thrown);
    const problems = problemsOf(error);
    const style = io.style ?? chooseStyle({ color: false, isTTY: false, env: {} });
    if (options.json === true) printJson<'config failure'>(io, { ok: false, error: reportOf(error), problems });
    else if (problems.length === 0) io.stderr.write(formatError(reportOf(error), style));
    else
      io.stderr.write(
        [
          `${style.bad('✖')} ${harmless(error.message)}`,
          ...problems.map((problem) => harmless(formatProblem(problem))),
          '',
        ].join('\n'),
      );
    return error.exitCode;
  }
}

type ConfigForm = 'config path' | 'config validate' | 'config trust' | 'config failure';

function printJson<F extends ConfigForm = never>(io: ConfigIo, data: Body<F>): void {
  io.stdout.write(jsonText<F>(data, io.stdout, { style: io.style }));
}
