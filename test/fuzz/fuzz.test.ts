/** A hostile server and a hostile client at once: the innocent ones beside them notice nothing. See run.mjs. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Chance } from '../chaos/random.ts';
import { fixture, writeHostsFile } from '../harness/hosts-file.ts';
import { withVariable } from '../harness/processes.ts';
import { initialize, startServe } from '../harness/program.ts';
import type { RawClient } from '../harness/raw-client.ts';
import { makeSandbox, type Sandbox } from '../harness/sandbox.ts';
import { startSshd } from '../harness/sshd.ts';
import { callText, offers } from '../harness/tools.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? '1');
const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? '10');
/** The daemon may grow by that after its first fifth of the time. */
const GROWTH_MB = 150;

function daemonRssMb(sandbox: Sandbox): number {
  const daemon = withVariable('XDG_RUNTIME_DIR', sandbox.runtimeDir).find(({ commandLine }) =>
    / daemon( |$)/u.test(commandLine),
  );
  if (daemon === undefined) throw new Error('the daemon is gone');
  const status = readFileSync(`/proc/${String(daemon.pid)}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/u.exec(status)?.[1]) / 1024;
}

/** What a hostile client writes: lines that are odd in every way, and calls of the hostile server. */
function rubbishLine(chance: Chance): string {
  const id = chance.whole(1, 5000);
  const odd = String.fromCharCode(...Array.from({ length: 40 }, () => chance.whole(0, 255))).replaceAll('\n', ' ');
  const call = `{"jsonrpc":"2.0","id":${String(id)},"method":"tools/call","params":{"name":"bad__fuzz__say","arguments":{}}}`;
  return chance.of([
    odd,
    call,
    call.replace('fuzz', odd.replaceAll(/["\\]/gu, '')),
    `{"jsonrpc":"2.0","method":"notifications/x","params":\r${call}\r}`,
    `{"jsonrpc":"2.0","id":${'9'.repeat(chance.whole(1, 10_000))},"method":"tools/list"}`,
    `{"jsonrpc":"2.0","id":"${'x'.repeat(chance.whole(1, 20_000))}","method":"ping"}`,
    `{"jsonrpc":"2.0","id":${String(id)},"result":{},"Result":{}}`,
    `{"jsonrpc":"2.0","id":${String(id)},"method":"tools/call","Method":"ping"}`,
    '[['.repeat(chance.whole(1, 2000)),
  ]);
}

async function attack(client: RawClient, chance: Chance, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (let count = 0; count < 20; count += 1) client.send(rubbishLine(chance));
    await sleep(50);
  }
}

it('calls of the innocent are answered rightly, and memory stays level', {
  timeout: SECONDS * 1000 + 120_000,
}, async () => {
  const sshd = await startSshd();
  const sandbox = makeSandbox();
  const file = writeHostsFile({
    bad: { sshd, servers: { fuzz: fixture(sshd, 'fuzz.mjs', [String(SEED)]) } },
    good: { sshd, servers: { echo: fixture(sshd, 'echo.mjs') } },
  }).path;
  const open = async (): Promise<RawClient> => {
    const { client } = startServe(file, sandbox, { throughDaemon: true });
    await initialize(client);
    await offers(client, ['bad__fuzz__say', 'good__echo__echo']);
    return client;
  };
  const [innocent, hostile] = [await open(), await open()];
  const stop = new AbortController();
  const attacking = attack(hostile, new Chance(SEED), stop.signal);
  const times: number[] = [];
  let [early, hostileAnswers] = [0, 0];
  const began = performance.now();
  const share = (): number => (performance.now() - began) / 1000 / SECONDS;
  for (let number = 0; share() < 1; number += 1) {
    const since = performance.now();
    expect(await callText(innocent, 'good__echo__echo', { number }), `seed ${String(SEED)}`).toBe(
      `{"number":${String(number)}}`,
    );
    times.push(performance.now() - since);
    if (number % 10 === 0)
      hostileAnswers += await callText(innocent, 'bad__fuzz__say').then(
        () => 1,
        () => 0,
      );
    if (early === 0 && share() > 0.2) early = daemonRssMb(sandbox);
    await sleep(20);
  }
  const late = daemonRssMb(sandbox);
  stop.abort();
  await attacking;
  const quantile = (part: number): string =>
    (times.toSorted((a, b) => a - b)[Math.floor(times.length * part)] ?? 0).toFixed(1);
  process.stdout.write(
    `seed ${String(SEED)}: ${String(times.length)} calls, p50 ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms, RSS ${early.toFixed(0)} → ${late.toFixed(0)} MB\n`,
  );
  expect(hostileAnswers, 'answers of the hostile server').toBeGreaterThan(0);
  expect(late - early, 'growth of the daemon in MB').toBeLessThan(GROWTH_MB);
  await sshd.stop();
});
