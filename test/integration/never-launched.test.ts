/** Machines on which nothing of ours ever runs, or never ends: each says so, with what the machine printed. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { doctorOf, serverIn, statusOf } from '../harness/control.ts';
import { fixture, type HostsFile, writeHostsFile } from '../harness/hosts-file.ts';
import { makeSandbox } from '../harness/sandbox.ts';
import { type SshdOptions, startSshd } from '../harness/sshd.ts';

async function hostsOn(options: SshdOptions, server: Readonly<Record<string, unknown>> = {}): Promise<HostsFile> {
  const sshd = await startSshd(options);
  onTestFinished(() => sshd.stop());
  return writeHostsFile({ box: { sshd, servers: { echo: fixture(sshd, 'echo.mjs', [], server) } } });
}

const NOTHING_RAN: readonly [string, SshdOptions, readonly string[]][] = [
  ['a forced command', { config: ['ForceCommand echo nope; echo never >&2; exit 3'] }, ['nope', 'never']],
  ['no shell', { shell: '/usr/sbin/nologin' }, ['This account is currently not available.']],
  [
    'a start file that ends the session',
    { shell: '/bin/bash', homeFiles: { '.bashrc': 'echo maintenance; exit 0\n' } },
    ['maintenance'],
  ],
];

describe.each(NOTHING_RAN)('an account with %s', (_what, options, printed) => {
  it('is refused with what it printed, by status and by doctor', async () => {
    const { path } = await hostsOn(options);
    const { steps } = await doctorOf(path, makeSandbox(), 'box');
    const refused = { code: 'CHANNEL_REFUSED', host: 'box', hint: expect.stringContaining('subsystem') as unknown };
    const probe = steps.find(({ check }) => check === 'probe');
    expect(probe).toMatchObject({ outcome: 'failed', cause: refused });
    expect(probe?.cause?.evidence).toEqual(expect.arrayContaining([...printed]));
    const { cause } = serverIn(await statusOf(path, makeSandbox()), 'box', 'echo');
    expect(cause).toMatchObject({ ...refused, server: 'echo' });
    expect(cause?.evidence).toEqual(expect.arrayContaining([...printed]));
  });
});

it.each([
  ['waits for a line', 'read x; echo read it\n', { code: 'SERVER_START_FAILED', message: /reads stdin/ }],
  ['reads all of it', 'cat\n', { code: 'CHANNEL_REFUSED', message: /did not run our launcher/ }],
])('doctor sees at once that a start file %s, and shows no launcher', async (_what, bashrc, { code, message }) => {
  const { path } = await hostsOn({ shell: '/bin/bash', homeFiles: { '.bashrc': bashrc } }, { startTimeoutMs: 2_000 });
  const { steps } = await doctorOf(path, makeSandbox(), 'box');
  const probe = steps.find(({ check }) => check === 'probe');
  expect(probe).toMatchObject({
    outcome: 'failed',
    cause: { code, message: expect.stringMatching(message) as unknown },
  });
  expect(probe?.durationMs).toBeLessThan(10_000);
  for (const line of probe?.cause?.evidence ?? []) expect(line.length).toBeLessThanOrEqual(200);
});

it('a host on which nothing ever ends is given up by doctor, which says what it had printed', async () => {
  const options = { config: ['ForceCommand echo please wait; sleep 1000'] };
  const { path } = await hostsOn(options, { startTimeoutMs: 2_000 });
  const { steps, exit } = await doctorOf(path, makeSandbox(), 'box');
  const probe = steps.find(({ check }) => check === 'probe');
  expect(probe).toMatchObject({ outcome: 'failed', cause: { code: 'HOST_TIMEOUT', host: 'box' } });
  expect(probe?.cause?.evidence).toContain('please wait');
  const cause = { code: 'SERVER_START_TIMEOUT' };
  expect(steps.at(-1)).toMatchObject({ check: 'server', outcome: 'failed', cause });
  expect(exit).toBe(4);
});

it('a doctor goes on past an ssh configuration that never answers', async () => {
  const sshd = await startSshd();
  onTestFinished(() => sshd.stop());
  const servers = { echo: fixture(sshd, 'echo.mjs') };
  const file = writeHostsFile({
    box: { sshd, sshConfig: ['Match exec "sleep 1000"'], servers, entry: { ssh: { connectTimeoutMs: 100 } } },
  });
  const { steps, exit } = await doctorOf(file.path, makeSandbox(), 'box');
  expect(steps.map(({ check, outcome }) => `${check} ${outcome}`)).toEqual([
    'config ok',
    'ssh-config failed',
    'probe skipped',
    'server skipped',
  ]);
  expect(exit).toBe(4);
});
