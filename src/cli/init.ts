/** `init`: asks a person step by step, or takes the usual answers with `--yes`. */
import type { ClientChange } from '../api/clients.ts';
import type { InitReport } from '../api/init.ts';
import { AnywhereError, EXIT, type ExitCode } from '../base/errors.ts';
import { resolvePaths } from '../config/paths.ts';
import { asTyped } from '../model/words.ts';
import type { EditPlace } from '../setup/hosts-file.ts';
import { type CheckedHost, type InitFace, type InitOutcome, runInit } from '../setup/init.ts';
import { type ChoiceStore, choiceStore } from '../setup/init-state.ts';
import type { ServerStart } from '../setup/init-trial.ts';
import { checkLasting, clientNamed, installedClients } from '../setup/install.ts';
import { type CliContext, isInteractive } from './context.ts';
import { lookText, outcomeText, startText } from './init-text.ts';
import { changedClients, clientsText } from './install.ts';
import { combinedExit } from './report.ts';

export interface InitCommand {
  /** As given to ssh; undefined: asked for. */
  readonly hosts?: readonly string[] | undefined;
  readonly yes: boolean;
  /** Undefined: a person is asked. Empty: the clients that are here. */
  readonly install?: readonly string[] | undefined;
  readonly dryRun: boolean;
}

export async function runInitCommand(context: CliContext, command: InitCommand): Promise<ExitCode> {
  const { io, globals } = context;
  if (command.install !== undefined) checkLasting(io.program);
  // A wrong name is told before any work.
  command.install?.forEach(clientNamed);
  const asks = isInteractive(io) && !command.yes && !globals.json;
  return asks ? await withPerson(context, command) : await withoutPerson(context, command);
}

async function withPerson(context: CliContext, command: InitCommand): Promise<ExitCode> {
  const { PromptFace } = await import('./init-prompts.ts');
  const face = await PromptFace.open(context);
  const place = placeOf(context);
  const store = choiceStore(place.paths.stateDir);
  const { hosts, dryRun } = command;
  const { signal } = context.io;
  const outcome = await runInit({ hosts, dryRun, place, store, signal, prompter: face.prompter }, face);
  context.out.note(`\n${outcomeText(outcome, dryRun)}`);
  if (dryRun) context.out.write(outcome.diff);
  if (!outcome.written) return EXIT.ok;
  const clients = await installed(context, command, await face.pickClients(command.install));
  await store.forget();
  const next = 'Next: mcp-anywhere tools lists the tools, and mcp-anywhere opens the dashboard.';
  context.out.note(`\n${asTyped(next, context.style.program)}\n`);
  return combinedExit(clients.map(({ cause }) => cause));
}

async function withoutPerson(context: CliContext, command: InitCommand): Promise<ExitCode> {
  const { globals, out, io } = context;
  const { hosts, yes, install, dryRun } = command;
  if (hosts === undefined || hosts.length === 0 || (!yes && !dryRun))
    throw new AnywhereError('USAGE', 'init asks questions, and there is no terminal to ask them in.', {
      hint: 'mcp-anywhere init --hosts <a,b> --yes',
    });
  const face = new QuietFace(context);
  const place = placeOf(context);
  const outcome = await runInit(
    { hosts, dryRun, place, store: undefined as ChoiceStore | undefined, signal: io.signal, prompter: undefined },
    face,
  );
  if (!globals.json) {
    out.write(outcome.diff);
    out.note(outcomeText(outcome, dryRun));
  }
  const isUseful = outcome.hosts.some(({ isChosen }) => isChosen);
  const clients = install === undefined || !isUseful ? undefined : await installed(context, command, install);
  if (globals.json) out.json<'init'>(reportOf(outcome, dryRun, clients));
  const parts = [...outcome.hosts, ...outcome.servers, ...(clients ?? [])];
  return combinedExit(parts.map(({ cause }) => cause));
}

/** @param names undefined: no client was chosen */
async function installed(
  context: CliContext,
  { dryRun }: InitCommand,
  names: readonly string[] | undefined,
): Promise<ClientChange[]> {
  if (names === undefined) return [];
  if (names.length === 0 && (await installedClients(context.io)).length === 0) {
    context.out.note('No AI client was found on this machine.\n');
    return [];
  }
  const clients = await changedClients(context, 'install', names, { yes: true, dryRun });
  if (!context.globals.json) context.out.write(clientsText(clients, context.style, dryRun));
  return clients;
}

/** Takes the usual answers. Host keys are never trusted this way. */
class QuietFace implements InitFace {
  readonly #context: CliContext;

  constructor(context: CliContext) {
    this.#context = context;
  }

  goOn(): Promise<boolean> {
    return Promise.resolve(false);
  }

  pickHosts(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  looking(hosts: readonly string[]): void {
    this.#context.out.progress(`checking ${hosts.join(', ')} …`);
  }

  step(): void {
    // Only the outcome counts.
  }

  looked(checked: CheckedHost): void {
    this.#tell(lookText(checked, this.#context.style));
  }

  trust(): Promise<boolean> {
    return Promise.resolve(false);
  }

  failed(): Promise<'leave out'> {
    return Promise.resolve('leave out');
  }

  pickDiscovered(hosts: readonly CheckedHost[]): Promise<readonly string[]> {
    return Promise.resolve(hosts.map(({ host }) => host.name));
  }

  pickServers(offers: Parameters<InitFace['pickServers']>[0]): Promise<readonly string[]> {
    return Promise.resolve(offers.filter(({ isUsual }) => isUsual).map(({ host, name }) => `${host}/${name}`));
  }

  starting(servers: readonly string[]): void {
    this.#context.out.progress(`starting ${servers.join(', ')} …`);
  }

  started(start: ServerStart): void {
    this.#tell(startText(start, this.#context.style));
  }

  keepFailed(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  write(): Promise<boolean> {
    return Promise.resolve(true);
  }

  #tell(text: string): void {
    if (!this.#context.globals.json) this.#context.out.note(text);
  }
}

function reportOf(
  outcome: InitOutcome,
  dryRun: boolean,
  clients: ClientChange[] | undefined,
): Omit<InitReport, 'schemaVersion'> {
  const { file, written, created, diff } = outcome;
  return {
    ...{ dryRun, file, written, created, diff },
    hosts: outcome.hosts.map(({ host, machine, seen, cause }) => ({
      name: host.name,
      ...(host.ssh === undefined ? {} : { ssh: host.ssh }),
      state: cause === undefined ? 'ready' : 'failed',
      ...(machine === undefined ? {} : { system: machine.system, programs: Object.fromEntries(machine.programs) }),
      seen: seen.map(({ clients: named, ...server }) => ({ ...server, clients: [...named] })),
      discover: outcome.discover.includes(host.name),
      ...(cause === undefined ? {} : { cause }),
    })),
    servers: outcome.servers.map((server) => ({
      ...server,
      state: server.cause === undefined ? 'started' : 'failed',
    })),
    notes: [],
    ...(clients === undefined ? {} : { clients }),
  };
}

function placeOf({ io, globals }: CliContext): EditPlace {
  const { env, cwd, homeDir, platform } = io;
  return { explicit: globals.config, env, cwd, homeDir, paths: resolvePaths(env, platform, homeDir), now: Date.now };
}
