/** The program in this process: a gateway, and clients on streams. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { openGateway } from '../../src/gateway/open.ts';
import { makeSandbox } from '../harness/sandbox.ts';
import { until } from '../harness/until.ts';
import { silentLog } from '../unit/gateway/kit.ts';
import { descriptors, footprint } from './footprint.ts';
import type { Held, Program } from './program.ts';
import type { Chance } from './random.ts';
import { RawTongue } from './raw-tongue.ts';
import type { Tongue, TongueEvents } from './tongue.ts';
import { pipeWire } from './wire.ts';

const LOOKS = 2;

export class GatewayProgram implements Program {
  readonly faults = [];
  readonly #gateway: Gateway;

  private constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  static async start(hostsFile: string): Promise<GatewayProgram> {
    const { env, home } = makeSandbox();
    const gateway = await openGateway({ config: hostsFile, env, cwd: home, homeDir: home, log: silentLog });
    gateway.start();
    // It begins to watch the hosts file a little later, and holds descriptors for that.
    await until(() => process.getActiveResourcesInfo().includes('FSEventWrap'), {
      what: 'the hosts file to be watched',
    });
    return new GatewayProgram(gateway);
  }

  speak(name: string, _chance: Chance, events: TongueEvents): Tongue {
    return new RawTongue(name, (wire) => pipeWire(this.#gateway, wire), events);
  }

  /** What comes and goes by itself, as a look at a file does, is waited for. */
  async held(): Promise<Held> {
    let least = footprint();
    for (let look = 0; look < LOOKS; look += 1) {
      await sleep(50);
      const now = footprint();
      if (now.handles <= least.handles) least = now;
    }
    return { ...least, open: descriptors('self') };
  }

  async stop(): Promise<readonly string[]> {
    await this.#gateway.close();
    return [];
  }
}
