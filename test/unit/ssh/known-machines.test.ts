import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { knownMachines } from '../../../src/ssh/known-machines.ts';
import { scratch } from '../../harness/scratch.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl';

function home(files: Readonly<Record<string, string>>): string {
  const folder = scratch();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

async function names(files: Readonly<Record<string, string>>, env: Record<string, string> = {}): Promise<string[]> {
  return (await knownMachines({ homeDir: home(files), env })).map(({ name }) => name);
}

describe('the machines of ~/.ssh/config', () => {
  it('are the aliases of Host lines, without patterns, Match and services that run nothing', async () => {
    const config = [
      '# Host commented',
      'Host gpu1 gpu2',
      '  HostName 192.0.2.7',
      'Host *.lab !bad ok-host web?',
      'host = lower # a comment',
      'HOST "quoted"',
      'Match host nas user me',
      '  HostName elsewhere',
      'Host github.com',
      '  User git',
      'Host code',
      '  HostName gitlab.com',
      'Host forge',
      '  User git',
      'Host gpu1',
      '  Port 22',
    ];
    expect(await names({ '.ssh/config': config.join('\r\n') })).toEqual(['gpu1', 'gpu2', 'ok-host', 'lower', 'quoted']);
  });

  it('have an address for people where the configuration says one', async () => {
    const homeDir = home({
      '.ssh/config': 'Host a\n HostName 192.0.2.7\nHost b\n HostName %h.example.net\nMatch all\n HostName no\n',
    });
    expect(await knownMachines({ homeDir, env: {} })).toEqual([
      { name: 'a', address: '192.0.2.7', source: 'ssh config' },
      { name: 'b', address: undefined, source: 'ssh config' },
    ]);
  });

  it('are followed through Include, with patterns, variables, and other folders', async () => {
    const files = {
      '.ssh/config': 'Include conf.d/*.conf "other dir/*/x" ${MORE} missing\nHost main\nInclude ~/.else/config\n',
      '.ssh/conf.d/b.conf': 'Host b\n',
      '.ssh/conf.d/a.conf': 'Host a\n',
      '.ssh/conf.d/.hidden.conf': 'Host hidden\n',
      '.ssh/conf.d/c.bak': 'Host c\n',
      '.ssh/other dir/deep/x': 'Host deep\n',
      '.ssh/more': 'Host more\n',
      '.else/config': 'Host else\n',
    };
    expect(await names(files, { MORE: 'more' })).toEqual(['a', 'b', 'deep', 'more', 'main', 'else']);
  });

  it('end where a file includes itself', async () => {
    expect(await names({ '.ssh/config': 'Host once\nInclude config\n' })).toEqual(['once']);
  });

  it('are read through links, and a missing or odd file names none', async () => {
    const homeDir = home({ 'dotfiles/config': 'Host linked\n' });
    mkdirSync(join(homeDir, '.ssh'));
    symlinkSync(join(homeDir, 'dotfiles/config'), join(homeDir, '.ssh/config'));
    mkdirSync(join(homeDir, '.ssh/known_hosts'));
    expect((await knownMachines({ homeDir, env: {} })).map(({ name }) => name)).toEqual(['linked']);
    expect(await names({})).toEqual([]);
  });
});

describe('the machines of known_hosts', () => {
  it('are its plain names, each machine once, without those that have an alias', async () => {
    const lines = [
      `nas,192.0.2.9 ${KEY}`,
      `192.0.2.9 ${KEY}`,
      `[box.example.net]:2222 ${KEY}`,
      `[2001:db8::1]:2200 ${KEY}`,
      `gpu.example.net ${KEY}`,
      `alias ${KEY}`,
      `|1|c2FsdHNhbHRzYWx0c2FsdHNhbHQ=|aGFzaGhhc2hoYXNoaGFzaGhhc2g= ${KEY}`,
      `*.lab,!x ${KEY}`,
      `@cert-authority ca.example.net ${KEY}`,
      `@revoked gone ${KEY}`,
      `github.com ${KEY}`,
      `[ssh.github.com]:443 ${KEY}`,
      'broken line',
      `-oProxyCommand=x ${KEY}`,
    ];
    const config = 'Host alias\nHost gpu\n  HostName gpu.example.net\n';
    expect(await names({ '.ssh/config': config, '.ssh/known_hosts': lines.join('\n') })).toEqual([
      'alias',
      'gpu',
      'nas',
      'box.example.net:2222',
      '[2001:db8::1]:2200',
    ]);
  });

  it('are hundreds at most as fast as they are read', async () => {
    const lines = Array.from({ length: 3_000 }, (_, index) => `host${String(index)} ${KEY}`);
    expect(await names({ '.ssh/known_hosts2': lines.join('\n') })).toHaveLength(3_000);
  });
});
