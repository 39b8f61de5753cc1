/** The table of ssh_config(5): complete, consistent with the rules of `backend: auto`, and the same in the docs. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BACKEND_RULES } from '../../../src/link/backend-rules.ts';
import { parseSshOptions } from '../../../src/ssh/config.ts';
import { missedOptions, SSH_OPTIONS } from '../../../src/ssh/options.ts';

const KNOWN = new Set([...SSH_OPTIONS.keys()].map((name) => name.toLowerCase()));

/** The formatter aligns tables. */
function unaligned(markdown: string): string {
  return markdown
    .replaceAll(/ +/g, ' ')
    .replaceAll(/\| ?-{3,}(?= ?\|)/g, '|---')
    .replaceAll('--- |', '---|');
}

const USES: Readonly<Record<string, string>> = {
  both: 'honoured',
  openssh: "honoured; `backend: auto` takes the system's ssh",
  system: "honoured by the system's ssh only",
  ours: 'MCP-Anywhere decides',
  unused: 'not used',
};

/** docs/ssh-config.md, whole. */
function optionsDocument(): string {
  const rows = [...SSH_OPTIONS]
    .sort(([one], [other]) => one.localeCompare(other, 'en'))
    .map(([name, { use, note = '' }]) => `| \`${name}\` | ${USES[use]} | ${note} |`);
  return `# Options of ssh_config(5)

MCP-Anywhere asks \`ssh -G\` for the settings of a host. The table says how each option is treated.
\`mcp-anywhere doctor\` warns of options that a host sets and that have no effect here.

| option | treatment | remark |
|---|---|---|
${rows.join('\n')}
`;
}

describe('the options of ssh_config(5)', () => {
  it('has every option that ssh prints', () => {
    const printed = parseSshOptions(execFileSync('ssh', ['-F', 'none', '-G', 'box'], { encoding: 'utf8' }));
    expect([...printed.keys()].filter((name) => !KNOWN.has(name))).toEqual([]);
  });

  it('sends to the system’s ssh what a rule of `backend: auto` sends there', () => {
    const ruled = new Set(BACKEND_RULES.map(({ option }) => option));
    expect([...ruled]).toEqual(expect.arrayContaining(['CertificateFile', 'VerifyHostKeyDNS']));
    for (const { why, option } of BACKEND_RULES) expect(why, option).not.toBe('');
    for (const name of ruled)
      if (SSH_OPTIONS.has(name)) expect(['openssh', 'both'], name).toContain(SSH_OPTIONS.get(name)?.use);
  });

  it('is what docs/ssh-config.md says', () => {
    const docs = readFileSync(new URL('../../../docs/ssh-config.md', import.meta.url), 'utf8');
    expect(unaligned(docs)).toBe(unaligned(optionsDocument()));
  });

  it('names the variables that a program will not get, without values and without those that a distribution sets', () => {
    const text =
      'sendenv LANG LC_*\nsendenv FOO BAR B*\nsetenv TOKEN=secret\nforwardagent yes\nforwardx11 no\nremotecommand none';
    const given = { env: { BAR: 'known' }, forwardAgent: false };
    const missed = missedOptions(parseSshOptions(text), given);
    expect(missed.map((line) => line.split(' of ')[0])).toEqual(['SendEnv FOO B*', 'ForwardAgent yes']);
    expect(missed.join()).not.toContain('secret');
    const plain = parseSshOptions(execFileSync('ssh', ['-G', 'box'], { encoding: 'utf8' }));
    expect(missedOptions(plain, given)).toEqual([]);
    expect(missedOptions(parseSshOptions('forwardagent yes'), { ...given, forwardAgent: true })).toEqual([]);
  });
});
