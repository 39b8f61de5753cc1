/** What the second `call` of a shell costs: its server, with one instance for each client, still runs. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { endDaemons } from '../../test/harness/daemons.ts';
import type { Figure, Row } from '../row.ts';
import { compare, inTurn } from '../row.ts';
import type { World } from '../world.ts';
import { BIN } from '../world.ts';
import { timeOf } from './start-up.ts';

const run = promisify(execFile);
const HOST = 'box';

/** Of a few attempts, as other load only ever adds. */
async function quickest(work: () => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  for (let attempt = 0; attempt < 5; attempt += 1) taken.push(await timeOf(work));
  return Math.min(...taken);
}

export const shellCall: Row = {
  name: 'shell-call',
  async run(world: World, runs: number): Promise<Figure[]> {
    const { hostsFile, env, cwd } = world.setting({
      ...{ hosts: [HOST], servers: { echo: world.nodeEcho }, port: world.sshd.port },
    });
    world.onClose(() => endDaemons(env['XDG_RUNTIME_DIR'] ?? ''));
    const program = (...words: readonly string[]) => run(process.execPath, [BIN, ...words], { env, cwd });
    const call = (): Promise<unknown> =>
      program('--config', hostsFile, 'call', `${HOST}__echo__echo`, '--json-args', '{"text":"hello"}');
    const version = (): Promise<unknown> => program('--version');
    // Starts the daemon and the server.
    await call();
    await version();
    const taken = await inTurn(
      runs,
      () => quickest(call),
      () => quickest(version),
    );
    const what = 'second call of a session server from a shell';
    return [
      compare(
        { row: 'shell-call', what, unit: 'ms', against: '--version', threshold: { atMost: 2 } },
        taken.ours,
        taken.baseline,
      ),
    ];
  },
};
