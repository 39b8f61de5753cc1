/** The rules of `backend: auto`, row by row, over what the real `ssh -G` prints. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { BACKEND_RULES, type BackendFacts, decideBackend } from '../../../src/link/backend-rules.ts';
import { parseSshOptions } from '../../../src/ssh/config.ts';
import type { KeyFile } from '../../../src/ssh/key-file.ts';

/** Facts of a host for which only these options are set. */
function facts(options: readonly string[] = [], more: Partial<BackendFacts> = {}): BackendFacts {
  const text = execFileSync('ssh', ['-G', '-T', '-F', 'none', ...options.flatMap((option) => ['-o', option]), 'box'], {
    encoding: 'utf8',
  });
  const raw = parseSshOptions(text);
  return {
    settings: { alias: 'box', raw },
    keys: [],
    hostAuthority: false,
    agentTypes: undefined,
    ...more,
  };
}

const key = (kind: KeyFile['kind'], certificate = false): KeyFile => ({ kind, certificate });

const OPENSSH: readonly (readonly [option: string, why: string, facts: () => BackendFacts])[] = [
  ['CertificateFile', 'user certificates', () => facts(['CertificateFile=/k-cert.pub'])],
  ['IdentityFile', 'a certificate lies beside an identity file', () => facts([], { keys: [key('plain', true)] })],
  ['IdentityFile', 'only keys that live on a security key', () => facts([], { keys: [key('security-key')] })],
  ['IdentityFile', 'only keys in a format that ssh2 cannot read', () => facts([], { keys: [key('unreadable')] })],
  [
    'agent',
    'the agent holds only certificates and security keys',
    () => facts([], { agentTypes: ['sk-ssh-ed25519@openssh.com', 'ssh-rsa-cert-v01@openssh.com'] }),
  ],
  ['PKCS11Provider', 'keys on a smart card', () => facts(['PKCS11Provider=/usr/lib/card.so'])],
  [
    'PreferredAuthentications',
    'no login method is left that ssh2 has',
    () => facts(['PreferredAuthentications=gssapi-with-mic,hostbased']),
  ],
  [
    'PreferredAuthentications',
    'no login method is left that ssh2 has',
    () => facts(['PubkeyAuthentication=no', 'PasswordAuthentication=no', 'KbdInteractiveAuthentication=no']),
  ],
  ['known_hosts', 'a host certificate is expected (@cert-authority)', () => facts([], { hostAuthority: true })],
  ['KnownHostsCommand', 'host keys come from a command', () => facts(['KnownHostsCommand=/bin/keys %H'])],
  ['RevokedHostKeys', 'host keys are checked against a revocation list', () => facts(['RevokedHostKeys=/etc/krl'])],
  ['VerifyHostKeyDNS', 'host keys are checked in DNS', () => facts(['VerifyHostKeyDNS=yes'])],
  ['VerifyHostKeyDNS', 'host keys are checked in DNS', () => facts(['VerifyHostKeyDNS=ask'])],
  ['BindInterface', 'the connection is bound to an interface', () => facts(['BindInterface=eth0'])],
  ['ProxyUseFdpass', 'the proxy command passes a file descriptor', () => facts(['ProxyUseFdpass=yes'])],
  [
    'KexAlgorithms',
    'ssh2 has none of the allowed key exchanges',
    () => facts(['KexAlgorithms=sntrup761x25519-sha512@openssh.com']),
  ],
  ['Ciphers', 'ssh2 has none of the allowed ciphers', () => facts(['Ciphers=3des-cbc'])],
  [
    'HostKeyAlgorithms',
    'ssh2 has none of the allowed host key algorithms',
    () => facts(['HostKeyAlgorithms=ssh-ed25519-cert-v01@openssh.com']),
  ],
];

const SSH2: readonly (readonly [what: string, facts: () => BackendFacts])[] = [
  ['a host nobody said anything of', () => facts()],
  [
    'options that do not touch a connection that carries programs',
    () =>
      facts([
        'Compression=yes',
        'GSSAPIAuthentication=yes',
        'HashKnownHosts=yes',
        'SendEnv=LANG',
        'ForwardAgent=yes',
        'RemoteCommand=tmux',
        'LocalForward=1234 x:1',
        'AddKeysToAgent=yes',
        'ControlMaster=auto',
      ]),
  ],
  ['a jump host or proxy command', () => facts(['ProxyJump=bastion'])],
  ['a security key beside a plain one', () => facts([], { keys: [key('security-key'), key('plain')] })],
  [
    'a plain key in the agent beside others',
    () => facts([], { agentTypes: ['ssh-ed25519', 'sk-ssh-ed25519@openssh.com'] }),
  ],
  ['an empty agent', () => facts([], { agentTypes: [] })],
  ['a password alone', () => facts(['PreferredAuthentications=password'])],
  [
    'algorithms of which ssh2 has some',
    () => facts(['KexAlgorithms=sntrup761x25519-sha512@openssh.com,curve25519-sha256', 'Ciphers=aes256-ctr']),
  ],
  ['VerifyHostKeyDNS no', () => facts(['VerifyHostKeyDNS=no'])],
];

describe('the rules', () => {
  it.each(OPENSSH)('%s: %s', (option, why, make) => {
    expect(decideBackend([make()])).toEqual({ backend: 'openssh', reason: `${option} of box: ${why}` });
  });

  it.each(SSH2)('%s is for ssh2', (_what, make) => {
    expect(decideBackend([make()]).backend).toBe('ssh2');
  });

  it('are each tested above', () => {
    const tested = new Set(OPENSSH.map(([option, why]) => `${option}: ${why}`));
    expect(BACKEND_RULES.map(({ option, why }) => `${option}: ${why}`).filter((rule) => !tested.has(rule))).toEqual([]);
  });

  it('look at the jump hosts too', () => {
    const jump = facts([], { hostAuthority: true });
    const reason = decideBackend([{ ...jump, settings: { ...jump.settings, alias: 'bastion' } }, facts()]).reason;
    expect(reason).toContain('known_hosts of bastion');
  });
});

describe("ssh's own options", () => {
  /** Every option of `ssh -G` was looked at: these our own SSH heeds, or they cannot matter to it. */
  const WITHOUT_RULE = [
    'host',
    'user',
    'hostname',
    'port',
    'identityfile',
    'identitiesonly',
    'identityagent',
    'proxyjump',
    'proxycommand',
    'hostkeyalias',
    'globalknownhostsfile',
    'userknownhostsfile',
    'stricthostkeychecking',
    'connecttimeout',
    'controlpath',
    'addressfamily',
    'bindaddress',
    'macs',
    'casignaturealgorithms',
    'batchmode',
    'numberofpasswordprompts',
    'nohostauthenticationforlocalhost',
    'connectionattempts',
    'tcpkeepalive',
    'serveralivecountmax',
    'serveraliveinterval',
    'canonicalizefallbacklocal',
    'canonicalizehostname',
    'canonicaldomains',
    'canonicalizemaxdots',
    'canonicalizepermittedcnames',
    'checkhostip',
    'compression',
    'controlmaster',
    'controlpersist',
    'enablesshkeysign',
    'clearallforwardings',
    'exitonforwardfailure',
    'fingerprinthash',
    'forwardagent',
    'forwardx11',
    'forwardx11timeout',
    'forwardx11trusted',
    'gatewayports',
    'gssapiauthentication',
    'gssapikeyexchange',
    'gssapidelegatecredentials',
    'gssapitrustdns',
    'gssapirenewalforcesrekey',
    'gssapikexalgorithms',
    'hashknownhosts',
    'hostbasedauthentication',
    'hostbasedacceptedalgorithms',
    'permitlocalcommand',
    'permitremoteopen',
    'requesttty',
    'sessiontype',
    'stdinnull',
    'forkafterauthentication',
    'streamlocalbindunlink',
    'streamlocalbindmask',
    'tunnel',
    'tunneldevice',
    'visualhostkey',
    'updatehostkeys',
    'enableescapecommandline',
    'requiredrsasize',
    'loglevel',
    'logverbose',
    'securitykeyprovider',
    'pubkeyacceptedalgorithms',
    'xauthlocation',
    'addkeystoagent',
    'escapechar',
    'ipqos',
    'rekeylimit',
    'syslogfacility',
    'pubkeyauthentication',
    'passwordauthentication',
    'kbdinteractiveauthentication',
  ];

  it('are all known here', () => {
    const names = [...facts().settings.raw.keys()];
    const ruled = new Set(BACKEND_RULES.map(({ option }) => option.toLowerCase()));
    expect(names.filter((name) => !ruled.has(name) && !WITHOUT_RULE.includes(name))).toEqual([]);
  });
});
