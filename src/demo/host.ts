/**
 * One machine of the demo, as a process: `node host.js`, settings on the first line of stdin.
 *
 * The process ends when its stdin closes, so that no host outlives the demo, however the demo ends.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { sleep, systemClock } from '../base/clock.ts';
import { type HostReady, type HostSettings, hostSettings } from './host-protocol.ts';
import { makeDemoKey, publicLineOf } from './key.ts';
import { DemoSshd } from './sshd.ts';

/** The time that other processes of a killed demo need to end, before the folder is removed, ms. */
const ORPHAN_GRACE_MS = 6000;

/** The private key of the host, made at the first start and kept. */
async function hostKey(file: string): Promise<string> {
  const kept = await readFile(file, 'utf8').catch(() => undefined);
  if (kept !== undefined) return kept;
  const { privateKey } = makeDemoKey();
  await writeFile(file, privateKey, { mode: 0o600 });
  return privateKey;
}

/** The PATH always holds the folders of the system, because the PATH of the demo itself can hold only Node. */
function loginOf(settings: HostSettings): { home: string; env: Record<string, string> } {
  const env = { HOME: settings.home, USER: 'demo', LOGNAME: 'demo', SHELL: '/bin/sh', DEMO_HOST: settings.name };
  const folders = [process.env['PATH'] ?? '', '/usr/bin:/bin'].filter((part) => part !== '');
  return { home: settings.home, env: { ...env, PATH: folders.join(':') } };
}

async function serve(settings: HostSettings): Promise<DemoSshd> {
  const key = await hostKey(settings.hostKeyFile);
  const { port, authorizedKey } = settings;
  const sshd = new DemoSshd({ port, hostKey: key, authorizedKey, login: loginOf(settings) });
  const ready: HostReady = { port: await sshd.listen(), hostKey: publicLineOf(key) ?? '' };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  return sshd;
}

async function main(): Promise<void> {
  const lines = createInterface({ input: process.stdin });
  // Listens from the start, because the demo can end before its host is ready.
  const orphaned = new Promise<undefined>((resolve) => {
    lines.once('close', () => {
      resolve(undefined);
    });
  });
  const first = await Promise.race([new Promise<string>((resolve) => lines.once('line', resolve)), orphaned]);
  if (first === undefined) return;
  const settings = hostSettings.parse(JSON.parse(first));
  const sshd = await serve(settings);
  const stopped = new Promise<'stopped'>((resolve) => {
    process.once('SIGTERM', () => {
      resolve('stopped');
    });
  });
  const why = await Promise.race([stopped, orphaned]);
  sshd.cutPower();
  process.stdin.destroy();
  if (why !== 'stopped') await removeLater(settings.demoFolder);
}

/** Nobody else is left to remove the folder. */
async function removeLater(folder: string): Promise<void> {
  await sleep(systemClock(), ORPHAN_GRACE_MS);
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}

// Ctrl-C and the end of a terminal reach the whole process group, but the demo decides when its hosts end.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
await main();
