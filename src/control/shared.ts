/** What the answers to all faces of one gateway are made of. */
import type { Clock } from '../base/clock.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { EventHub } from './event-hub.ts';
import type { Examination } from './examination.ts';
import type { PromptDesk } from './prompts.ts';

export interface ControlHubDeps {
  readonly gateway: Gateway;
  readonly clock: Clock;
  readonly version: string;
  /** Undefined where the gateway lives only as long as the command. */
  readonly daemonPid: number | undefined;
  /** The systemd unit of somebody else that the daemon runs in, and ends with. */
  readonly foreignUnit?: () => Promise<string | undefined>;
  /** The gateway's own prompter asks here. */
  readonly prompts: PromptDesk;
  /** Ends the daemon, soon; the reply to `stop` is on its way then. Undefined: it ends with its command. */
  readonly stop?: (options: { readonly drain: boolean }) => void;
}

export interface ControlShared {
  readonly deps: ControlHubDeps;
  readonly events: EventHub;
  readonly examination: Examination;
}
