/** New keys in the middle of a connection (RFC 4253, section 9): nothing is lost, whoever asks for them. */
import { appendFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Channel, Transport } from '../../src/launch/contract.ts';
import { createOpensshDialer } from '../../src/openssh/dialer.ts';
import { createSsh2Dialer } from '../../src/ssh2/dialer.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { hostOf, never, testDeps } from './ssh2-kit.ts';

const DIALERS = { ssh2: createSsh2Dialer, openssh: createOpensshDialer } as const;
type Backend = keyof typeof DIALERS;
const BACKENDS = Object.keys(DIALERS) as Backend[];

const LINES = 600_000;
const LARGE = `seq -f %09.0f 0 ${LINES - 1}`;
const NUMBERS = Buffer.from(Array.from({ length: LINES }, (_, n) => `${String(n).padStart(9, '0')}\n`).join(''));
const IN_STEPS = `for i in 0 1 2 3 4 5; do seq -f %09.0f $((i * 100000)) $((i * 100000 + 99999)); sleep 0.5; done`;

describe.each(BACKENDS)('with %s', (backend) => {
  it.each([
    ['the amount', 'RekeyLimit 1M', LARGE],
    ['the time', 'RekeyLimit default 1', IN_STEPS],
  ])('the host asks because of %s', async (_why, line, command) => {
    const sshd = await startHost(line);
    const transport = await DIALERS[backend](hostOf(sshd), testDeps()).dial(never());
    await speaksOn(transport, command);
    expect(exchangesOf(sshd)).toBeGreaterThan(2);
  });
});

it('openssh asks for them itself', async () => {
  const sshd = await startHost();
  appendFileSync(sshd.sshConfigFile, '\nHost *\n RekeyLimit 1M\n');
  const transport = await createOpensshDialer(hostOf(sshd), testDeps()).dial(never());
  await speaksOn(transport, LARGE);
  expect(exchangesOf(sshd)).toBeGreaterThan(2);
});

it.each(['aes256-gcm@openssh.com', 'aes128-ctr', 'chacha20-poly1305@openssh.com'])(
  'with the cipher %s',
  async (name) => {
    const sshd = await startHost('RekeyLimit 256K', `Ciphers ${name}`);
    await speaksOn(await createSsh2Dialer(hostOf(sshd), testDeps()).dial(never()), LARGE);
  },
);

async function startHost(...config: string[]): Promise<Sshd> {
  const sshd = await startSshd({ config: [...config, 'LogLevel DEBUG1'] });
  onTestFinished(() => sshd.stop());
  return sshd;
}

/** A large answer comes on one channel, and every question on another is answered meanwhile. */
async function speaksOn(transport: Transport, command: string): Promise<void> {
  onTestFinished(() => transport.close());
  const [large, small] = await Promise.all([transport.exec(command, never()), transport.exec('cat', never())]);
  large.errors.resume();
  let done = false;
  const asking = askUntil(small, () => done);
  const chunks: Buffer[] = [];
  for await (const chunk of large.output) chunks.push(chunk as Buffer);
  done = true;
  expect(Buffer.concat(chunks).equals(NUMBERS)).toBe(true);
  expect(await large.ended).toMatchObject({ kind: 'exited', code: 0 });
  expect(await asking).toBeGreaterThan(2);
}

async function askUntil(channel: Channel, isOver: () => boolean): Promise<number> {
  let answers = 0;
  const output = channel.output[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
  do {
    channel.input.write(`${answers}\n`);
    let answer = '';
    while (!answer.endsWith('\n')) {
      const { done, value } = await output.next();
      if (done === true) throw new Error(`ended after ${answers} answers`);
      answer += value.toString();
    }
    expect(answer).toBe(`${answers}\n`);
    answers += 1;
  } while (!isOver());
  return answers;
}

/** How often both sides agreed on keys. */
function exchangesOf(sshd: Sshd): number {
  return sshd.log().match(/SSH2_MSG_NEWKEYS received/gu)?.length ?? 0;
}
