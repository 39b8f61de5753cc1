/** What one more AI client costs the daemon that all of them share. */
import { daemonsIn } from '../../test/harness/daemons.ts';
import { rss } from '../memory.ts';
import type { Figure, Row } from '../row.ts';
import { compare } from '../row.ts';
import type { World } from '../world.ts';
import { callAll } from './many-hosts.ts';

const CLIENTS = 10;
const LIMIT_MB = 5;
const MB = 1_000_000;

export const clientMemory: Row = {
  name: 'client-memory',
  async run(world: World, runs: number): Promise<Figure[]> {
    const setting = world.setting({ hosts: ['box'], servers: { echo: world.shEcho }, port: world.sshd.port });
    const join = async (): Promise<void> => {
      await callAll(world.shim(setting), ['box__echo__echo']);
    };
    // The first ones warm it up: code that is compiled, pools that are filled.
    for (let client = 0; client < 3; client += 1) await join();
    const [daemon] = daemonsIn(setting.env['XDG_RUNTIME_DIR'] ?? '');
    if (daemon === undefined) throw new Error('no daemon runs');
    const each: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      const before = rss(daemon.pid);
      for (let client = 0; client < CLIENTS; client += 1) await join();
      each.push((rss(daemon.pid) - before) / CLIENTS / MB);
    }
    const what = `RSS of the daemon, each of ${CLIENTS} more clients`;
    return [
      compare(
        { row: 'client-memory', what, unit: 'MB', against: 'limit', threshold: { atMost: 1 } },
        each,
        each.map(() => LIMIT_MB),
      ),
    ];
  },
};
