import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SshConfigCache } from '../../../src/link/ssh-config-cache.ts';
import { sshConfigInputs } from '../../../src/link/ssh-config-inputs.ts';
import { scratch } from '../../harness/scratch.ts';

const PATH = process.env['PATH'] ?? '';

/** A configuration in its own folder, and a cache that counts how often ssh had to be asked. */
class Desk {
  readonly folder = scratch();
  readonly configFile = join(this.folder, 'config');
  readonly cacheDir = join(this.folder, 'cache');
  asked = 0;
  answer = 'hostname 192.0.2.1\nport 22\n';

  constructor(text: string) {
    this.write('config', text);
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text, { mode: 0o600 });
  }

  /** A new process each time. */
  look(alias = 'box', whileAsking: () => void = () => undefined): Promise<string> {
    const cache = new SshConfigCache({ cacheDir: this.cacheDir, env: { PATH } });
    return cache.answer({ args: ['-G', '-F', this.configFile, '--', alias], configFile: this.configFile }, () => {
      this.asked += 1;
      whileAsking();
      return Promise.resolve(this.answer);
    });
  }

  async askedTwice(change: () => void = () => undefined): Promise<boolean> {
    await this.look();
    change();
    await this.look();
    return this.asked === 2;
  }
}

describe('the cache of ssh -G', () => {
  it('asks once while nothing changes, and gives the same answer', async () => {
    const desk = new Desk('Host box\n  HostName 192.0.2.1\n');
    const first = await desk.look();
    desk.answer = 'hostname other\n';
    expect(await desk.look()).toBe(first);
    expect(desk.asked).toBe(1);
  });

  it('keeps every question apart', async () => {
    const desk = new Desk('Host *\n');
    await desk.look('one');
    desk.answer = 'hostname other\n';
    expect(await desk.look('two')).toBe('hostname other\n');
  });

  it.each<readonly [string, (desk: Desk) => void]>([
    [
      'its text',
      (desk) => {
        desk.write('config', 'Host box\n  Port 23\n');
      },
    ],
    [
      'its mode, for ssh refuses a file that others can write',
      (desk) => {
        chmodSync(desk.configFile, 0o666);
      },
    ],
    [
      'an included file',
      (desk) => {
        desk.write('extra', 'Host box\n');
      },
    ],
    [
      'the files of an included folder',
      (desk) => {
        writeFileSync(join(desk.folder, 'parts/b.conf'), 'Host box\n');
      },
    ],
    [
      'a file that is included by an included one',
      (desk) => {
        desk.write('deep', 'Host box\n');
      },
    ],
  ])('asks again after a change of %s', async (_what, change) => {
    const desk = new Desk('');
    mkdirSync(join(desk.folder, 'parts'));
    writeFileSync(join(desk.folder, 'parts/a.conf'), `Include ${desk.folder}/deep\n`);
    desk.write('config', `Include ${desk.folder}/extra ${desk.folder}/parts/*.conf\nHost box\n  Port 22\n`);
    expect(
      await desk.askedTwice(() => {
        change(desk);
      }),
    ).toBe(true);
  });

  it('looks at what a file says, not at its time', async () => {
    const desk = new Desk('Host box\n  Port 22\n');
    const time = new Date(1e9);
    utimesSync(desk.configFile, time, time);
    expect(
      await desk.askedTwice(() => {
        desk.write('config', 'Host box\n  Port 23\n');
        utimesSync(desk.configFile, time, time);
      }),
    ).toBe(true);
  });

  it('does not keep an answer when the configuration changed meanwhile', async () => {
    const desk = new Desk('Host box\n  Port 22\n');
    await desk.look('box', () => {
      desk.write('config', 'Host box\n  Port 23\n');
    });
    desk.write('config', 'Host box\n  Port 22\n');
    await desk.look();
    expect(desk.asked).toBe(2);
  });

  it.each([
    'Match exec "test -e /tmp/x"\n  Port 23\n',
    '  MATCH host box\n',
    '"Match" all\n',
    'Match=all\n',
    'CanonicalizeHostname yes\n',
    'Host box\n  IdentityFile ${KEYS}/one\n',
    'Include "/etc/some file"\n',
    '"Include" /etc/some\n',
    'Include %d/some\n',
    'Include /etc/*/some\n',
    'Include /etc/[ab]\n',
    'Include ~other/config\n',
    'Include=~other/config\n',
  ])('always asks where the answer cannot be foreseen: %j', async (text) => {
    expect(await new Desk(text).askedTwice()).toBe(true);
  });

  it('always asks when that stands in an included file', async () => {
    const desk = new Desk('');
    desk.write('extra', 'Match all\n');
    desk.write('config', `Include ${desk.folder}/extra\n`);
    expect(await desk.askedTwice()).toBe(true);
  });

  it.each([
    'setenv TOKEN=abc',
    'proxycommand nc -p secret',
    'remotecommand x',
    'localcommand x',
    'knownhostscommand x',
  ])('never keeps what may hold a secret: %s', async (line) => {
    const desk = new Desk('Host box\n');
    desk.answer = `hostname 192.0.2.1\n${line}\nport 22\n`;
    expect(await desk.askedTwice()).toBe(true);
    expect(() => readdirSync(join(desk.cacheDir, 'ssh-config'))).toThrow('ENOENT');
  });

  it('asks when what was kept is damaged', async () => {
    const desk = new Desk('Host box\n');
    const damage = (): void => {
      const folder = join(desk.cacheDir, 'ssh-config');
      for (const name of readdirSync(folder))
        writeFileSync(join(folder, name), readFileSync(join(folder, name), 'utf8').slice(0, -3));
    };
    expect(await desk.askedTwice(damage)).toBe(true);
  });

  it('passes a failure on and keeps nothing of it', async () => {
    const desk = new Desk('Host box\n');
    await expect(
      desk.look('box', () => {
        throw new Error('refused');
      }),
    ).rejects.toThrow('refused');
    await desk.look();
    expect(desk.asked).toBe(2);
  });
});

describe('what the answer depends on', () => {
  it('is not known for an ssh that may have another system file', () => {
    const folder = scratch();
    writeFileSync(join(folder, 'ssh'), '#!/bin/sh\n', { mode: 0o755 });
    expect(sshConfigInputs({ configFile: undefined, searchPath: folder, accountHome: folder })).toBeUndefined();
  });

  it('is not known when the working folder is searched for ssh', () => {
    const folder = scratch();
    writeFileSync(join(folder, 'config'), '');
    expect(sshConfigInputs({ configFile: join(folder, 'config'), searchPath: `.:${PATH}` })).toBeUndefined();
    expect(sshConfigInputs({ configFile: join(folder, 'config'), searchPath: '' })).toBeUndefined();
  });

  it('holds another ssh program', () => {
    const folder = scratch();
    writeFileSync(join(folder, 'config'), '');
    const own = sshConfigInputs({ configFile: join(folder, 'config'), searchPath: PATH });
    symlinkSync('/bin/sh', join(folder, 'ssh'));
    const other = sshConfigInputs({ configFile: join(folder, 'config'), searchPath: `${folder}:${PATH}` });
    expect(own).toBeDefined();
    expect(other).toBeDefined();
    expect(other).not.toBe(own);
  });

  it("holds the user's own file, which may not be there yet", () => {
    const home = scratch();
    const look = (): string | undefined =>
      sshConfigInputs({ configFile: undefined, searchPath: PATH, accountHome: home });
    const before = look();
    mkdirSync(join(home, '.ssh'), { mode: 0o700 });
    writeFileSync(join(home, '.ssh/config'), 'Include parts\n');
    const after = look();
    writeFileSync(join(home, '.ssh/parts'), 'Host box\n');
    expect(new Set([before, after, look()]).size).toBe(3);
    expect(before).toBeDefined();
  });
});
