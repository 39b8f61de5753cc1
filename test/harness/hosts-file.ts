/** Writes a hosts file, and the ssh_config it refers to, for test machines. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { scratch } from './scratch.ts';
import type { Sshd } from './sshd.ts';
import { sshConfigText } from './sshd-config.ts';

export interface ServerEntry {
  readonly command: string;
  readonly args?: readonly string[];
  readonly [more: string]: unknown;
}

export interface HostEntry {
  /** The machine; left out for a `local` one. */
  readonly sshd?: Sshd;
  /** Reached there instead of at the sshd's own port (a proxy's). */
  readonly port?: number;
  readonly identityFile?: string;
  readonly knownHostsFile?: string;
  /** Further lines for its block in the ssh_config. */
  readonly sshConfig?: readonly string[];
  readonly servers: Readonly<Record<string, ServerEntry>>;
  /** Any other key of a host. */
  readonly entry?: Readonly<Record<string, unknown>>;
}

export interface HostsFile {
  readonly path: string;
  readonly sshConfigFile: string;
  /** Writes the file again with other hosts. */
  rewrite(hosts: Readonly<Record<string, HostEntry>>, top?: Readonly<Record<string, unknown>>): void;
}

/** `top`: further keys of the file itself (naming, heartbeat, …). */
export function writeHostsFile(
  hosts: Readonly<Record<string, HostEntry>>,
  top: Readonly<Record<string, unknown>> = {},
): HostsFile {
  const folder = scratch();
  const file: HostsFile = {
    path: join(folder, 'config.yaml'),
    sshConfigFile: join(folder, 'ssh_config'),
    rewrite: (change, changedTop = top) => {
      writeFileSync(
        file.sshConfigFile,
        Object.entries(change)
          .map(([name, host]) => sshBlock(folder, name, host))
          .join('\n'),
      );
      writeFileSync(
        file.path,
        stringify({
          version: 1,
          defaults: { ssh: { configFile: file.sshConfigFile } },
          ...changedTop,
          hosts: Object.fromEntries(Object.entries(change).map(([name, host]) => [name, hostValue(host)])),
        }),
      );
    },
  };
  file.rewrite(hosts);
  return file;
}

/** A fixture of test/fixtures/servers, as the login on `sshd` starts it. */
export function fixture(
  sshd: Pick<Sshd, 'servers'>,
  name: string,
  args: readonly string[] = [],
  more: Readonly<Record<string, unknown>> = {},
): ServerEntry {
  const path = join(sshd.servers, name);
  return { command: name.endsWith('.mjs') ? process.execPath : '/bin/sh', args: [path, ...args], ...more };
}

function hostValue(host: HostEntry): Record<string, unknown> {
  return { ...(host.sshd === undefined ? { local: true } : {}), ...host.entry, servers: host.servers };
}

function sshBlock(folder: string, name: string, host: HostEntry): string {
  if (host.sshd === undefined) return '';
  const port = host.port ?? host.sshd.port;
  const block = sshConfigText({
    alias: name,
    port,
    user: host.sshd.user,
    identityFile: host.identityFile ?? host.sshd.identityFile,
    knownHostsFile: host.knownHostsFile ?? knownHosts(folder, host.sshd, port),
  });
  return block + (host.sshConfig ?? []).map((line) => `  ${line}\n`).join('');
}

function knownHosts(folder: string, sshd: Sshd, port: number): string {
  if (port === sshd.port) return sshd.knownHostsFile;
  mkdirSync(join(folder, 'known'), { recursive: true });
  const path = join(folder, 'known', String(port));
  writeFileSync(path, sshd.hostKeys.map((key) => `[127.0.0.1]:${port} ${key.publicKey}\n`).join(''));
  return path;
}
