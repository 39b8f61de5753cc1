/** What the commands with `--json` print, as tests read it. */
import type { DoctorStep } from '../../src/api/control.ts';
import type { HostStatus, ServerStatus, StatusSnapshot } from '../../src/api/status.ts';
import { endDaemons } from './daemons.ts';
import { openFace } from './face.ts';
import { runProgram } from './program.ts';
import type { Sandbox } from './sandbox.ts';

/** `status --json` of a daemon of its own: every host connected and every server started, or failed. */
export async function statusOf(
  hostsFile: string,
  sandbox: Sandbox,
): Promise<StatusSnapshot & { readonly exit: number }> {
  const face = await openFace(hostsFile, sandbox);
  try {
    // Its servers are up for as long as this face is there.
    await face.request('settle', { withinMs: 40_000 });
    return await printedStatus(hostsFile, sandbox);
  } finally {
    await endDaemons(sandbox.runtimeDir);
  }
}

async function printedStatus(hostsFile: string, sandbox: Sandbox): Promise<StatusSnapshot & { readonly exit: number }> {
  const { code, stdout, stderr } = await runProgram(['status', '--json', '--config', hostsFile], sandbox, {
    timeoutMs: 50_000,
  });
  if (stdout === '') throw new Error(`status printed nothing (exit ${code}): ${stderr}`);
  return { ...(JSON.parse(stdout) as StatusSnapshot), exit: code };
}

export async function doctorOf(
  hostsFile: string,
  sandbox: Sandbox,
  host?: string,
): Promise<{ readonly steps: readonly DoctorStep[]; readonly exit: number }> {
  const { code, stdout, stderr } = await runProgram(
    ['doctor', ...(host === undefined ? [] : [host]), '--json', '--config', hostsFile],
    sandbox,
    { timeoutMs: 50_000 },
  );
  if (stdout === '') throw new Error(`doctor printed nothing (exit ${code}): ${stderr}`);
  return { ...(JSON.parse(stdout) as { steps: DoctorStep[] }), exit: code };
}

export function hostIn(snapshot: StatusSnapshot, name: string): HostStatus {
  const host = snapshot.hosts.find((one) => one.name === name);
  if (host === undefined) throw new Error(`no host ${name} in the status`);
  return host;
}

export function serverIn(snapshot: StatusSnapshot, host: string, name: string): ServerStatus {
  const server = hostIn(snapshot, host).servers.find((one) => one.name === name);
  if (server === undefined) throw new Error(`no server ${host}/${name} in the status`);
  return server;
}
