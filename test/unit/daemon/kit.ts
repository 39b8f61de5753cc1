/** A gateway over real local servers, and faces on it. */
import { duplexPair } from 'node:stream';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import type { ServerPlan } from '../../../src/config/plan.ts';
import { ControlClient } from '../../../src/control/client.ts';
import { ControlHub } from '../../../src/control/hub.ts';
import { PromptDesk } from '../../../src/control/prompts.ts';
import type { ControlHubDeps } from '../../../src/control/shared.ts';
import type { Gateway } from '../../../src/gateway/gateway.ts';
import { openGateway, type RigOptions } from '../gateway/kit.ts';

export interface Rig {
  readonly gateway: Gateway;
  readonly hub: ControlHub;
  readonly prompts: PromptDesk;
  /** The first face. */
  readonly client: ControlClient;
  /** One more. */
  readonly face: () => ControlClient;
}

export function control(
  servers: readonly ServerPlan[],
  options: RigOptions = {},
  more: Partial<ControlHubDeps> = {},
): Rig {
  const prompts = new PromptDesk({
    clock: systemClock(),
    askpass: () => Promise.resolve(undefined),
    waitMs: 20_000,
    onError: () => undefined,
  });
  const gateway = openGateway(servers, { prompter: prompts.prompter, ...options });
  const hub = new ControlHub({
    gateway,
    clock: systemClock(),
    version: '1.2.3',
    daemonPid: undefined,
    prompts,
    ...more,
  });
  onTestFinished(() => {
    hub.close();
  });
  const face = (): ControlClient => {
    const [near, far] = duplexPair();
    hub.accept(far);
    const client = new ControlClient(near);
    onTestFinished(() => client.close());
    return client;
  };
  return { gateway, hub, prompts, client: face(), face };
}
