/** A daemon that is stopped under steady calls that must not be made twice: nobody may notice. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { initialize, runProgram, startServe } from '../../harness/program.ts';
import type { RawClient } from '../../harness/raw-client.ts';
import { makeSandbox } from '../../harness/sandbox.ts';
import { scratch } from '../../harness/scratch.ts';
import { call, offers, textOf } from '../../harness/tools.ts';
import { localHostsFile, SERVERS } from './kit.ts';

const STOPS = 5;
const CLIENTS = 3;
/** Of each client, at any moment. */
const AT_ONCE = 3;

it('every call is carried out once, and its outcome is known', async () => {
  const ledger = join(scratch(), 'ledger');
  writeFileSync(ledger, '');
  const file = localHostsFile('notes.mjs', { args: [join(SERVERS, 'notes.mjs'), ledger] });
  const sandbox = makeSandbox();
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      const { client } = startServe(file, sandbox, { throughDaemon: true });
      await initialize(client);
      await offers(client, ['here__one__note']);
      return client;
    }),
  );
  let isOver = false;
  const answers: string[] = [];
  const caller = async (client: RawClient, name: string): Promise<void> => {
    for (let number = 0; !isOver; number += 1)
      answers.push(textOf(await call(client, 'here__one__note', { text: `${name}-${number}`, ms: number % 7 })));
  };
  const callers = clients.flatMap((client, index) =>
    Array.from({ length: AT_ONCE }, (_each, lane) => caller(client, `${index}-${lane}`)),
  );
  for (let stop = 0; stop < STOPS; stop += 1) {
    const { code, stderr } = await runProgram(['stop', '--config', file], sandbox);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    // The next daemon serves.
    const before = answers.length;
    await expect.poll(() => answers.length, { message: 'calls to go on' }).toBeGreaterThanOrEqual(before + 100);
  }
  isOver = true;
  await Promise.all(callers);
  const noted = readFileSync(ledger, 'utf8').trimEnd().split('\n');
  expect(answers.filter((text) => !text.startsWith('noted '))).toEqual([]);
  expect(noted).toHaveLength(new Set(noted).size);
  expect(noted).toHaveLength(answers.length);
});
