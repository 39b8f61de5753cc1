/** SSH_ASKPASS, with real programs. */
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Question } from '../../../src/launch/contract.ts';
import { askpassProgram, createAskpassPrompter } from '../../../src/ssh/askpass.ts';
import type { Log } from '../../../src/telemetry/log.ts';
import { scratch } from '../../harness/scratch.ts';
import { until } from '../../harness/until.ts';

const question: Question = { host: 'box', kind: 'passphrase', text: 'Passphrase for /k: ', echo: false };
const log: Log = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  child: () => log,
};
const never = new AbortController().signal;

function program(body: string): string {
  const path = join(scratch(), 'askpass');
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o700);
  return path;
}

const asking = (path: string) =>
  createAskpassPrompter({ env: { PATH: process.env['PATH'], SSH_ASKPASS: path, SSH_ASKPASS_REQUIRE: 'force' }, log });

describe('the program in SSH_ASKPASS', () => {
  it('gets the question and gives the first line as the answer', async () => {
    expect(await asking(program('echo "$1"; echo second'))(question, never)).toBe(question.text);
  });

  it('may answer with blanks and umlauts, or with nothing', async () => {
    expect(await asking(program("printf ' ö x \\r\\n'"))(question, never)).toBe(' ö x ');
    expect(await asking(program('echo'))(question, never)).toBe('');
  });

  it('that fails or is not there means that nobody answered', async () => {
    expect(await asking(program('echo secret; exit 1'))(question, never)).toBeUndefined();
    expect(await asking('/nonexistent/askpass')(question, never)).toBeUndefined();
  });

  it('is ended when nobody waits for the answer any more', async () => {
    const mark = join(scratch(), 'started');
    const abort = new AbortController();
    const answer = asking(program(`touch '${mark}'; exec sleep 600`))(question, abort.signal);
    await until(() => existsSync(mark));
    abort.abort();
    expect(await answer).toBeUndefined();
  });
});

describe('it may be used', () => {
  it.each([
    [{ DISPLAY: ':0' }, true],
    [{ WAYLAND_DISPLAY: 'wayland-0' }, true],
    [{}, false],
    [{ DISPLAY: '' }, false],
    [{ SSH_ASKPASS_REQUIRE: 'force' }, true],
    [{ SSH_ASKPASS_REQUIRE: 'prefer' }, false],
    [{ SSH_ASKPASS_REQUIRE: 'prefer', DISPLAY: ':0' }, true],
    [{ SSH_ASKPASS_REQUIRE: 'never', DISPLAY: ':0' }, false],
  ])('with %o: %s', (env, usable) => {
    expect(askpassProgram({ SSH_ASKPASS: '/usr/bin/ask', ...env })).toBe(usable ? '/usr/bin/ask' : undefined);
  });

  it('never without a name', () => {
    expect(askpassProgram({ DISPLAY: ':0' })).toBeUndefined();
    expect(askpassProgram({ DISPLAY: ':0', SSH_ASKPASS: '' })).toBeUndefined();
  });
});
