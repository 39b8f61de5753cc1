/**
 * Every reader of text that somebody outside writes: its limit, and the fate of its channel beyond it.
 *
 * A new reader belongs into this table. `limit` is what the reader itself uses; `drive` writes more than that, by a real
 * program, socket or machine where there is one, and sees the channel given up.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { MAX_VALUE_BYTES } from '../../src/config/fields.ts';
import { createCommandRunner } from '../../src/config/secret-command.ts';
import { ControlClient } from '../../src/control/client.ts';
import { MAX_LINE_BYTES } from '../../src/control/connection.ts';
import { firstLine, MAX_HELLO_BYTES } from '../../src/daemon/hello.ts';
import { PREAMBLE_LIMITS } from '../../src/launch/preamble.ts';
import { WARDEN_LIMITS } from '../../src/link/warden.ts';
import { PROMPT_CHARACTERS, startAskpass } from '../../src/openssh/asking.ts';
import { MuxConnection } from '../../src/openssh/connection.ts';
import { Master, STDERR_BYTES } from '../../src/openssh/master.ts';
import { LOCAL_WINDOW_BYTES, MESSAGE } from '../../src/openssh/messages.ts';
import { MAX_PACKET_BYTES, openMuxProxy } from '../../src/openssh/mux.ts';
import { AGENT_ANSWER_BYTES, askAgent } from '../../src/ssh/agent.ts';
import { ANSWER_CHARACTERS, createAskpassPrompter } from '../../src/ssh/askpass.ts';
import { resolveSshSettings, SSH_OPTIONS_BYTES } from '../../src/ssh/config.ts';
import { byte, Framing, framed, string, uint32 } from '../../src/ssh/wire.ts';
import { createSsh2Dialer } from '../../src/ssh2/dialer.ts';
import { BANNER_CHARACTERS } from '../../src/ssh2/login.ts';
import { openProxyCommand, PROXY_STDERR_CHARACTERS } from '../../src/ssh2/proxy-command.ts';
import { INTERACTIVE_LIMITS } from '../../src/ssh2/questions.ts';
import { eachLine, MAX_STDERR_LINE_BYTES } from '../../src/upstream/stderr-lines.ts';
import { scratch } from '../harness/scratch.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { until } from '../harness/until.ts';
import { launchOf, NEVER, sshLink } from './launch-support.ts';
import {
  floodingPort,
  floodingSocket,
  forcedMachine,
  programNamed,
  sendBanner,
  sshServer,
} from './outside-text-kit.ts';
import { person, sshPlan, testDeps } from './ssh2-kit.ts';

interface Reader {
  readonly reads: string;
  readonly limit: object | number;
  readonly drive: () => Promise<void>;
}

const BLOCK = Buffer.alloc(64 * 1024, 'x');
const LENGTH = Buffer.from([0x7f, 0xff, 0xff, 0xff]);

/** A launch there fails for what the machine printed, and what printed it is gone. */
async function refusedFlood(sshd: Sshd): Promise<void> {
  const channel = await sshLink(sshd).open(launchOf('cat'), NEVER);
  channel.output.resume();
  channel.errors.resume();
  expect(await channel.started).toBeUndefined();
  const end = await channel.ended;
  expect(end).toMatchObject({ kind: 'lost', cause: { code: 'CHANNEL_REFUSED', host: 'box' } });
  expect(channel.failure?.message).toContain('printed more than');
  await until(() => sshd.programs().every(({ commandLine }) => !commandLine.includes('yes')));
}

/** The plan and dependencies for a login at a port of this machine. */
function loginAt(port: number, knownHost: string, deps = testDeps()): ReturnType<typeof createSsh2Dialer> {
  const folder = scratch();
  const knownHosts = join(folder, 'known_hosts');
  writeFileSync(knownHosts, knownHost);
  writeFileSync(join(folder, 'config'), '');
  const ssh = sshPlan('box', {
    host: '127.0.0.1',
    port,
    user: 'me',
    configFile: join(folder, 'config'),
    knownHostsFiles: [knownHosts],
  });
  return createSsh2Dialer({ name: 'box', tags: [], servers: [], ssh }, deps);
}

const READERS: readonly Reader[] = [
  {
    reads: 'warden: its echoes',
    limit: WARDEN_LIMITS,
    drive: async () => {
      const sshd = await forcedMachine(
        `case $L in *_Morder*) echo w >>"$HOME/wardens";printf '\\n%s ready 1 1\\n' "$N";yes|tr -d '\\n';;*) eval "$L";;esac`,
      );
      const link = sshLink(sshd);
      const channel = await link.open(launchOf('cat'), NEVER);
      channel.output.resume();
      await channel.started;
      // The first warden is given up, and another one started.
      const count = join(sshd.home, 'wardens');
      await until(() => existsSync(count) && readFileSync(count, 'utf8').length >= 4, { withinMs: 30_000 });
      expect(link.state.kind).toBe('ready');
      channel.close();
    },
  },
  {
    reads: 'preamble: what start files print',
    limit: PREAMBLE_LIMITS,
    drive: async () => {
      const sshd = await startSshd({ shell: '/bin/bash', homeFiles: { '.bashrc': 'exec yes\n' } });
      onTestFinished(() => sshd.stop());
      await refusedFlood(sshd);
    },
  },
  {
    reads: 'probe: the environment of the login shell',
    limit: PREAMBLE_LIMITS,
    drive: async () => refusedFlood(await forcedMachine(`printf '\\n%s machine\\n' "$N";exec yes A=b`)),
  },
  {
    reads: "a server's stderr (kept: the beginning of a line, and how long it was)",
    limit: MAX_STDERR_LINE_BYTES,
    drive: async () => {
      const child = spawn('/bin/sh', ['-c', "yes|tr -d '\\n'|head -c 50000000 >&2"], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      const lines: string[] = [];
      eachLine(child.stderr, (line) => lines.push(line));
      await until(() => lines.length > 0);
      expect(lines).toHaveLength(1);
      expect(lines[0]?.length).toBeLessThan(1_000);
    },
  },
  {
    reads: 'SSH: the lines before the version (RFC 4253, section 4.2; ssh2 reads them)',
    limit: { lines: 1_024, lineBytes: 8_192 },
    drive: async () => {
      for (const block of [Buffer.from('hello\r\n'.repeat(1_000)), BLOCK]) {
        const { port, open } = await floodingPort(block);
        await expect(loginAt(port, '').dial(NEVER)).rejects.toMatchObject({ host: 'box' });
        await until(() => open() === 0);
      }
    },
  },
  {
    reads: 'SSH: banners before the login',
    limit: BANNER_CHARACTERS,
    drive: async () => {
      let sent = 0;
      const { port, knownHost } = await sshServer((client, context) => {
        for (let at = 0; at < 200; at += 1) {
          sendBanner(client, 'b'.repeat(16 * 1024));
          sent += 1;
        }
        context.reject(['none']);
      });
      await expect(loginAt(port, knownHost).dial(NEVER)).rejects.toMatchObject({
        code: 'HOST_UNREACHABLE',
        message: expect.stringContaining('of banners') as unknown,
      });
      expect(sent).toBe(200);
    },
  },
  {
    reads: 'SSH: keyboard-interactive texts',
    limit: INTERACTIVE_LIMITS,
    drive: async () => {
      const { port, knownHost } = await sshServer((_client, context) => {
        if (context.method !== 'keyboard-interactive') {
          context.reject(['keyboard-interactive']);
          return;
        }
        const ask = (): void => {
          context.prompt([{ prompt: 'x'.repeat(20_000), echo: true }], (answers) => {
            if (answers.length === 0) context.reject(['none']);
            else ask();
          });
        };
        ask();
      });
      const { prompter, asked } = person(...Array.from({ length: 1_000 }, () => 'yes'));
      await expect(loginAt(port, knownHost, testDeps({ prompter })).dial(NEVER)).rejects.toBeDefined();
      expect(asked).toHaveLength(INTERACTIVE_LIMITS.rounds);
      for (const { text } of asked) expect(text.length).toBeLessThanOrEqual(INTERACTIVE_LIMITS.characters + 100);
    },
  },
  {
    reads: 'SSH: stderr of a ProxyCommand (kept: the end)',
    limit: PROXY_STDERR_CHARACTERS,
    drive: async () => {
      const { folder } = programNamed('proxy', "yes|tr -d '\\n'|head -c 50000000 >&2");
      const proxy = openProxyCommand(join(folder, 'proxy'), { env: {} });
      await new Promise((resolve) => proxy.stream.on('end', resolve).resume());
      expect(proxy.lastWords().join('')).toHaveLength(PROXY_STDERR_CHARACTERS);
    },
  },
  {
    reads: 'agent: its keys and signatures',
    limit: AGENT_ANSWER_BYTES,
    drive: async () => {
      const agent = await floodingSocket(BLOCK, LENGTH);
      expect(await askAgent(agent.path, systemClock(), NEVER)).toMatchObject({ kind: 'unreachable' });
      await until(() => agent.open() === 0);
      expect(agent.sent()).toBeLessThan(16 * 1024 * 1024);
    },
  },
  {
    reads: 'daemon: the first line of a connection, and its answer',
    limit: MAX_HELLO_BYTES,
    drive: async () => {
      const { path, sent } = await floodingSocket(BLOCK);
      const socket = connect(path);
      onTestFinished(() => {
        socket.destroy();
      });
      await expect(firstLine(socket, MAX_HELLO_BYTES, NEVER)).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
      expect(sent()).toBeLessThan(16 * 1024 * 1024);
    },
  },
  {
    reads: 'daemon: a line of the control socket',
    limit: MAX_LINE_BYTES,
    drive: async () => {
      const { path, open } = await floodingSocket(Buffer.alloc(1024 * 1024, 'x'));
      await new ControlClient(connect(path)).ended;
      await until(() => open() === 0);
    },
  },
  {
    reads: 'ssh -G',
    limit: SSH_OPTIONS_BYTES,
    drive: async () => {
      const { folder } = programNamed('ssh', 'yes option value|head -c 50000000');
      const asked = resolveSshSettings(sshPlan('box'), { env: { PATH: folder }, homeDir: folder });
      await expect(asked).rejects.toMatchObject({
        code: 'SSH_CONFIG',
        message: expect.stringContaining('more than') as unknown,
      });
    },
  },
  {
    reads: 'OpenSSH: stderr of the master',
    limit: STDERR_BYTES,
    drive: async () => {
      const { folder } = programNamed('ssh', 'exec yes banner >&2');
      const master = new Master({
        host: 'box',
        args: [],
        env: { PATH: `${folder}:/usr/bin:/bin` },
        controlPath: join(folder, 'never'),
        clock: systemClock(),
        silenceMs: 600_000,
        isAsking: () => false,
      });
      await expect(master.listening(NEVER)).rejects.toMatchObject({
        code: 'HOST_UNREACHABLE',
        evidence: Array(5).fill('banner'),
      });
      master.kill();
      await master.exited;
    },
  },
  {
    reads: 'OpenSSH: the answers of the master (PROTOCOL.mux)',
    limit: MAX_PACKET_BYTES,
    drive: async () => {
      const { path, open } = await floodingSocket(BLOCK, LENGTH);
      await expect(openMuxProxy(path, NEVER)).rejects.toThrow('at most');
      await until(() => open() === 0);
    },
  },
  {
    reads: 'OpenSSH: what a channel brings (RFC 4254, section 5.2)',
    limit: LOCAL_WINDOW_BYTES,
    drive: async () => {
      const packet = (type: number, ...parts: readonly Buffer[]): Buffer => framed(byte(0), byte(type), ...parts);
      const confirmed = packet(MESSAGE.channelOpenConfirmation, uint32(1), uint32(0), uint32(1), uint32(1));
      const flood = await floodingSocket(packet(MESSAGE.channelData, uint32(1), string(BLOCK)), confirmed);
      const socket = connect(flood.path);
      const connection = new MuxConnection({ socket, framing: new Framing(MAX_PACKET_BYTES) }, 'box');
      const channel = await connection.open('session', Buffer.alloc(0), NEVER);
      expect(await channel.ended).toMatchObject({ kind: 'lost', cause: { code: 'LINK_LOST' } });
      await connection.closed;
    },
  },
  {
    reads: 'OpenSSH: what its askpass asks',
    limit: PROMPT_CHARACTERS,
    drive: async () => {
      const folder = scratch();
      const asking = await startAskpass(folder, { host: 'box', login: 'me@box' }, testDeps(), () => undefined, NEVER);
      onTestFinished(() => {
        asking.close();
      });
      const socket = connect(join(folder, 'a'));
      const closed = new Promise((resolve) => {
        socket.on('error', () => undefined).on('close', resolve);
      });
      const more = (): void => {
        while (!socket.destroyed && socket.write(BLOCK));
      };
      socket.on('drain', more);
      more();
      await closed;
    },
  },
  {
    reads: 'askpass: the answer',
    limit: ANSWER_CHARACTERS,
    drive: async () => {
      const { path } = programNamed('askpass', 'exec yes');
      const { log } = testDeps();
      const ask = createAskpassPrompter({ env: { SSH_ASKPASS: path, SSH_ASKPASS_REQUIRE: 'force' }, log });
      expect(await ask({ host: 'box', kind: 'password', text: '?', echo: false }, NEVER)).toBeUndefined();
    },
  },
  {
    reads: '${cmd:} of the hosts file',
    limit: MAX_VALUE_BYTES,
    drive: async () => {
      const runner = createCommandRunner();
      await expect(
        runner.run({ kind: 'cmd', command: 'yes' } as never, { PATH: '/usr/bin:/bin' }, NEVER),
      ).rejects.toMatchObject({
        code: 'SECRET_UNRESOLVED',
        message: expect.stringContaining('printed more than') as unknown,
      });
    },
  },
];

describe('what somebody outside writes without end', () => {
  it.each(READERS.map((reader) => [reader.reads, reader] as const))('%s', async (_reads, { limit, drive }) => {
    const figures = typeof limit === 'number' ? [limit] : (Object.values(limit) as number[]);
    for (const figure of figures) expect(figure).toBeLessThanOrEqual(256 * 1024 * 1024);
    await drive();
  });
});
