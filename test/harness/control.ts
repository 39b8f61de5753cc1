/** What the commands with `--json` print, as tests read it. */
import { expect } from 'vitest';
import type * as z from 'zod';
import { PRINTED, type Printed } from '../../src/api/printed.ts';
import type { HostStatus, ServerStatus, StatusSnapshot } from '../../src/api/status.ts';
import { endDaemons } from './daemons.ts';
import { openFace } from './face.ts';
import { runProgram } from './program.ts';
import type { Sandbox } from './sandbox.ts';

/** What was printed: the form as the schema says, and nothing more. */
export function printed<F extends keyof Printed>(form: F, text: string): Printed[F] {
  const value: unknown = JSON.parse(text);
  expectExactly(PRINTED[form], value);
  return value as Printed[F];
}

/** Parsing leaves out what a schema does not name. */
export function expectExactly(schema: z.ZodType, value: unknown): void {
  expect(schema.parse(value)).toEqual(value);
}

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
  return { ...printed('status', stdout), exit: code };
}

export async function doctorOf(
  hostsFile: string,
  sandbox: Sandbox,
  host?: string,
): Promise<Printed['doctor'] & { readonly exit: number }> {
  const { code, stdout, stderr } = await runProgram(
    ['doctor', ...(host === undefined ? [] : [host]), '--json', '--config', hostsFile],
    sandbox,
    { timeoutMs: 50_000 },
  );
  if (stdout === '') throw new Error(`doctor printed nothing (exit ${code}): ${stderr}`);
  return { ...printed('doctor', stdout), exit: code };
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
