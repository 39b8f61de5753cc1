import { chmodSync, existsSync, mkdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { bindSocket } from '../../../src/daemon/bound-socket.ts';
import { type Endpoint, isOwnFolder, makeOwnFolder } from '../../../src/daemon/endpoint.ts';
import { firstLine } from '../../../src/daemon/hello.ts';
import { scratch } from '../../harness/scratch.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

function endpointIn(folder: string): Endpoint {
  const at = (name: string): string => join(folder, name);
  return {
    ...{ folder, socket: at('0123456789abcdef.sock'), lock: at('l'), record: at('r') },
    ...{ logFolder: folder, log: at('g') },
  };
}

function server(greeting: string): Server {
  const one = createServer((socket) => {
    socket.end(greeting);
  });
  closers.push(() => one.close());
  return one;
}

function heard(path: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    connect(path)
      .on('error', (error) => resolve(String((error as NodeJS.ErrnoException).code)))
      .on('data', (chunk: Buffer) => {
        text += chunk.toString();
      })
      .on('end', () => resolve(text));
  });
}

describe('bindSocket', () => {
  it('is private, and replaces what a dead process left', async () => {
    const endpoint = endpointIn(scratch());
    const dead = server('dead');
    await bindSocket(dead, endpoint, 1);
    await new Promise((resolve) => dead.close(resolve));
    expect(await heard(endpoint.socket)).toBe('ECONNREFUSED');
    await bindSocket(server('alive'), endpoint, 2);
    expect(await heard(endpoint.socket)).toBe('alive');
    expect(statSync(endpoint.socket).mode & 0o777).toBe(0o600);
  });

  it('one that was pushed aside knows it, and does not take the other away with its end', async () => {
    const endpoint = endpointIn(scratch());
    const first = server('first');
    const bound = await bindSocket(first, endpoint, 1);
    expect(await bound.isOurs()).toBe(true);
    const second = await bindSocket(server('second'), endpoint, 2);
    expect([await bound.isOurs(), await second.isOurs()]).toEqual([false, true]);
    await bound.remove();
    await new Promise((resolve) => first.close(resolve));
    expect(await heard(endpoint.socket)).toBe('second');
  });

  it('a path that is gone is not ours', async () => {
    const endpoint = endpointIn(scratch());
    const bound = await bindSocket(server('x'), endpoint);
    rmSync(endpoint.socket);
    expect(await bound.isOurs()).toBe(false);
  });

  it('takes its own away', async () => {
    const endpoint = endpointIn(scratch());
    const bound = await bindSocket(server('x'), endpoint);
    await bound.remove();
    expect(existsSync(endpoint.socket)).toBe(false);
  });
});

describe('the folder of the socket', () => {
  it('is made for the user alone', async () => {
    const folder = join(scratch(), 'a', 'b');
    expect(await isOwnFolder(folder)).toBe(false);
    await makeOwnFolder(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(await isOwnFolder(folder)).toBe(true);
  });

  it('one that others can enter is closed by its owner, and not trusted by who connects', async () => {
    const folder = join(scratch(), 'open');
    mkdirSync(folder);
    chmodSync(folder, 0o755);
    await expect(isOwnFolder(folder)).rejects.toMatchObject({ code: 'FOLDER_UNUSABLE' });
    await makeOwnFolder(folder);
    expect(await isOwnFolder(folder)).toBe(true);
  });

  it('a link to a folder is refused: somebody else may have made it', async () => {
    const folder = join(scratch(), 'link');
    symlinkSync(scratch(), folder);
    await expect(isOwnFolder(folder)).rejects.toMatchObject({ code: 'FOLDER_UNUSABLE' });
    await expect(makeOwnFolder(folder)).rejects.toMatchObject({ code: 'FOLDER_UNUSABLE' });
  });

  it("another user's is refused", async () => {
    const folder = scratch();
    await expect(isOwnFolder(folder, 12_345)).rejects.toMatchObject({ code: 'FOLDER_UNUSABLE' });
    await expect(makeOwnFolder(folder, 12_345)).rejects.toMatchObject({ code: 'FOLDER_UNUSABLE' });
  });
});

/** Both ends of one connection. */
async function pair(): Promise<readonly [Socket, Socket]> {
  const path = join(scratch(), 's');
  return await new Promise((resolve) => {
    const listener = createServer((there) => resolve([here, there]));
    listener.listen(path);
    const here = connect(path);
    closers.push(
      () => here.destroy(),
      () => listener.close(),
    );
  });
}

describe('firstLine', () => {
  const { signal } = new AbortController();

  it('reads one line in any pieces, and leaves the rest to who reads next', async () => {
    const [here, there] = await pair();
    const line = firstLine(there, 100, signal);
    for (const piece of ['{"a"', ':1', '}\nnext ', 'bytes']) {
      here.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await line).toBe('{"a":1}');
    const rest = await new Promise<string>((resolve) => {
      let text = '';
      there.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (text.length === 10) resolve(text);
      });
    });
    expect(rest).toBe('next bytes');
  });

  it('leaves the rest to a pipe as well', async () => {
    const [here, there] = await pair();
    here.end('hello\nand more\n');
    expect(await firstLine(there, 100, signal)).toBe('hello');
    const chunks: Buffer[] = [];
    for await (const chunk of there) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toBe('and more\n');
  });

  it('is refused past the limit, with and without a newline', async () => {
    for (const text of ['x'.repeat(101), `${'x'.repeat(101)}\n`]) {
      const [here, there] = await pair();
      here.write(text);
      await expect(firstLine(there, 100, signal)).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
    }
  });

  it('is undefined where the other side leaves before it is whole', async () => {
    const [here, there] = await pair();
    here.end('half a li');
    expect(await firstLine(there, 100, signal)).toBeUndefined();
  });

  it('ends with the signal', async () => {
    const [, there] = await pair();
    const limit = new AbortController();
    const line = firstLine(there, 100, limit.signal);
    limit.abort(new Error('too late'));
    await expect(line).rejects.toThrow('too late');
    expect(there.listenerCount('readable')).toBe(0);
  });
});
