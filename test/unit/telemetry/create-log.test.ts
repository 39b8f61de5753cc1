import { expect, test } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import { createLog, type LogLevel } from '../../../src/telemetry/log.ts';
import type { Redact } from '../../../src/telemetry/redact.ts';

function memoryLog(level: LogLevel, redact?: Redact) {
  const written: string[] = [];
  const log = createLog({
    level,
    destination: { write: (text) => written.push(text) },
    clock: { now: () => 42 },
    ...(redact === undefined ? {} : { redact }),
  });
  const lines = (): Record<string, unknown>[] => written.map((text) => JSON.parse(text) as Record<string, unknown>);
  return { log, written, lines };
}

test('writes one JSON object a line: time, level, fields, message', () => {
  const { log, written } = memoryLog('info');
  log.info({ host: 'gpu1', rttMs: 12 }, 'link is ready');
  expect(written).toEqual(['{"time":42,"level":"info","host":"gpu1","rttMs":12,"message":"link is ready"}\n']);
});

test.each([
  ['silent', []],
  ['error', ['error']],
  ['warn', ['error', 'warn']],
  ['info', ['error', 'warn', 'info']],
  ['debug', ['error', 'warn', 'info', 'debug']],
  ['trace', ['error', 'warn', 'info', 'debug']],
] as const)('level %s writes %j', (level, expected) => {
  const { log, lines } = memoryLog(level);
  for (const each of ['error', 'warn', 'info', 'debug'] as const) log[each]({}, each);
  expect(lines().map((line) => line['message'])).toEqual(expected);
});

test('children add fields, and the innermost wins', () => {
  const { log, lines } = memoryLog('info');
  log.child({ host: 'a', room: 'link' }).child({ host: 'b' }).info({ try: 1 }, 'dialling');
  expect(lines()[0]).toMatchObject({ host: 'b', room: 'link', try: 1 });
});

test('an error keeps code, evidence, stack and cause', () => {
  const { log, lines } = memoryLog('error');
  const cause = new Error('ECONNREFUSED');
  const error = new AnywhereError('HOST_UNREACHABLE', 'no way in', { host: 'nas', evidence: ['port 22'], cause });
  log.error({ error }, 'gave up');
  expect(lines()[0]?.['error']).toMatchObject({
    code: 'HOST_UNREACHABLE',
    host: 'nas',
    evidence: ['port 22'],
    message: 'no way in',
    stack: expect.stringContaining('create-log.test') as string,
    cause: { message: 'ECONNREFUSED' },
  });
});

test('what JSON cannot say is said anyway', () => {
  const { log, lines } = memoryLog('info');
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  log.info({ big: 2n ** 70n, map: new Map([['k', 1]]), set: new Set([1]) }, 'odd');
  log.info({ cycle }, 'circular');
  expect(lines()[0]).toMatchObject({ big: '1180591620717411303424', map: { k: 1 }, set: [1] });
  expect(lines()[1]).toMatchObject({ level: 'info', message: 'circular', unloggable: expect.any(String) as string });
});

test('a message with a newline stays one line', () => {
  const { log, written } = memoryLog('info');
  log.info({ text: 'a\nb' }, 'c\nd');
  expect(written.join('').split('\n')).toHaveLength(2);
});

test('redacts the whole line', () => {
  const { log, written } = memoryLog('info', (text) => text.replaceAll('hunter2', '***'));
  log.info({ argument: 'hunter2' }, 'password hunter2');
  expect(written[0]).not.toContain('hunter2');
});
