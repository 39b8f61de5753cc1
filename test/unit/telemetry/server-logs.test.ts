import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import type { Clock } from '../../../src/base/clock.ts';
import type { Log } from '../../../src/telemetry/log.ts';
import { lastLines, logFile, placeOf, rotatedFile } from '../../../src/telemetry/log-file.ts';
import type { Redact } from '../../../src/telemetry/redact.ts';
import { type LogLimits, ServerLogs } from '../../../src/telemetry/server-logs.ts';
import { scratch } from '../../harness/scratch.ts';

/** Time that stands still until it is moved. */
function handClock() {
  let now = 1000;
  const timers = new Set<{ at: number; task: () => void }>();
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    after: (delayMs, task) => {
      const timer = { at: now + delayMs, task };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  const advance = (ms: number): void => {
    now += ms;
    for (const timer of [...timers].filter(({ at }) => at <= now)) {
      timers.delete(timer);
      timer.task();
    }
  };
  return { clock, advance };
}

function setUp(options: { limits?: Partial<LogLimits>; redact?: Redact; folder?: string } = {}) {
  const folder = options.folder ?? path.join(scratch(), 'logs');
  const warnings: object[] = [];
  const log: Log = {
    error: () => undefined,
    warn: (fields) => warnings.push(fields),
    info: () => undefined,
    debug: () => undefined,
    child: () => log,
  };
  const { clock, advance } = handClock();
  const { limits, redact } = options;
  const logs = new ServerLogs({
    folder,
    clock,
    log,
    ...(limits === undefined ? {} : { limits }),
    ...(redact === undefined ? {} : { redact }),
  });
  const say = (line: string, place: { host?: string; server?: string | undefined } = {}): void => {
    const { host = 'gpu1', server } = { server: 'files', ...place };
    logs.append({ atMs: clock.now(), host, ...(server === undefined ? {} : { server }), stream: 'stderr', line });
  };
  return {
    folder,
    logs,
    say,
    advance,
    warnings,
    lines: async (count = 100) => (await logs.tail({ lines: count })).map(({ line }) => line),
  };
}

test('writes one file a server and one a host, readable by their user alone', async () => {
  const { folder, logs, say } = setUp();
  say('from the server');
  logs.append({ atMs: 5, host: 'gpu1', stream: 'ssh', line: 'from ssh' });
  await logs.close();
  const server = path.join(folder, 'gpu1', 'files.log');
  expect(readFileSync(server, 'utf8')).toBe('{"atMs":1000,"stream":"stderr","line":"from the server"}\n');
  expect(readFileSync(path.join(folder, 'gpu1', '@host.log'), 'utf8')).toBe(
    '{"atMs":5,"stream":"ssh","line":"from ssh"}\n',
  );
  expect(statSync(server).mode & 0o777).toBe(0o600);
  expect(statSync(path.dirname(server)).mode & 0o777).toBe(0o700);
});

test('a line waits a moment for others and is then written by itself, also after a flush of nothing', async () => {
  const { folder, logs, say, advance } = setUp();
  const file = logFile(folder, { host: 'gpu1', server: 'files' });
  say('one');
  await logs.flush();
  await logs.flush();
  say('two');
  say('three');
  await new Promise((resolve) => setImmediate(resolve));
  expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(2);
  advance(1_000);
  await vi.waitFor(() => {
    expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(4);
  });
});

test('tail gives the last entries of a server, a host, or everything, in order of time', async () => {
  const { logs, say, advance } = setUp();
  for (const [line, place] of [
    ['1', { host: 'a', server: 'x' }],
    ['2', { host: 'b', server: 'x' }],
    ['3', { host: 'a', server: undefined }],
    ['4', { host: 'a', server: 'y' }],
  ] as const) {
    say(line, place);
    advance(1);
  }
  const linesOf = async (query: { host?: string; server?: string; lines?: number }) =>
    (await logs.tail({ lines: 10, ...query })).map(({ line }) => line);
  expect(await linesOf({})).toEqual(['1', '2', '3', '4']);
  expect(await linesOf({ host: 'a' })).toEqual(['1', '3', '4']);
  expect(await linesOf({ host: 'a', server: 'x' })).toEqual(['1']);
  expect(await linesOf({ lines: 2 })).toEqual(['3', '4']);
  expect(await linesOf({ lines: 0 })).toEqual([]);
  expect(await linesOf({ host: 'nowhere' })).toEqual([]);
});

test('another process reads what this one wrote, and half a line is nobody’s entry', async () => {
  const { folder, logs, say } = setUp();
  say('whole');
  await logs.close();
  writeFileSync(logFile(folder, { host: 'gpu1', server: 'files' }), '{"atMs":2,"stream":"std', { flag: 'a' });
  expect(await setUp({ folder }).lines()).toEqual(['whole']);
});

test('rotates by size, keeps two files, and tail reads over the seam', async () => {
  const { folder, logs, say, lines } = setUp({ limits: { maxFileBytes: 1000 } });
  for (let at = 0; at < 60; at += 1) {
    say(`line ${at}`);
    await logs.flush();
  }
  const file = logFile(folder, { host: 'gpu1', server: 'files' });
  expect(readdirSync(path.dirname(file)).sort()).toEqual(['files.log', 'files.log.1']);
  expect(statSync(rotatedFile(file)).size).toBeLessThan(1100);
  expect(await lines(25)).toEqual(Array.from({ length: 25 }, (_, at) => `line ${at + 35}`));
});

test('other limits hold for logs that are open', async () => {
  const { folder, logs, say, advance, lines } = setUp();
  say('before');
  logs.limit({ maxFileBytes: 1000, rate: { burst: 10, perSecond: 1 } });
  for (let at = 0; at < 20; at += 1) {
    say(`line ${at}`.padEnd(100));
    await logs.flush();
  }
  const file = logFile(folder, { host: 'gpu1', server: 'files' });
  expect(statSync(rotatedFile(file)).size).toBeLessThan(1300);
  expect((await lines()).length).toBe(11);
  advance(1000);
  expect((await lines()).at(-1)).toBe('10 lines dropped: more than 1 a second');
  logs.limit({});
  for (let at = 0; at < 20; at += 1) say(`after ${at}`);
  expect((await lines()).slice(-20)).toEqual(Array.from({ length: 20 }, (_, at) => `after ${at}`));
});

test('two gateways rotate one file under each other without an error or a torn line', async () => {
  const folder = path.join(scratch(), 'logs');
  const [one, two] = [
    setUp({ folder, limits: { maxFileBytes: 2000 } }),
    setUp({ folder, limits: { maxFileBytes: 2000 } }),
  ];
  for (let at = 0; at < 100; at += 1) {
    one.say(`one ${at}`);
    two.say(`two ${at}`);
    await Promise.all([one.logs.flush(), two.logs.flush()]);
  }
  expect([...one.warnings, ...two.warnings]).toEqual([]);
  const lines = await one.lines();
  expect(lines.slice(-2).sort()).toEqual(['one 99', 'two 99']);
  expect(lines.every((line) => /^(one|two) \d+$/.test(line))).toBe(true);
});

test('a flood is cut to its rate, and says how much is missing', async () => {
  const { say, advance, lines } = setUp({ limits: { rate: { burst: 5, perSecond: 10 } } });
  for (let at = 0; at < 1005; at += 1) say(`line ${at}`);
  expect(await lines()).toEqual(['line 0', 'line 1', 'line 2', 'line 3', 'line 4']);
  advance(1000);
  expect((await lines()).at(-1)).toBe('1000 lines dropped: more than 10 a second');
  say('quiet again');
  expect((await lines()).at(-1)).toBe('quiet again');
});

test('what was dropped is said at the end as well', async () => {
  const { logs, say, lines } = setUp({ limits: { rate: { burst: 1, perSecond: 1 } } });
  say('first');
  say('second');
  await logs.close();
  expect(await lines()).toEqual(['first', '1 lines dropped: more than 1 a second']);
});

test('one server’s flood takes nothing from another', async () => {
  const { logs, say } = setUp({ limits: { rate: { burst: 2, perSecond: 1 } } });
  for (let at = 0; at < 50; at += 1) say('flood', { server: 'loud' });
  say('hello', { server: 'calm' });
  expect((await logs.tail({ host: 'gpu1', server: 'calm', lines: 5 })).map(({ line }) => line)).toEqual(['hello']);
});

test('a long line is cut and says so', async () => {
  const { say, lines } = setUp({ limits: { maxLineLength: 10 } });
  say('0123456789');
  say('x'.repeat(100_000));
  expect(await lines()).toEqual(['0123456789', 'xxxxxxxxxx… (99990 more characters)']);
});

test('redacts before it cuts, so that no half of a secret is left', async () => {
  const { say, lines } = setUp({
    limits: { maxLineLength: 10 },
    redact: (text) => text.replaceAll('secret-value', '[x]'),
  });
  say('12345 secret-value');
  expect(await lines()).toEqual(['12345 [x]']);
});

test('a line with newlines and odd characters comes back as it was', async () => {
  const { say, lines } = setUp();
  const odd = 'a\nb\r\u2028\u001b[31m€\u0000';
  say(odd);
  expect(await lines()).toEqual([odd]);
});

test('a disk that takes nothing is reported once per file, and harms nobody', async () => {
  const parent = scratch();
  const folder = path.join(parent, 'logs');
  writeFileSync(folder, 'a file where the folder should be');
  const { logs, say, warnings } = setUp({ folder });
  for (let at = 0; at < 10; at += 1) {
    say('lost');
    await logs.flush();
  }
  await logs.close();
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatchObject({ host: 'gpu1', server: 'files' });
  expect(JSON.stringify(warnings)).not.toContain('"lost"');
});

test('a full disk loses lines and nothing else', async (context) => {
  // /dev/full refuses every write with ENOSPC.
  if (!existsSync('/dev/full')) context.skip('no /dev/full here');
  const { symlinkSync } = await import('node:fs');
  const { folder, logs, say, warnings } = setUp();
  mkdirSync(path.join(folder, 'gpu1'), { recursive: true });
  chmodSync(folder, 0o700);
  symlinkSync('/dev/full', logFile(folder, { host: 'gpu1', server: 'files' }));
  say('lost');
  say('kept', { server: 'other' });
  await logs.close();
  expect(warnings).toMatchObject([{ host: 'gpu1', server: 'files', error: { code: 'ENOSPC' } }]);
  expect((await logs.tail({ host: 'gpu1', server: 'other', lines: 1 })).map(({ line }) => line)).toEqual(['kept']);
});

test.each(['..', '.', '../../etc', '@host', 'a/b', 'ü', 'a%2Fb', ''])(
  'name %j stays inside its folder and comes back',
  (name) => {
    const file = logFile('/logs', { host: name, server: name });
    const relative = path.relative('/logs', path.normalize(file));
    expect(relative.split(path.sep)).toHaveLength(name === '' ? 1 : 2);
    expect(relative.startsWith('..')).toBe(false);
    if (name !== '') expect(placeOf(relative)).toEqual({ host: name, server: name });
  },
);

test('lastLines reads blocks from the end, however long the lines', async () => {
  const file = path.join(scratch(), 'file');
  const lines = Array.from({ length: 50 }, (_, at) => `${at}:${'y'.repeat((at * 7919) % 30_000)}`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  expect(await lastLines(file, 7)).toEqual(lines.slice(-7));
  expect(await lastLines(file, 50)).toEqual(lines);
  expect(await lastLines(file, 500)).toEqual(lines);
  expect(await lastLines(path.join(scratch(), 'none'), 5)).toEqual([]);
});
