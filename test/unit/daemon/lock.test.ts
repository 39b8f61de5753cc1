import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { takeLock } from '../../../src/daemon/lock.ts';
import { processStart } from '../../../src/daemon/process-start.ts';
import { scratch } from '../../harness/scratch.ts';

/** A process that does nothing, until the test ends. */
async function sleeper(): Promise<{ readonly pid: number; readonly kill: () => Promise<void> }> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  await once(child, 'spawn');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(kill);
  return { pid: child.pid ?? 0, kill };
}

function holderIn(folder: string): unknown {
  const files = readdirSync(folder).sort();
  return JSON.parse(readFileSync(join(folder, files.at(-1) ?? ''), 'utf8'));
}

describe('takeLock', () => {
  it('one process holds it, and another learns who', async () => {
    const path = join(scratch(), 'x.lock');
    const { pid } = await sleeper();
    expect(await takeLock(path, pid)).toMatchObject({ kind: 'ours' });
    expect(await takeLock(path)).toEqual({ kind: 'held', pid });
  });

  it('is given back once: nothing is written a second time', async () => {
    const folder = scratch();
    const taken = await takeLock(join(folder, 'x.lock'));
    if (taken.kind !== 'ours') throw new Error('not ours');
    await taken.lock.release();
    const file = join(folder, readdirSync(folder)[0] ?? '');
    const before = statSync(file);
    await taken.lock.release();
    const after = statSync(file);
    expect([after.ino, after.ctimeMs]).toEqual([before.ino, before.ctimeMs]);
  });

  it('what is given back can be taken', async () => {
    const path = join(scratch(), 'x.lock');
    const first = await takeLock(path);
    if (first.kind === 'ours') await first.lock.release();
    expect(await takeLock(path)).toMatchObject({ kind: 'ours' });
  });

  it('the lock of a process that was killed is free', async () => {
    const path = join(scratch(), 'x.lock');
    const { pid, kill } = await sleeper();
    await takeLock(path, pid);
    await kill();
    expect(await takeLock(path)).toMatchObject({ kind: 'ours' });
  });

  it('a pid that came back is not its holder', async () => {
    const folder = scratch();
    const { pid } = await sleeper();
    writeFileSync(join(folder, 'x.lock.4'), JSON.stringify({ pid, start: 'some other time' }));
    expect(await takeLock(join(folder, 'x.lock'))).toMatchObject({ kind: 'ours' });
    // The generation that counted is gone, and numbers never come back.
    expect(readdirSync(folder)).toEqual(['x.lock.5']);
    expect(holderIn(folder)).toMatchObject({ pid: process.pid });
  });

  it('a file that cannot be read holds nothing', async () => {
    const folder = scratch();
    writeFileSync(join(folder, 'x.lock.1'), '{"pid":');
    expect(await takeLock(join(folder, 'x.lock'))).toMatchObject({ kind: 'ours' });
  });

  it('of many at once, exactly one gets it, and the folder is tidy', async () => {
    const folder = scratch();
    const path = join(folder, 'x.lock');
    const sleepers = await Promise.all(Array.from({ length: 8 }, () => sleeper()));
    writeFileSync(`${path}.1`, JSON.stringify({ pid: 0, start: 'gone' }));
    const outcomes = await Promise.all(sleepers.map(({ pid }) => takeLock(path, pid)));
    const winners = outcomes.filter(({ kind }) => kind === 'ours');
    expect(winners).toHaveLength(1);
    const winner = sleepers[outcomes.findIndex(({ kind }) => kind === 'ours')]?.pid;
    for (const outcome of outcomes) if (outcome.kind === 'held') expect(outcome.pid).toBe(winner);
    expect(readdirSync(folder)).toEqual(['x.lock.2']);
  });

  it('one who was overtaken does not take it with a number that was used', async () => {
    const folder = scratch();
    const path = join(folder, 'x.lock');
    const { pid } = await sleeper();
    // As if we had looked when 1 was the highest, and somebody has had 2 and somebody else holds 3 since.
    writeFileSync(`${path}.3`, JSON.stringify({ pid, start: await processStart(pid) }));
    writeFileSync(`${path}.1`, JSON.stringify({ pid: 0, start: 'gone' }));
    expect(await takeLock(path)).toEqual({ kind: 'held', pid });
    expect(existsSync(`${path}.2`)).toBe(false);
  });

  it('a lock that is not ours any more is not given back', async () => {
    const folder = scratch();
    const path = join(folder, 'x.lock');
    const first = await takeLock(path);
    const { pid } = await sleeper();
    const held = JSON.stringify({ pid, start: await processStart(pid) });
    writeFileSync(`${path}.1`, held);
    if (first.kind === 'ours') await first.lock.release();
    expect(readFileSync(`${path}.1`, 'utf8')).toBe(held);
  });
});

describe('processStart', () => {
  it('is the same for as long as the process lives, and undefined afterwards', async () => {
    const { pid, kill } = await sleeper();
    const start = await processStart(pid);
    expect(start).toBeDefined();
    expect(await processStart(pid)).toBe(start);
    expect(await processStart(process.pid)).not.toBe(start);
    await kill();
    expect(await processStart(pid)).toBeUndefined();
  });

  it('a zombie is gone', async () => {
    // sh does not wait for its first child before the second has ended.
    const child = spawn('/bin/sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
    const pid = Number(chunk.toString());
    await expect.poll(() => statusOf(pid)).toMatch(/^State:\s+Z/m);
    expect(await processStart(pid)).toBeUndefined();
  });

  it('where there is no /proc, ps is asked', async () => {
    expect(await processStart(process.pid, 'darwin')).toMatch(/\d\d:\d\d:\d\d/);
    const { pid, kill } = await sleeper();
    await kill();
    expect(await processStart(pid, 'darwin')).toBeUndefined();
  });
});

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}
