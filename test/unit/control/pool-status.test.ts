/** How a pool fares, as `status` and `explain` say it. */
import { describe, expect, it } from 'vitest';
import type { PoolStatus } from '../../../src/api/status.ts';
import type { Plan } from '../../../src/config/plan.ts';
import { control } from '../daemon/kit.ts';
import { inline, server } from '../gateway/kit.ts';

const ECHO = server('a/echo', 'echo.mjs');
const FARM: Pick<Plan, 'pools'> = {
  pools: [{ name: 'farm', members: ['b/echo', 'a/echo', 'c/echo'], strategy: 'failover', pin: true }],
};

async function farm(...others: Parameters<typeof control>[0]) {
  const rig = control([ECHO, ...others], { plan: FARM });
  await rig.client.request('tools', {});
  const pool = async (): Promise<PoolStatus> => {
    const { pools = [] } = await rig.client.request('status', {});
    expect(pools).toHaveLength(1);
    return pools[0] as PoolStatus;
  };
  const lines = async (): Promise<readonly string[]> =>
    (await rig.client.request('explain', { subject: 'farm' })).lines;
  return { ...rig, pool, lines };
}

describe('a pool', () => {
  it('names its members in its own order, and what each takes', async () => {
    const { client, pool } = await farm(server('b/echo', 'echo.mjs'), server('c/echo', 'echo.mjs', { enabled: false }));
    const { tools, members, ...more } = await pool();
    expect(more).toEqual({ name: 'farm', strategy: 'failover', pin: true });
    expect(tools).toBeGreaterThan(1);
    expect(members).toEqual([
      { host: 'b', server: 'echo', state: 'up', tools, inFlight: 0, share: 1 },
      { host: 'a', server: 'echo', state: 'up', tools, inFlight: 0, share: 1 },
      { host: 'c', server: 'echo', state: 'disabled', tools: 0, inFlight: 0, share: 1 },
    ]);
    for (let times = 0; times < 2; times += 1) await client.request('call', { tool: 'farm__echo', arguments: {} });
    const used = (await pool()).members;
    expect(used.map(({ latencyMs }) => latencyMs !== undefined)).toEqual([true, false, false]);
  });

  it('counts the calls that are under way at each', async () => {
    const slow = (host: string) => server(`${host}/echo`, 'slow.mjs');
    const { client, pool } = await farm(slow('b'), slow('c'));
    const running = client.request('call', { tool: 'farm__sleep', arguments: { ms: 400 } });
    await expect.poll(async () => (await pool()).members.find(({ host }) => host === 'b')?.inFlight).toBe(1);
    await running;
    expect((await pool()).members.map(({ inFlight }) => inFlight)).toEqual([0, 0, 0]);
  });

  it('is explained: what is chosen how, who does not answer, and why', async () => {
    const { client, lines } = await farm(inline('b/echo', 'process.exit(3)'), server('c/echo', 'echo.mjs'));
    await expect.poll(() => lines()).toContain('member b/echo: down, and will be tried again, answers 0 of 8 tools');
    const { title, causes, hint, works } = await client.request('explain', { subject: 'farm' });
    expect({ title, works }).toEqual({ title: 'pool farm: 2 of 3 members up, 8 tools', works: true });
    expect(await lines()).toContain('failover: calls go to the first member that is up; run_on chooses the host');
    expect(await lines()).toContain(
      `b/echo: ${process.execPath} ended with exit code 3 before it answered initialize (SERVER_START_FAILED)`,
    );
    expect(causes[0]).toMatchObject({ code: 'SERVER_START_FAILED', host: 'b', server: 'echo' });
    expect(hint).toBe(causes[0]?.hint);
  });

  it('is no host: what is neither is said to be none', async () => {
    const { client } = await farm(server('b/echo', 'echo.mjs'), server('c/echo', 'echo.mjs'));
    for (const [subject, meant] of [
      ['farn', 'farm'],
      ['echo', 'a/echo'],
      ['b/ecoh', 'echo'],
      ['auth_faild', 'AUTH_FAILED'],
    ] as const)
      await expect(client.request('explain', { subject }), subject).rejects.toMatchObject({
        code: 'USAGE',
        message: expect.stringContaining(`did you mean ${meant}?`) as string,
      });
    await expect(client.request('explain', { subject: 'farm/echo' })).rejects.toMatchObject({ code: 'USAGE' });
  });
});

it('is not mentioned where the hosts file has none', async () => {
  const { client } = control([ECHO]);
  expect(Object.keys(await client.request('status', {}))).not.toContain('pools');
});
