/** A gateway over real local servers, and faces on it. */
import { duplexPair } from 'node:stream';
import { onTestFinished } from 'vitest';
import { type ControlMethods, type ControlNotifications, METHODS, NOTIFICATIONS } from '../../../src/api/control.ts';
import { systemClock } from '../../../src/base/clock.ts';
import type { Unsubscribe } from '../../../src/base/emitter.ts';
import type { ServerPlan } from '../../../src/config/plan.ts';
import { ControlClient } from '../../../src/control/client.ts';
import { ControlHub } from '../../../src/control/hub.ts';
import { PromptDesk } from '../../../src/control/prompts.ts';
import type { ControlHubDeps } from '../../../src/control/server.ts';
import type { Gateway } from '../../../src/gateway/gateway.ts';
import { expectExactly } from '../../harness/control.ts';
import { openGateway, type RigOptions, silentLog } from '../gateway/kit.ts';

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
    log: silentLog,
    version: '1.2.3',
    daemon: undefined,
    prompts,
    ...more,
  });
  onTestFinished(() => {
    hub.close();
  });
  const face = (): ControlClient => {
    const [near, far] = duplexPair();
    hub.accept(far);
    const client = new CheckedClient(near);
    onTestFinished(() => client.close());
    return client;
  };
  return { gateway, hub, prompts, client: face(), face };
}

/** A face that takes only what the schemas of the control API say, and nothing more. */
class CheckedClient extends ControlClient {
  override async request<M extends keyof ControlMethods>(
    method: M,
    params: ControlMethods[M]['params'],
    signal?: AbortSignal,
  ): Promise<ControlMethods[M]['result']> {
    const result = await super.request(method, params, signal);
    expectExactly(METHODS[method].result, result);
    return result;
  }

  override on<N extends keyof ControlNotifications>(
    name: N,
    listener: (params: ControlNotifications[N]) => void,
  ): Unsubscribe {
    return super.on(name, (params) => {
      expectExactly(NOTIFICATIONS[name], params);
      listener(params);
    });
  }
}
