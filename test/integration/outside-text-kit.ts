/** Things that write without end, each behind the door at which one of our readers stands. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { onTestFinished } from 'vitest';
import { makeKey } from '../harness/keys.ts';
import { scratch } from '../harness/scratch.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';

/** A program in a folder of its own, which is the PATH. */
export function programNamed(name: string, script: string): { readonly path: string; readonly folder: string } {
  const folder = scratch();
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\nPATH=/usr/bin:/bin\n${script}\n`);
  chmodSync(path, 0o755);
  return { path, folder };
}

/** A machine whose forced command reads our line, and then does as `then` says; `$N` is the launch's nonce. */
export async function forcedMachine(then: string): Promise<Sshd> {
  const script = `IFS= read -r L;N=$(printf %s "$L"|sed -n 's/.*export MCPA=\\([0-9a-f]*\\).*/\\1/p');${then}`;
  const sshd = await startSshd({
    config: ['ForceCommand exec /bin/sh "$HOME/forced.sh"'],
    homeFiles: { 'forced.sh': `${script}\n` },
  });
  onTestFinished(() => sshd.stop());
  return sshd;
}

/** Writes `block` to whoever connects for as long as it is read. `sent` counts. */
export async function floodingSocket(
  block: Buffer,
  first: Buffer = Buffer.alloc(0),
): Promise<{ readonly path: string; readonly open: () => number; readonly sent: () => number }> {
  const path = join(scratch(), 's');
  const server = createServer();
  const flood = flooding(server, block, first);
  await listening(server, path);
  return { path, ...flood };
}

/** The same behind a TCP port. */
export async function floodingPort(block: Buffer): Promise<{ readonly port: number; readonly open: () => number }> {
  const server = createServer();
  const flood = flooding(server, block, Buffer.alloc(0));
  await listening(server, 0);
  return { port: portOf(server), ...flood };
}

function flooding(
  server: Server,
  block: Buffer,
  first: Buffer,
): { readonly open: () => number; readonly sent: () => number } {
  const sockets = new Set<Socket>();
  let sent = 0;
  server.on('connection', (socket) => {
    sockets.add(socket);
    const more = (): void => {
      while (!socket.destroyed && socket.write(block)) sent += block.length;
    };
    socket
      .on('error', () => undefined)
      .on('close', () => sockets.delete(socket))
      .on('drain', more)
      .resume();
    socket.write(first);
    more();
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { open: () => sockets.size, sent: () => sent };
}

/** An SSH server that lets nobody in, and says what `login` makes it say. */
export async function sshServer(
  login: (client: ssh2.Connection, context: ssh2.AuthContext) => void,
): Promise<{ readonly port: number; readonly knownHost: string }> {
  const key = await makeKey(join(scratch(), 'host'));
  const server = new ssh2.Server({ hostKeys: [readFileSync(key.path)] }, (client) => {
    client
      .on('error', () => undefined)
      .on('authentication', (context) => {
        login(client, context);
      });
  });
  await listening(server, 0);
  onTestFinished(() => {
    server.close();
  });
  const port = portOf(server);
  return { port, knownHost: `[127.0.0.1]:${port} ${key.publicKey}\n` };
}

/** One banner (RFC 4252, section 5.4). */
export function sendBanner(client: ssh2.Connection, text: string): void {
  const { _protocol: protocol } = client as unknown as { _protocol: BannerProtocol };
  const at = protocol._packetRW.write.allocStart;
  const packet = protocol._packetRW.write.alloc(1 + 4 + text.length + 4);
  packet[at] = 53;
  packet.writeUInt32BE(text.length, at + 1);
  packet.write(text, at + 5, 'latin1');
  packet.writeUInt32BE(0, at + 5 + text.length);
  protocol._cipher.encrypt(protocol._packetRW.write.finalize(packet));
}

interface BannerProtocol {
  readonly _packetRW: {
    readonly write: { readonly allocStart: number; alloc(bytes: number): Buffer; finalize(packet: Buffer): Buffer };
  };
  readonly _cipher: { encrypt(packet: Buffer): void };
}

function listening(server: Server, where: string | number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    if (typeof where === 'string') server.listen(where, resolve);
    else server.listen(where, '127.0.0.1', resolve);
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
