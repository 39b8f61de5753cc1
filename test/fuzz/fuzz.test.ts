/** A hostile server and a hostile client at once: the innocent ones beside them notice nothing. See run.mjs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { median, quantile } from '../../bench/stats.ts';
import { Chance } from '../chaos/random.ts';
import { fixture, writeHostsFile } from '../harness/hosts-file.ts';
import { withVariable } from '../harness/processes.ts';
import { initialize, startServe } from '../harness/program.ts';
import { RawClient } from '../harness/raw-client.ts';
import { makeSandbox, type Sandbox } from '../harness/sandbox.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { callText, offers } from '../harness/tools.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? '1');
const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? '10');
/** So much more than in the middle third of the time may the daemon hold in the last (medians): what a busy heap varies by. */
const GROWTH_MB = 40;

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

/** Lines of the past that a client keeps: replies are taken as they come. */
const KEPT = 200;

/** A client of a daemon of its own, or of the one that works in this sandbox. */
async function open(file: string, sandbox: Sandbox, tools: readonly string[]): Promise<RawClient> {
  const { client } = startServe(file, sandbox, { throughDaemon: true, keeps: KEPT });
  await initialize(client);
  await offers(client, tools);
  return client;
}

/** The same server through plain ssh: what the machine itself costs a call while attackers use its processors. */
async function openPlain(sshd: Sshd): Promise<RawClient> {
  const command = [process.execPath, join(sshd.servers, 'echo.mjs')].join(' ');
  const client = new RawClient({
    command: 'ssh',
    args: ['-F', sshd.sshConfigFile, sshd.alias, command],
    env: { PATH: process.env['PATH'] ?? '' },
    keeps: KEPT,
  });
  await initialize(client);
  return client;
}

interface Load {
  /** Of the calls of the good server, ms. */
  readonly times: readonly number[];
  /** Of the same calls through plain ssh, each right after one of ours. */
  readonly plainTimes: readonly number[];
  readonly answersOfOther: number;
}

/** One call, which has its own answer, in ms. */
async function timed(client: RawClient, name: string, number: number): Promise<number> {
  const since = performance.now();
  const id = client.ask('tools/call', { name, arguments: { number } });
  const { message, atMs } = await client.reply(id, 60_000);
  const answer = { content: [{ type: 'text', text: `{"number":${String(number)}}` }] };
  expect(message.result, `seed ${String(SEED)}, call ${String(number)} of ${name}`).toMatchObject(answer);
  return atMs - since;
}

/** One call at a time, ours and plain ssh's in turn, every tenth also of the other server, for so long. */
async function callFor(seconds: number, client: RawClient, plain: RawClient, other: string): Promise<Load> {
  const times: number[] = [];
  const plainTimes: number[] = [];
  let answersOfOther = 0;
  const untilMs = performance.now() + seconds * 1000;
  for (let number = 0; performance.now() < untilMs; number += 1) {
    times.push(await timed(client, 'good__echo__echo', number));
    plainTimes.push(await timed(plain, 'echo', number));
    if (number % 10 === 0)
      answersOfOther += await callText(client, other).then(
        () => 1,
        () => 0,
      );
    await sleep(20);
  }
  return { times, plainTimes, answersOfOther };
}

/** Samples until it is stopped, twice a second. */
async function watchMemory(sandbox: Sandbox, signal: AbortSignal): Promise<readonly number[]> {
  const samples: number[] = [];
  while (!signal.aborted) {
    samples.push(daemonRssMb(sandbox));
    await sleep(500, undefined, { signal }).catch(() => undefined);
  }
  return samples;
}

const at = (samples: readonly number[], share: number): string =>
  (samples[Math.ceil(samples.length * share) - 1] ?? Number.NaN).toFixed(0);

function third<T>(all: readonly T[], which: number): readonly T[] {
  const size = Math.floor(all.length / 3);
  return all.slice(which * size, (which + 1) * size);
}

function table(alone: Load, attacked: Load, memory: readonly number[]): string {
  const row = (what: string, times: readonly number[]): string =>
    `${what.padEnd(38)}${String(times.length).padStart(6)}${quantile(times, 0.5).toFixed(1).padStart(9)}${quantile(times, 0.99).toFixed(1).padStart(9)}`;
  return [
    `seed ${String(SEED)}, ${String(SECONDS)} s`,
    `${''.padEnd(38)} calls   p50 ms   p99 ms`,
    row('without attackers', alone.times),
    row('without attackers, plain ssh', alone.plainTimes),
    ...(['first', 'second', 'last'] as const).flatMap((name, which) => [
      row(`with attackers, ${name} third`, third(attacked.times, which)),
      row(`with attackers, ${name} third, plain ssh`, third(attacked.plainTimes, which)),
    ]),
    `daemon RSS in MB: ${at(memory, 0.1)} at 10 %, ${at(memory, 0.5)} at 50 %, ${at(memory, 1)} at 100 %`,
  ].join('\n');
}

it('calls of the innocent are answered rightly, and memory stays level', {
  timeout: SECONDS * 2000 + 120_000,
}, async () => {
  const sshd = await startSshd();
  try {
    const good = { sshd, servers: { echo: fixture(sshd, 'echo.mjs') } };
    const quiet = writeHostsFile({ bad: good, good }).path;
    const calm = await open(quiet, makeSandbox(), ['bad__echo__echo', 'good__echo__echo']);
    const plain = await openPlain(sshd);
    onTestFinished(async () => {
      await plain.close();
    });
    const alone = await callFor(Math.max(5, SECONDS / 5), calm, plain, 'bad__echo__echo');
    await calm.close();

    const sandbox = makeSandbox();
    const bad = { sshd, servers: { fuzz: fixture(sshd, 'fuzz.mjs', [String(SEED)]) } };
    const file = writeHostsFile({ bad, good }).path;
    const tools = ['bad__fuzz__say', 'good__echo__echo'];
    const [innocent, hostile] = [await open(file, sandbox, tools), await open(file, sandbox, tools)];
    const stop = new AbortController();
    const attacking = attack(hostile, new Chance(SEED), stop.signal);
    const watching = watchMemory(sandbox, stop.signal);
    const attacked = await callFor(SECONDS, innocent, plain, 'bad__fuzz__say').finally(() => {
      stop.abort();
    });
    await attacking;
    const memory = await watching;
    process.stdout.write(`${table(alone, attacked, memory)}\n`);

    expect(attacked.answersOfOther, 'answers of the hostile server').toBeGreaterThan(0);
    expect(hostile.isRunning, 'the hostile client is still there').toBe(true);
    hostile.send('{"jsonrpc":"2.0","id":"still there","method":"ping"}');
    expect((await hostile.reply('still there', 60_000)).message.result).toEqual({});
    const [middle, last] = [median(third(memory, 1)), median(third(memory, 2))];
    expect(last - middle, 'growth of the daemon in its last third, MB').toBeLessThan(GROWTH_MB);
  } finally {
    await sshd.stop();
  }
});
