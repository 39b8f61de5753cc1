/**
 * A home folder whose ~/.ssh/config names test machines. ssh itself looks into the home of the user database, so an `ssh` before
 * the real one on the PATH reads the configuration of $HOME.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeSandbox, type Sandbox } from './sandbox.ts';
import { scratch } from './scratch.ts';
import type { Sshd } from './sshd.ts';
import { sshConfigText } from './sshd-config.ts';

interface Known {
  readonly sshd: Sshd;
  readonly knownHostsFile?: string;
  readonly identityFile?: string;
  /** Reached there instead of at the sshd's own port. */
  readonly port?: number;
}

/** @param config further text for ~/.ssh/config */
export function makeSshHome(hosts: Readonly<Record<string, Known>>, config = ''): Sandbox {
  const bin = scratch();
  const ssh = ['#!/bin/sh', 'PATH=${PATH#*:}', 'exec ssh -F "$HOME/.ssh/config" "$@"', ''].join('\n');
  writeFileSync(join(bin, 'ssh'), ssh, { mode: 0o755 });
  const sandbox = makeSandbox({ PATH: `${bin}:${process.env['PATH'] ?? '/usr/bin:/bin'}` });
  const blocks = Object.entries(hosts).map(([alias, { sshd, ...other }]) =>
    sshConfigText({
      alias,
      port: other.port ?? sshd.port,
      user: sshd.user,
      identityFile: other.identityFile ?? sshd.identityFile,
      knownHostsFile: other.knownHostsFile ?? sshd.knownHostsFile,
    }),
  );
  const folder = join(sandbox.home, '.ssh');
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(join(folder, 'config'), [...blocks, config].join('\n'), { mode: 0o600 });
  return sandbox;
}

/** A login whose `npx` starts a fixture, so that no test depends on a registry. */
export function giveNpx(sshd: Sshd, server = 'echo.mjs'): void {
  const bin = join(sshd.home, 'bin');
  mkdirSync(bin, { recursive: true });
  chmodSync(bin, 0o755);
  const start = `exec '${process.execPath}' '${join(sshd.servers, server)}'`;
  writeFileSync(join(bin, 'npx'), `#!/bin/sh\necho "$@" >>"$HOME/npx.log"\n${start}\n`, { mode: 0o755 });
  writeFileSync(join(sshd.home, '.profile'), 'PATH=$HOME/bin:$PATH\n', { mode: 0o644 });
}
