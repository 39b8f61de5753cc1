/** What all faces of one gateway share: events, questions to a person, and the end of the gateway. */
import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import type { Environment } from '../config/paths.ts';
import type { ClientEnvironment } from '../gateway/client-environments.ts';
import { createAskpassPrompter } from '../ssh/askpass.ts';
import type { Log } from '../telemetry/log.ts';
import { EventHub } from './event-hub.ts';
import { Examination } from './examination.ts';
import type { KeptSessions } from './kept-sessions.ts';
import { createKeptSessions } from './local-clients.ts';
import { PromptDesk } from './prompts.ts';
import { type ControlHubDeps, ControlServer, type ControlShared } from './server.ts';

export class ControlHub implements ControlShared {
  readonly deps: ControlHubDeps;
  readonly events: EventHub;
  readonly examination: Examination;
  readonly kept: KeptSessions;
  readonly #unsubscribe: () => void;

  constructor(deps: ControlHubDeps) {
    const { gateway, prompts, daemon } = deps;
    this.deps = deps;
    this.events = new EventHub(gateway.bus, gateway.clock, `${daemon?.pid ?? 0}-${gateway.clock.now()}`);
    this.examination = new Examination(gateway);
    this.kept = createKeptSessions(deps);
    this.#unsubscribe = prompts.changes.on(({ type, prompt: { id, host, kind, text, echo } }) => {
      gateway.bus.emit(
        type === 'prompt-asked' ? { type, prompt: id, host, kind, text, echo } : { type, prompt: id, host },
      );
    });
  }

  /** Serves a face until its stream ends. @param environment of the face, where it is another process */
  accept(stream: Duplex, environment?: ClientEnvironment): ControlServer {
    return new ControlServer(stream, this, environment);
  }

  close(): void {
    this.kept.close();
    this.#unsubscribe();
    this.events.close();
  }
}

/** How long a question waits in the daemon for a person: sshd gives up a login after two minutes (LoginGraceTime). */
const DAEMON_WAIT_MS = 10 * 60_000;

/** The desk for the gateway's questions. `lasting`: the gateway outlives the faces, and a person may come later. */
export function createPromptDesk(
  { clock, env, log }: { readonly clock: Clock; readonly env: Environment; readonly log: Log },
  lifetime: 'lasting' | 'command',
): PromptDesk {
  return new PromptDesk({
    clock,
    askpass: createAskpassPrompter({ env, log }),
    waitMs: lifetime === 'lasting' ? DAEMON_WAIT_MS : 0,
    onError: (error) => {
      log.error({ error }, 'a question could not be asked');
    },
  });
}
