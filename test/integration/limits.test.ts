/** Many hosts at once: connections are made, and servers launched, a few at a time. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { fixture, type HostEntry, writeHostsFile } from '../harness/hosts-file.ts';
import { initialize, startServe } from '../harness/program.ts';
import { type Sshd, type SshdOptions, startSshd } from '../harness/sshd.ts';
import { call, offers } from '../harness/tools.ts';

const range = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);

async function machine(options: SshdOptions): Promise<Sshd> {
  const own = await startSshd(options);
  onTestFinished(() => own.stop());
  return own;
}

/** As many names of one machine. */
function fleet(sshd: Sshd, hosts: number, servers: number, file: string): Record<string, HostEntry> {
  const serversOf = (host: number): HostEntry['servers'] =>
    Object.fromEntries(range(servers).map((at) => [`s${at}`, fixture(sshd, 'counted.sh', [file, `h${host}/s${at}`])]));
  return Object.fromEntries(range(hosts).map((host) => [`h${host}`, { sshd, servers: serversOf(host) }]));
}

const toolsOf = (hosts: number, servers: number): string[] =>
  range(hosts).flatMap((host) => range(servers).map((at) => `h${host}__s${at}__echo`));

/** The most that had begun and not ended at once, where `begins` and `ends` say what a line tells. */
function mostAtOnce(lines: readonly string[], begins: RegExp, ends: RegExp): number {
  let [now, most] = [0, 0];
  for (const line of lines) {
    if (begins.test(line)) now += 1;
    if (ends.test(line)) now -= 1;
    most = Math.max(most, now);
  }
  return most;
}

it('20 hosts with 5 servers each come up a few at a time, the one that is called first', {
  timeout: 120_000,
}, async () => {
  const sshd = await machine({ config: ['MaxStartups 10:30:100'] });
  const file = join(sshd.home, 'launches');
  const limits = { dials: 3, launches: 4 };
  const { client } = startServe(writeHostsFile(fleet(sshd, 20, 5, file), { limits }).path);
  await initialize(client);
  const called = await call(client, 'h20__s5__echo', { text: 'first' });
  const before = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('- '));
  expect(JSON.stringify(called)).toContain('first');
  // Those that had begun already, and those that came beside it.
  expect(before.length, before.join(', ')).toBeLessThan(40);
  await offers(client, toolsOf(20, 5), 100_000);
  const launches = readFileSync(file, 'utf8').split('\n');
  expect(launches.filter((line) => line.startsWith('+ '))).toHaveLength(100);
  // Under load, slow ones make room for others before they are done: then it may be more than the limits say.
  expect(mostAtOnce(launches, /^\+/, /^-/)).toBeLessThanOrEqual(2 * limits.launches);
  const logins = sshd.log().split('\n');
  expect(logins.filter((line) => line.includes('Accepted publickey'))).toHaveLength(20);
  expect(mostAtOnce(logins, /Connection from/, /Accepted publickey/)).toBeLessThanOrEqual(2 * limits.dials);
});

it('hosts whose sshd refuses a login too many (MaxStartups) are soon there', { timeout: 120_000 }, async () => {
  const sshd = await machine({ config: ['MaxStartups 2:100:2'] });
  const { client } = startServe(writeHostsFile(fleet(sshd, 16, 1, join(sshd.home, 'launches'))).path);
  await initialize(client);
  await offers(client, toolsOf(16, 1), 60_000);
  expect(sshd.log(), 'logins that sshd refused').toContain('MaxStartups');
});
