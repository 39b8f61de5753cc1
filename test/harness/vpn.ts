/** A network of its own (Linux, as root): a machine reached over a pair of virtual interfaces that can be taken down. */
import { execFileSync, spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { scratch } from './scratch.ts';
import { until } from './until.ts';

export interface Vpn {
  /** Where the machine is now. */
  readonly host: string;
  readonly port: number;
  /** Takes our end down: packets are lost and there is no route any more. */
  down(): void;
  /** Brings it up again, under another address of ours: connections that were open are dead. */
  upElsewhere(): void;
}

const PORT = 2222;
/** In the other network: hands every connection to a socket file, which all networks share. */
const RELAY = `const net = require('node:net');
net.createServer((from) => {
  const to = net.connect(process.argv[1]);
  from.on('error', () => to.destroy()); to.on('error', () => from.destroy());
  from.pipe(to); to.pipe(from);
}).listen(${PORT}, () => console.log('listening'));`;

/** Undefined where networks cannot be made. */
export async function makeVpn(to: number): Promise<Vpn | undefined> {
  const id = process.pid % 60_000;
  const [space, ours, theirs] = [`mcpa-t${id}`, `mt${id}a`, `mt${id}b`];
  const net = `10.203.${id % 250}`;
  try {
    ip('netns', 'add', space);
  } catch {
    return undefined;
  }
  onTestFinished(() => {
    ip('netns', 'del', space);
  });
  ip('link', 'add', ours, 'type', 'veth', 'peer', 'name', theirs, 'netns', space);
  ip('addr', 'add', `${net}.1/24`, 'dev', ours);
  ip('link', 'set', ours, 'up');
  ip('-n', space, 'addr', 'add', `${net}.2/24`, 'dev', theirs);
  ip('-n', space, 'link', 'set', theirs, 'up');
  await relay(space, to);
  let address = 1;
  return {
    host: `${net}.2`,
    port: PORT,
    down: () => {
      ip('link', 'set', ours, 'down');
    },
    upElsewhere: () => {
      ip('addr', 'del', `${net}.${address}/24`, 'dev', ours);
      address += 10;
      ip('addr', 'add', `${net}.${address}/24`, 'dev', ours);
      ip('link', 'set', ours, 'up');
    },
  };
}

async function relay(space: string, to: number): Promise<void> {
  const socket = join(scratch(), 'relay');
  const server = createServer((from) => {
    const target = connect(to, '127.0.0.1');
    from.on('error', () => target.destroy());
    target.on('error', () => from.destroy());
    from.pipe(target);
    target.pipe(from);
  }).listen(socket);
  const inside = spawn('ip', ['netns', 'exec', space, process.execPath, '-e', RELAY, socket], { stdio: 'pipe' });
  let said = '';
  inside.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  onTestFinished(() => {
    inside.kill('SIGKILL');
    server.close();
  });
  await until(() => said.includes('listening'));
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: 'ignore' });
}
