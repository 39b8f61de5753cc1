/** What the real `ssh -G` says, completed. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SshPlan } from '../../../src/config/plan.ts';
import { parseSshOptions, resolveSshSettings, type SshSettings, sshLine } from '../../../src/ssh/config.ts';
import { expandTokens, tokensFor } from '../../../src/ssh/tokens.ts';
import { scratch } from '../../harness/scratch.ts';

const HOME = '/home/someone';

function plan(change: Partial<SshPlan> = {}): SshPlan {
  return {
    alias: 'box',
    host: undefined,
    user: undefined,
    port: undefined,
    identityFiles: [],
    proxyJump: undefined,
    configFile: undefined,
    knownHostsFiles: [],
    backend: 'auto',
    subsystem: undefined,
    reuseControlMaster: false,
    forwardAgent: false,
    connectTimeoutMs: 7000,
    ...change,
  };
}

function resolve(
  config: string,
  change: Partial<SshPlan> = {},
  env: Record<string, string> = {},
  homeDir = HOME,
): Promise<SshSettings> {
  const file = join(scratch(), 'config');
  writeFileSync(file, config);
  return resolveSshSettings(plan({ configFile: file, ...change }), {
    env: { PATH: process.env['PATH'], ...env },
    homeDir,
  });
}

/** The identity files that ssh itself looks for; nothing listens where it connects to. */
function identityFilesOf(config: string): string[] {
  const file = join(scratch(), 'config');
  writeFileSync(file, config);
  const { stderr } = spawnSync('ssh', ['-v', '-F', file, 'box'], { encoding: 'utf8' });
  return [...stderr.matchAll(/^debug1: identity file (.*?) type/gmu)].flatMap(([, path = '']) =>
    path.startsWith('/no/') && !path.endsWith('-cert') ? [path] : [],
  );
}

/** OpenSSH has the token %j since 9.4. */
function knowsJump(config: string): boolean {
  return identityFilesOf(`${config} IdentityFile /no/%j\n`).length > 0;
}

it('the line that a person pastes reaches the machine that we reach', async () => {
  const folder = join(scratch(), "it's here");
  mkdirSync(folder);
  const configFile = join(folder, 'config');
  writeFileSync(configFile, 'Host box\n Compression yes\n');
  const change = { configFile, host: '192.0.2.7', user: 'first last', port: 2222, proxyJump: 'me@bastion:22' };
  const whole = plan({ ...change, identityFiles: ['/keys/id box'], knownHostsFiles: ['/known hosts'] });
  const { raw } = await resolveSshSettings(whole, { env: { PATH: process.env['PATH'] }, homeDir: HOME });
  const { stdout } = spawnSync('sh', ['-c', sshLine(whole, { flags: ['-G'] })], { encoding: 'utf8' });
  const kept = ['hostname', 'user', 'port', 'proxyjump', 'identityfile', 'userknownhostsfile', 'compression'];
  const pasted = parseSshOptions(stdout);
  expect(kept.map((name) => pasted.get(name))).toEqual(kept.map((name) => raw.get(name)));
  expect(pasted.get('user')).toEqual(['first last']);
  expect(pasted.get('compression')).toEqual(['yes']);
});

describe('resolveSshSettings', () => {
  it('gives the commands of `Match exec` the short list of variables, and no key of a cloud', async () => {
    const lines = ['Match exec "test $CLOUD_KEY"', ' User leaked', 'Match exec "test $LANG"', ' User me'];
    const { user } = await resolve(lines.join('\n'), {}, { CLOUD_KEY: 'k', LANG: 'C' });
    expect(user).toBe('me');
  });

  it('resolves an alias with ~, %-tokens and variables expanded', async () => {
    const settings = await resolve(
      [
        'Host box',
        ' HostName %h.example.org',
        ' User me',
        ' Port 2222',
        ' IdentityFile ~/.ssh/%r@%h',
        ' IdentityFile ${KEYS}/id',
        ' CertificateFile ~/id-cert.pub',
        ' UserKnownHostsFile ~/kh /etc/kh',
        ' ProxyCommand nc -X 5 %h %p %%',
        ' IdentitiesOnly yes',
        ' HostKeyAlias cluster',
        ' ControlPath /cm/%r@%n:%p',
        ' ConnectTimeout 3',
      ].join('\n'),
      {},
      { KEYS: '/keys' },
    );
    expect(settings).toMatchObject({
      alias: 'box',
      hostname: 'box.example.org',
      user: 'me',
      port: 2222,
      identityFiles: [`${HOME}/.ssh/me@box.example.org`, '/keys/id'],
      certificateFiles: [`${HOME}/id-cert.pub`],
      proxyCommand: 'nc -X 5 box.example.org 2222 %',
      identitiesOnly: true,
      hostKeyAlias: 'cluster',
      controlPath: '/cm/me@box:2222',
      connectTimeoutMs: 3000,
    });
    expect(settings.userKnownHostsFiles.at(-1)).toBe('/etc/kh');
    expect(settings.raw.get('hostkeyalias')).toEqual(['cluster']);
  });

  it.each([' ProxyCommand false', ' ProxyJump one,me@127.0.0.1:1'])(
    'expands every token as ssh does (%j)',
    async (way) => {
      const lines = `Host box\n HostName box.example.org\n User me\n Port 2222\n HostKeyAlias cluster\n${way}\n`;
      const letters = '% C d h i k L l n p r u'.split(' ').concat(knowsJump(lines) ? ['j'] : []);
      const config = `${lines}${letters.map((letter, at) => ` IdentityFile /no/${at}/%${letter}\n`).join('')}`;
      const { identityFiles } = await resolve(config, {}, {}, userInfo().homedir);
      expect(identityFiles).toEqual(identityFilesOf(config));
    },
  );

  it.each([
    ['', ''],
    ['bastion', 'bastion'],
    ['one,ssh://me@two:2222/', 'two'],
    ['CORP\\me@[fe80::1%eth0]:22', 'fe80::1%eth0'],
  ])('the token for ProxyJump %j is %j', (proxyJump, host) => {
    const facts = { alias: 'box', hostname: 'box', port: 22, user: 'me', homeDir: HOME, hostKeyAlias: undefined };
    expect(expandTokens('%j', tokensFor({ ...facts, proxyJump, hashesJump: true }))).toBe(host);
  });

  it('lets the hosts file win, its identity first', async () => {
    const settings = await resolve(
      'Host box\n HostName other\n User them\n IdentityFile /a\n ProxyJump x\n UserKnownHostsFile /kh',
      {
        host: '192.0.2.7',
        user: 'me',
        port: 2200,
        identityFiles: ['/with space/id'],
        proxyJump: 'bastion',
        knownHostsFiles: ['/my known/hosts'],
      },
    );
    expect(settings).toMatchObject({
      hostname: '192.0.2.7',
      user: 'me',
      port: 2200,
      proxyJump: 'bastion',
      userKnownHostsFiles: ['/my known/hosts'],
    });
    expect(settings.identityFiles[0]).toBe('/with space/id');
    expect(settings.identityFiles).toContain('/a');
  });

  it('takes none for what it is', async () => {
    const settings = await resolve(
      'Host box\n ProxyJump none\n ProxyCommand none\n IdentityFile none\n IdentityAgent none\n UserKnownHostsFile none',
      {},
      { SSH_AUTH_SOCK: '/agent' },
    );
    expect(settings).toMatchObject({
      proxyJump: undefined,
      proxyCommand: undefined,
      identityFiles: [],
      identityAgent: undefined,
      userKnownHostsFiles: [],
    });
  });

  it.each([
    ['', '/agent'],
    [' IdentityAgent SSH_AUTH_SOCK', '/agent'],
    [' IdentityAgent $MINE', '/mine'],
    [' IdentityAgent /some/%u/sock', `/some/${userInfo().username}/sock`],
  ])('finds the agent: %j', async (line, socket) => {
    expect((await resolve(`Host box\n${line}`, {}, { SSH_AUTH_SOCK: '/agent', MINE: '/mine' })).identityAgent).toBe(
      socket,
    );
  });

  it.each<readonly [string, string, Partial<SshPlan>, Partial<SshSettings>]>([
    [
      'known_hosts paths with spaces',
      ' UserKnownHostsFile "/home/me/My Files/kh" /k2',
      {},
      { userKnownHostsFiles: ['/home/me/My Files/kh', '/k2'] },
    ],
    ['the home of another user', ' IdentityFile ~root/.ssh/id', {}, { identityFiles: ['/root/.ssh/id'] }],
    ['a quote in a path', ' IdentityFile "/tmp/it\'s/id"', {}, { identityFiles: ["/tmp/it's/id"] }],
    ['a backslash in a user name', '', { user: 'DOMAIN\\me' }, { user: 'DOMAIN\\me' }],
    ['a space in a user name', '', { user: 'me and you' }, { user: 'me and you' }],
    ['a dollar in a user name', '', { user: 'box$' }, { user: 'box$' }],
    ['a zone of an IPv6 address', '', { host: 'fe80::1%eth0' }, { hostname: 'fe80::1%eth0' }],
    ['a space in a file of the hosts file', '', { identityFiles: ['/my keys/id'] }, { identityFiles: ['/my keys/id'] }],
    ['a quote in one', '', { knownHostsFiles: ['/a"b/kh'] }, { userKnownHostsFiles: ['/a"b/kh'] }],
  ])('%s', async (_what, config, change, expected) => {
    const settings = await resolve(`Host box\n IdentityFile none\n${config}\n`, change);
    expect(settings).toMatchObject(expected);
  });

  it('falls back to the plan for the time limit', async () => {
    expect((await resolve('')).connectTimeoutMs).toBe(7000);
  });

  it('reports what ssh says of a broken configuration', async () => {
    await expect(resolve('Host box\n NoSuchOption yes')).rejects.toMatchObject({
      code: 'SSH_CONFIG',
      evidence: expect.arrayContaining([expect.stringContaining('nosuchoption')]) as unknown,
    });
    await expect(resolve('', { configFile: '/nowhere/config' })).rejects.toMatchObject({ code: 'SSH_CONFIG' });
  });

  it.each(['-oProxyCommand=touch /tmp/x', '', 'a\nb', 'a"b'])('refuses %j as a name', async (alias) => {
    await expect(resolve('', { alias })).rejects.toMatchObject({ code: 'SSH_CONFIG' });
    await expect(resolve('', { host: alias })).rejects.toMatchObject({ code: 'SSH_CONFIG' });
    await expect(resolve('', { proxyJump: alias })).rejects.toMatchObject({ code: 'SSH_CONFIG' });
  });

  it('says when there is no ssh', async () => {
    const empty = scratch();
    mkdirSync(join(empty, 'bin'));
    await expect(
      resolveSshSettings(plan(), { env: { PATH: join(empty, 'bin') }, homeDir: HOME }),
    ).rejects.toMatchObject({ code: 'SSH_MISSING' });
  });

  it.each<readonly [string, Partial<SshPlan>]>([
    ['where configFile is none', { configFile: 'none', host: 'box.example' }],
    ['where there is no ssh', { host: 'box.example' }],
    ['where there is no ssh, and the name is one with a domain', { alias: 'box.example' }],
  ])('takes the hosts file and the defaults of ssh %s', async (_where, change) => {
    const settings = await resolveSshSettings(plan({ user: 'me', port: 2222, proxyJump: 'a@b.example', ...change }), {
      env: { PATH: scratch(), SSH_AUTH_SOCK: '/agent' },
      homeDir: HOME,
    });
    const asked = await resolve('', { user: 'me', port: 2222, host: 'box.example', proxyJump: 'a@b.example' });
    expect(settings).toMatchObject({
      hostname: 'box.example',
      port: 2222,
      user: 'me',
      proxyJump: 'a@b.example',
      proxyCommand: undefined,
      identityAgent: '/agent',
      globalKnownHostsFiles: asked.globalKnownHostsFiles,
      userKnownHostsFiles: [`${HOME}/.ssh/known_hosts`, `${HOME}/.ssh/known_hosts2`],
    });
    expect(asked.identityFiles).toEqual(expect.arrayContaining([...settings.identityFiles]));
  });

  it('does not guess at a file that the hosts file names and no ssh can read', async () => {
    const change = { host: 'box.example', configFile: '/some/config' };
    await expect(resolveSshSettings(plan(change), { env: { PATH: scratch() }, homeDir: HOME })).rejects.toMatchObject({
      code: 'SSH_MISSING',
      message: expect.stringContaining('/some/config') as unknown,
    });
  });

  it('ends with its signal', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(
      resolveSshSettings(plan(), { env: { PATH: process.env['PATH'] }, homeDir: HOME }, signal),
    ).rejects.toThrow('enough');
  });
});
