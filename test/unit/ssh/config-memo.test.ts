/** What `ssh -G` said is kept for 5 s, and no longer. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SshPlan } from '../../../src/config/plan.ts';
import type { SshSettings } from '../../../src/ssh/config.ts';
import { SettingsMemo } from '../../../src/ssh/config-memo.ts';
import { ManualClock } from '../../harness/manual-clock.ts';
import { scratch } from '../../harness/scratch.ts';

const NEVER = new AbortController().signal;

class Desk {
  readonly clock = new ManualClock();
  readonly configFile = join(scratch(), 'config');
  readonly asked: AbortSignal[] = [];
  answer: (signal: AbortSignal) => Promise<unknown> = () => Promise.resolve('answer');
  readonly #memo = new SettingsMemo({ clock: this.clock, homeDir: '/nowhere' }, (_plan, _env, signal) => {
    this.asked.push(signal);
    return this.answer(signal) as Promise<SshSettings>;
  });

  ask(alias = 'box', signal = NEVER, env: Record<string, string> = {}): Promise<SshSettings> {
    return this.#memo.resolve({ alias, configFile: this.configFile } as SshPlan, env, signal);
  }
}

describe('the memo of ssh -G', () => {
  it('asks once for all who ask within 5 s, whether they ask together or in turn', async () => {
    const desk = new Desk();
    await Promise.all([desk.ask(), desk.ask()]);
    desk.clock.advance(4_900);
    await desk.ask();
    expect(desk.asked).toHaveLength(1);
    desk.clock.advance(200);
    await desk.ask();
    expect(desk.asked).toHaveLength(2);
  });

  it('asks again for another host, and where the file was written meanwhile', async () => {
    const desk = new Desk();
    await desk.ask();
    await desk.ask('other');
    expect(desk.asked).toHaveLength(2);
    writeFileSync(desk.configFile, 'Host *\n');
    await desk.ask();
    expect(desk.asked).toHaveLength(3);
  });

  it('asks again for a client whose environment differs', async () => {
    const desk = new Desk();
    await desk.ask('box', NEVER, { HOME: '/home/one' });
    await desk.ask('box', NEVER, { HOME: '/home/two' });
    expect(desk.asked).toHaveLength(2);
  });

  it('keeps no failure', async () => {
    const desk = new Desk();
    desk.answer = () => Promise.reject(new Error('ssh refuses'));
    await expect(desk.ask()).rejects.toThrow('ssh refuses');
    desk.answer = () => Promise.resolve('answer');
    await expect(desk.ask()).resolves.toBe('answer');
  });

  it('ends ssh with the last caller who waits for it, not before', async () => {
    const desk = new Desk();
    desk.answer = () => new Promise(() => undefined);
    const [one, two] = [new AbortController(), new AbortController()];
    const both = [desk.ask('box', one.signal), desk.ask('box', two.signal)];
    one.abort(new Error('first gone'));
    await expect(both[0]).rejects.toThrow('first gone');
    expect(desk.asked[0]?.aborted).toBe(false);
    two.abort(new Error('second gone'));
    await expect(both[1]).rejects.toThrow('second gone');
    expect(desk.asked[0]?.aborted).toBe(true);
    desk.answer = () => Promise.resolve('answer');
    await expect(desk.ask()).resolves.toBe('answer');
  });
});
