/** What is known of a machine, and when it is asked again. */
import { expect, it } from 'vitest';
import type { Preamble } from '../../../src/launch/preamble.ts';
import { Machine } from '../../../src/link/machine.ts';
import { scratch } from '../../harness/scratch.ts';
import { silentLog } from '../gateway/kit.ts';

const NEVER = new AbortController().signal;

function probed(outputWatch: boolean): Preamble {
  const environment = {
    system: 'Linux x86_64',
    shell: '/bin/sh',
    asked: '-ilc',
    variables: new Map([['PATH', '/bin']]),
  };
  const end = { kind: 'ready', pid: 2, sshdPid: 1, standInPid: undefined } as const;
  return { end, environment, outputWatch, noise: [], rest: Buffer.alloc(0) };
}

/** One run of the program: what it finds known, and what its own probe finds where nothing is. */
async function session(folder: string, finds: boolean): Promise<boolean | 'asked'> {
  const machine = new Machine({ cacheDir: folder, log: silentLog }, ['box']);
  machine.identify('SHA256:abc');
  const known = await machine.known(NEVER);
  if (known === undefined) machine.learn(probed(finds));
  return known === undefined ? 'asked' : known.outputWatch === true;
}

it('a machine that can watch its output is asked once', async () => {
  const folder = scratch();
  expect(await session(folder, true)).toBe('asked');
  expect(await session(folder, false)).toBe(true);
});

it('a machine that did not show it is asked in the next run again, and then no more', async () => {
  const folder = scratch();
  expect(await session(folder, false)).toBe('asked');
  expect(await session(folder, false)).toBe('asked');
  expect(await session(folder, true)).toBe(false);
});

it('a busy machine can show it the second time', async () => {
  const folder = scratch();
  expect(await session(folder, false)).toBe('asked');
  expect(await session(folder, true)).toBe('asked');
  expect(await session(folder, false)).toBe(true);
});

it('a login shell that said nothing is asked again in the next run, and what it had said before stays', async () => {
  const folder = scratch();
  const silent: Preamble = {
    ...probed(true),
    environment: { system: 'Linux x86_64', shell: '/bin/odd', asked: '', variables: new Map() },
  };
  const run = async (found: Preamble): Promise<Machine> => {
    const machine = new Machine({ cacheDir: folder, log: silentLog }, ['box']);
    machine.identify('SHA256:abc');
    if ((await machine.known(NEVER)) === undefined) machine.learn(found);
    return machine;
  };
  expect((await run(silent)).environment?.shell).toBe('/bin/odd');
  const machine = await run(probed(true));
  expect(machine.environment?.shell).toBe('/bin/sh');
  machine.learn(silent);
  expect(machine.environment?.shell).toBe('/bin/sh');
});
