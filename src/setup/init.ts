/**
 * `init`: from the machines that ssh knows to a hosts file whose servers were started once.
 *
 * Every question goes to a face. Every answer is kept at once, so that the next `init` goes on where this one was
 * interrupted. The hosts file is written in one step, at the end.
 */
import type { DoctorStep, TrustCandidate } from '../api/control.ts';
import { Turns } from '../base/turns.ts';
import { type KnownMachine, knownMachines } from '../ssh/known-machines.ts';
import { addHost, type NewHost } from './hosts-changes.ts';
import {
  type EditPlace,
  type OpenHostsFile,
  openForEdit,
  type PreparedEdit,
  prepareEdit,
  saveEdit,
} from './hosts-file.ts';
import type { HostsChange } from './hosts-file-edit.ts';
import { discovers, hostsFrom, hostsIn, initChanges, isPresent, NEW_HOSTS_FILE } from './init-changes.ts';
import type { ChoiceStore, Choices } from './init-state.ts';
import type { HostLook, ServerStart, Trial, TrialOptions } from './init-trial.ts';
import { type Offer, offersFor } from './machine.ts';

/** A host that was looked at. */
export interface CheckedHost extends HostLook {
  readonly host: NewHost;
  /** It goes into the hosts file. */
  readonly isChosen: boolean;
}

/** What a person wants of a host that cannot be used now. */
export type Verdict = 'retry' | 'leave out' | 'add';

/** Asks a person, or answers for one, and shows what happens. Each question rejects where the person stops. */
export interface InitFace {
  goOn(choices: Choices): Promise<boolean>;
  pickHosts(known: readonly KnownMachine[], present: readonly string[]): Promise<readonly string[]>;
  looking(hosts: readonly string[]): void;
  step(step: DoctorStep): void;
  looked(checked: CheckedHost): void;
  trust(host: string, candidate: TrustCandidate): Promise<boolean>;
  failed(host: string): Promise<Verdict>;
  /** The hosts on which the servers of AI clients count too. */
  pickDiscovered(hosts: readonly CheckedHost[]): Promise<readonly string[]>;
  pickServers(offers: readonly Offer[]): Promise<readonly string[]>;
  starting(servers: readonly string[]): void;
  started(start: ServerStart): void;
  /** The servers that are added although they did not start. */
  keepFailed(starts: readonly ServerStart[]): Promise<readonly string[]>;
  write(file: string, diff: string): Promise<boolean>;
}

export interface InitOptions extends Omit<TrialOptions, 'env' | 'homeDir'> {
  /** As given to ssh; undefined: the face asks. */
  readonly hosts: readonly string[] | undefined;
  readonly dryRun: boolean;
  readonly place: EditPlace;
  /** Undefined: nothing is kept, because nobody is asked. */
  readonly store: ChoiceStore | undefined;
  readonly signal: AbortSignal;
}

export interface InitOutcome {
  readonly file: string;
  /** The hosts that get `discover: true`. */
  readonly discover: readonly string[];
  readonly written: boolean;
  readonly created: boolean;
  readonly diff: string;
  readonly hosts: readonly CheckedHost[];
  readonly servers: readonly ServerStart[];
}

export async function runInit(options: InitOptions, face: InitFace): Promise<InitOutcome> {
  const open = { ...(await openForEdit(options.place, { creates: true, isOwn: true })), start: NEW_HOSTS_FILE };
  // A file with mistakes is mended first.
  if (open.existing !== undefined) prepareEdit(open, [], options.place.homeDir);
  const init = new Init(options, face, open);
  return await init.run();
}

/** Hosts that are looked at together. A hundred logins at once would swamp this machine, or a jump host. */
const LOOKS_AT_ONCE = 16;

class Init {
  readonly #looks = new Turns(LOOKS_AT_ONCE);
  readonly #options: InitOptions;
  readonly #face: InitFace;
  readonly #open: OpenHostsFile;
  #choices: Choices;

  constructor(options: InitOptions, face: InitFace, open: OpenHostsFile) {
    this.#options = options;
    this.#face = face;
    this.#open = open;
    this.#choices = { file: open.file };
  }

  async run(): Promise<InitOutcome> {
    await this.#resume();
    if (this.#choices.isWritten === true) return this.#outcome({ hosts: [], servers: [], diff: '', written: true });
    const { place, prompter } = this.#options;
    const hosts = hostsFrom(this.#open, await this.#hosts());
    const { plan } = this.#prepared(hosts.flatMap((host) => addHost(this.#open, host)));
    // Loaded after the first question, which then comes soon.
    const { openTrial } = await import('./init-trial.ts');
    const trial = await openTrial(plan, { env: place.env, homeDir: place.homeDir, prompter });
    try {
      const checked = await this.#checked(trial, hosts);
      const chosen = checked.filter(({ isChosen }) => isChosen);
      await this.#discovered(chosen);
      const servers = await this.#servers(trial, chosen);
      return await this.#written(checked, servers);
    } finally {
      await trial.close();
    }
  }

  /** Goes on with the answers of an interrupted run for the same file. */
  async #resume(): Promise<void> {
    const { store, hosts } = this.#options;
    const earlier = await store?.read();
    if (earlier?.hosts === undefined || earlier.file !== this.#open.file || hosts !== undefined) return;
    // A file that is gone is written anew.
    const isPossible = earlier.isWritten !== true || this.#open.existing !== undefined;
    if (isPossible && (await this.#face.goOn(earlier))) this.#choices = earlier;
    else await store?.forget();
  }

  async #keep(more: Partial<Choices>): Promise<void> {
    this.#choices = { ...this.#choices, ...more };
    if (!this.#options.dryRun) await this.#options.store?.keep(this.#choices);
  }

  async #hosts(): Promise<readonly string[]> {
    const { hosts: given, place } = this.#options;
    const present = Object.keys(hostsIn(this.#open));
    const hosts = given ?? this.#choices.hosts ?? (await this.#face.pickHosts(await knownMachines(place), present));
    await this.#keep({ hosts });
    return hosts;
  }

  /** Looks at all hosts together, then asks about those that cannot be used, and looks at those again that were mended. */
  async #checked(trial: Trial, hosts: readonly NewHost[]): Promise<readonly CheckedHost[]> {
    const done = new Map<string, CheckedHost>();
    for (let open = hosts; open.length > 0; ) {
      this.#face.looking(open.map(({ name }) => name));
      const looks = await Promise.all(open.map((host) => this.#look(trial, host)));
      const again: NewHost[] = [];
      for (const look of looks) {
        const verdict = look.cause === undefined ? 'add' : await this.#mended(trial, look);
        if (verdict === 'retry') again.push(look.host);
        done.set(look.host.name, { ...look, isChosen: verdict === 'add' });
      }
      open = again;
    }
    return hosts.flatMap(({ name }) => done.get(name) ?? []);
  }

  async #look(trial: Trial, host: NewHost): Promise<CheckedHost> {
    const onStep = (step: DoctorStep): void => {
      this.#face.step(step);
    };
    const look = await this.#looks.run(() => trial.look(host.name, onStep, this.#options.signal));
    const checked = { ...look, host, isChosen: look.cause === undefined };
    // An unknown key is shown with its question.
    if (look.cause?.code !== 'HOST_KEY_UNKNOWN') this.#face.looked(checked);
    return checked;
  }

  /** An unknown key is shown, and trusted only if a person agrees. */
  async #mended(trial: Trial, checked: CheckedHost): Promise<Verdict> {
    const { signal, dryRun } = this.#options;
    const { name } = checked.host;
    if (checked.cause?.code === 'HOST_KEY_UNKNOWN') {
      const unknown = dryRun ? undefined : await trial.unknownKey(name, signal);
      const isTrusted = unknown !== undefined && (await this.#face.trust(name, unknown));
      const cause = isTrusted ? await trial.trust(name, unknown, signal) : checked.cause;
      if (cause === undefined) return 'retry';
      this.#face.looked({ ...checked, cause });
    }
    return await this.#face.failed(name);
  }

  async #discovered(chosen: readonly CheckedHost[]): Promise<void> {
    const hosts = chosen.filter(
      ({ host, seen }) => seen.some(({ whyNot }) => whyNot === undefined) && !discovers(this.#open, host.name),
    );
    if (hosts.length === 0) return;
    await this.#keep({ discover: this.#choices.discover ?? (await this.#face.pickDiscovered(hosts)) });
  }

  async #servers(trial: Trial, chosen: readonly CheckedHost[]): Promise<readonly StartedServer[]> {
    const offers = chosen
      .flatMap(({ host, machine }) => (machine === undefined ? [] : offersFor(host.name, machine)))
      .filter((offer) => !isPresent(this.#open, offer));
    if (offers.length === 0) return [];
    const servers = this.#choices.servers ?? (await this.#face.pickServers(offers));
    await this.#keep({ servers });
    const wanted = offers.filter((offer) => servers.includes(idOf(offer)));
    if (wanted.length === 0) return [];
    await trial.use(
      this.#prepared(
        this.#changes(
          chosen,
          wanted.map((offer) => ({ offer })),
        ),
      ).plan,
    );
    this.#face.starting(wanted.map(idOf));
    const starts = await Promise.all(wanted.map((offer) => this.#start(trial, offer)));
    const failed = starts.flatMap(({ start }) => (start.cause === undefined ? [] : [start]));
    const kept = failed.length === 0 ? [] : await this.#face.keepFailed(failed);
    return starts.map((one) => ({ ...one, isKept: one.start.cause === undefined || kept.includes(idOf(one.offer)) }));
  }

  async #start(trial: Trial, offer: Offer): Promise<Omit<StartedServer, 'isKept'>> {
    const start = await trial.start(offer.host, offer.name, this.#options.signal);
    this.#face.started(start);
    return { offer, start };
  }

  async #written(checked: readonly CheckedHost[], started: readonly StartedServer[]): Promise<InitOutcome> {
    const chosen = checked.filter(({ isChosen }) => isChosen);
    const kept = started.filter(({ isKept }) => isKept);
    const changes = this.#changes(
      chosen,
      kept.map(({ offer, start }) => ({ offer, tools: start.tools })),
    );
    const prepared = changes.length === 0 ? undefined : this.#prepared(changes);
    const outcome = { hosts: checked, servers: started.map(({ start }) => start), diff: prepared?.diff ?? '' };
    const { dryRun, place } = this.#options;
    if (prepared === undefined || dryRun || !(await this.#face.write(this.#open.file, prepared.diff)))
      return this.#outcome(outcome);
    await saveEdit(this.#open, prepared, place);
    await this.#keep({ isWritten: true });
    return this.#outcome({ ...outcome, written: true });
  }

  #outcome(more: Pick<InitOutcome, 'hosts' | 'servers' | 'diff'> & Partial<Pick<InitOutcome, 'written'>>): InitOutcome {
    const { written = false } = more;
    const created = written && this.#open.existing === undefined;
    const { discover = [] } = this.#choices;
    return { ...more, file: this.#open.file, discover, written, created };
  }

  #changes(
    hosts: readonly CheckedHost[],
    servers: readonly { readonly offer: Offer; readonly tools?: number | undefined }[],
  ): readonly HostsChange[] {
    const discover = this.#choices.discover ?? [];
    return initChanges(
      this.#open,
      hosts.map(({ host, machine }) => ({
        host,
        machine,
        isDiscovering: discover.includes(host.name),
        servers: servers.filter(({ offer }) => offer.host === host.name),
      })),
    );
  }

  #prepared(changes: readonly HostsChange[]): PreparedEdit {
    return prepareEdit(this.#open, changes, this.#options.place.homeDir);
  }
}

interface StartedServer {
  readonly offer: Offer;
  readonly start: ServerStart;
  readonly isKept: boolean;
}

function idOf({ host, name }: Offer): string {
  return `${host}/${name}`;
}
