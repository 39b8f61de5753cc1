/** Every way in which a file comes to say something else, on a real file system. */
import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { watchFiles, wayTo } from '../../../src/config/watch.ts';
import { scratch } from '../../harness/scratch.ts';
import { until } from '../../harness/until.ts';

class Rig {
  readonly folder = scratch();
  readonly file = join(this.folder, 'config.yaml');
  count = 0;
  errors: unknown[] = [];

  path(name: string): string {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    return path;
  }

  write(name: string, text: string): string {
    const path = this.path(name);
    writeFileSync(path, text);
    return path;
  }

  /** Resolves when it watches and has said so. */
  async watch(files: readonly string[] = [this.file]): Promise<void> {
    const abort = new AbortController();
    const done = watchFiles(
      {
        files: () => Promise.resolve(files),
        clock: systemClock(),
        onChange: () => {
          this.count += 1;
        },
        onError: (error) => {
          this.errors.push(error);
        },
      },
      abort.signal,
    );
    onTestFinished(async () => {
      abort.abort();
      await done;
      expect(this.errors).toEqual([]);
    });
    // Once when it watches, and once more for what changed just before.
    await until(() => this.count >= 2, { what: 'the watch to begin' });
  }

  /** Waits for the next word of a change. */
  async told(change: () => void): Promise<void> {
    const before = this.count;
    change();
    await expect
      .poll(() => this.count, { timeout: 3_000, interval: 5, message: 'word of the change' })
      .toBeGreaterThan(before);
  }
}

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});

describe('a watched file', () => {
  it.each(['a', 'b'])('is told when it is written in place, again and again (%s)', async () => {
    rig.write('config.yaml', '1');
    await rig.watch();
    for (const text of ['2', '3', '4']) await rig.told(() => rig.write('config.yaml', text));
  });

  it('is told when it is replaced by a rename, again and again', async () => {
    rig.write('config.yaml', '1');
    await rig.watch();
    for (const text of ['2', '3', '4'])
      await rig.told(() => {
        renameSync(rig.write('.config.yaml.tmp', text), rig.file);
      });
  });

  it('is told when an editor moves it aside and writes another', async () => {
    rig.write('config.yaml', '1');
    await rig.watch();
    for (const text of ['2', '3'])
      await rig.told(() => {
        renameSync(rig.file, `${rig.file}~`);
        rig.write('config.yaml', text);
        rmSync(`${rig.file}~`);
      });
  });

  it('is told when it is gone, and when it is back', async () => {
    rig.write('config.yaml', '1');
    await rig.watch();
    await rig.told(() => {
      unlinkSync(rig.file);
    });
    await rig.told(() => rig.write('config.yaml', '2'));
  });

  it('is told when its folder was moved away and made anew', async () => {
    const file = rig.write('folder/config.yaml', '1');
    await rig.watch([file]);
    await rig.told(() => {
      renameSync(dirname(file), `${dirname(file)}.bak`);
    });
    await rig.told(() => rig.write('folder/config.yaml', '2'));
    await rig.told(() => rig.write('folder/config.yaml', '3'));
  });

  it('is told when the file behind a link is written, and when the link leads elsewhere', async () => {
    symlinkSync(rig.write('dotfiles/one.yaml', '1'), rig.file);
    rig.write('other/two.yaml', '2');
    await rig.watch();
    await rig.told(() => rig.write('dotfiles/one.yaml', '1b'));
    await rig.told(() => {
      symlinkSync(join(rig.folder, 'other/two.yaml'), `${rig.file}.tmp`);
      renameSync(`${rig.file}.tmp`, rig.file);
    });
    await expect.poll(() => rig.count, { message: 'it to watch anew' }).toBeGreaterThanOrEqual(5);
    await rig.told(() => rig.write('other/two.yaml', '2b'));
  });

  it('is told when a folder on the way is a link that leads elsewhere, as in a mounted ConfigMap', async () => {
    rig.write('v1/config.yaml', '1');
    rig.write('v2/config.yaml', '2');
    symlinkSync('v1', rig.path('..data'));
    symlinkSync('..data/config.yaml', rig.file);
    await rig.watch();
    await rig.told(() => {
      symlinkSync('v2', rig.path('..data_tmp'));
      renameSync(rig.path('..data_tmp'), rig.path('..data'));
    });
  });

  it('is told once for the several steps of an editor', async () => {
    rig.write('config.yaml', '1');
    await rig.watch();
    const before = rig.count;
    for (let step = 0; step < 20; step += 1) rig.write('config.yaml', String(step));
    await expect.poll(() => rig.count).toBeGreaterThan(before);
    expect(rig.count - before).toBe(1);
  });

  it('is not told of its neighbours', async () => {
    rig.write('config.yaml', '1');
    await rig.watch();
    const before = rig.count;
    for (let other = 0; other < 5; other += 1) rig.write(`other${String(other)}.txt`, 'x');
    await rig.told(() => rig.write('config.yaml', '2'));
    expect(rig.count - before).toBe(1);
  });
});

describe('the way to a file', () => {
  it('names every link and what the last one leads to', async () => {
    const target = rig.write('real/one.yaml', '1');
    symlinkSync('real', rig.path('link'));
    symlinkSync('link/one.yaml', rig.file);
    expect(await wayTo(rig.file)).toEqual({ names: [rig.file, join(rig.folder, 'link'), target], isThere: true });
  });

  it('ends where something is missing, and in a circle', async () => {
    expect(await wayTo(join(rig.folder, 'no/config.yaml'))).toEqual({
      names: [join(rig.folder, 'no')],
      isThere: false,
    });
    symlinkSync('config.yaml', rig.file);
    expect((await wayTo(rig.file)).isThere).toBe(false);
  });
});
