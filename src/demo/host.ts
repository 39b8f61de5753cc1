/**
 * One machine of the demo, as a process: `node host.js`, settings on the first line of stdin.
 *
 * It lives exactly as long as its stdin is open, so that nothing of the demo outlives it, however it ends.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { sleep, systemClock } from '../base/clock.ts';
import { type HostReady, type HostSettings, hostSettings } from './host-protocol.ts';
import { makeDemoKey, publicLineOf } from './key.ts';
import { DemoSshd } from './sshd.ts';

/** The time other processes of a killed demo need to end before its folder can go, milliseconds. */
const ORPHAN_GRACE_MS = 6000;

/** The host's private key: made at the first start, the same ever after. */
async function hostKey(file: string): Promise<string> {
  const kept = await readFile(file, 'utf8').catch(() => undefined);
  if (kept !== undefined) return kept;
  const { privateKey } = makeDemoKey();
  await writeFile(file, privateKey, { mode: 0o600 });
  return privateKey;
}

/** The PATH of the demo machine holds the system's folders in any case: the demo may run with Node alone on its PATH. */
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
  // Looked out for from the start: the demo may be gone before its host is ready.
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

/** Nobody else is left who would. */
async function removeLater(folder: string): Promise<void> {
  await sleep(systemClock(), ORPHAN_GRACE_MS);
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}

// A terminal's Ctrl-C reaches the whole group; the demo itself decides when its hosts end.
process.on('SIGINT', () => undefined);
await main();
