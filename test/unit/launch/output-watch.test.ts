/** Watching the output: found out at first contact, and as good as watching stdin. */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeFolder } from '../../harness/folder.ts';
import { isAlive } from '../../harness/processes.ts';
import { until } from '../../harness/until.ts';
import { launch, type Ran, run, SHELLS, start } from './run-launcher.ts';

/** Tells what its stdin is: the channel's own (Node's are sockets), or the launcher's pipe. */
const STDIN = launch('readlink', ['/proc/self/fd/0']);
const LEARN = { learn: true, watch: 'learned' } as const;

/** A machine may be too busy to show it in the time there is. */
async function learned(shell: readonly string[], first = ''): Promise<Ran> {
  const ran = await run(shell, STDIN, { ...LEARN, first });
  return ran.preamble?.outputWatch === true ? ran : run(shell, STDIN, { ...LEARN, first });
}

/** As the shell of Debian's busybox-static does, whatever is in PATH. */
const OWN_TAIL = 'tail(){ echo "tail: unrecognized option" >&2;return 1;};';

describe.each([...SHELLS, ['/usr/bin/mksh']])('run by %s %s', (...shell) => {
  it('a machine that can is known by its probe, and the first program already gets its stdin untouched', async () => {
    const ran = await learned(shell);
    expect(ran).toMatchObject({ preamble: { outputWatch: true }, code: 0 });
    expect(ran.output).toMatch(/^socket:/);
  });

  it('a `tail` that the shell itself has does not stand in the way of the one in PATH', async () => {
    expect(await learned(shell, OWN_TAIL)).toMatchObject({ preamble: { outputWatch: true }, code: 0 });
  });

  it.each([
    ['does not see that nobody reads', 'exec sleep 60'],
    ['ends by itself', 'exit 0'],
    ['does not know the option', 'echo "tail: unrecognized option" >&2;exit 1'],
  ])('a tail that %s is not used, and not left behind', async (_what, body) => {
    const folder = makeFolder('public');
    const pidFile = join(folder.path, 'pid');
    writeFileSync(join(folder.path, 'tail'), `#!/bin/sh\necho $$ >${pidFile}\n${body}\n`, { mode: 0o755 });
    const ran = await run(shell, STDIN, { ...LEARN, before: folder.path });
    expect(ran).toMatchObject({ preamble: { outputWatch: false }, code: 0, errors: '' });
    expect(ran.output).toMatch(/^pipe:/);
    const left = (): string => readOrEmpty(pidFile).trim();
    await until(() => left() === '' || !isAlive(Number(left())), { what: () => `the end of tail ${left()}` });
    folder.remove();
  });

  it('an stderr that is no pipe is not watched, whatever is known of the machine', async () => {
    for (const options of [LEARN, { watch: 'output' } as const]) {
      const ran = await run(shell, STDIN, { ...options, errorFile: '/dev/null' });
      expect(ran.output).toMatch(/^pipe:/);
    }
  });

  it('a program that ignores everything ends soon after its stderr has lost its reader', {
    timeout: 15_000,
  }, async () => {
    const what = launch('sh', ['-c', 'trap "" TERM;exec 2>&-;readlink /proc/self/fd/0;while :;do sleep 1;done']);
    const { child, errors, output } = start(shell, what, { watch: 'output' });
    const ended = once(child, 'exit');
    await until(() => output().startsWith('socket:'), { what: () => `a socket as stdin; got ${output()}` });
    errors?.destroy();
    expect(await ended).toBeDefined();
  });

  it('the watcher outlives a tail that somebody ends', { timeout: 15_000 }, async () => {
    const what = launch('sh', ['-c', 'readlink /proc/self/fd/0;exec cat']);
    const { child, output } = start(shell, what, { watch: 'output' });
    const ended = once(child, 'exit');
    const tail = await until(() => tailBelow(child.pid ?? 0), { what: 'a tail' });
    process.kill(tail, 'SIGTERM');
    await expect.poll(() => tailBelow(child.pid ?? 0) ?? tail, { message: 'another tail' }).not.toBe(tail);
    child.stdin?.end('still here');
    await ended;
    expect(output()).toMatch(/still here$/);
    expect(child.exitCode).toBe(0);
  });
});

function tailBelow(launcher: number): number | undefined {
  for (const watcher of children(launcher)) {
    for (const pid of children(watcher)) if (readName(pid) === 'tail') return pid;
  }
  return undefined;
}

function children(pid: number): number[] {
  const file = `/proc/${String(pid)}/task/${String(pid)}/children`;
  return readOrEmpty(file).split(' ').filter(Boolean).map(Number);
}

function readName(pid: number): string {
  return readOrEmpty(`/proc/${String(pid)}/comm`).trim();
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
