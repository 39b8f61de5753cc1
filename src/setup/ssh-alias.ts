/** Whether ssh knows more of a name than the name itself. */
import { isIP } from 'node:net';
import { AnywhereError } from '../base/errors.ts';
import type { Environment } from '../config/paths.ts';
import type { SshPlan } from '../config/plan.ts';
import { resolveSshSettings } from '../ssh/config.ts';

/** A hint where `ssh -G` says nothing about a short name: the name may be misspelt, or known to the network alone. */
export async function aliasHint(
  ssh: SshPlan,
  deps: { readonly env: Environment; readonly homeDir: string },
): Promise<string | undefined> {
  if (ssh.host !== undefined || /[.:]/.test(ssh.alias) || isIP(ssh.alias) !== 0) return undefined;
  try {
    const { hostname, withoutSsh } = await resolveSshSettings(ssh, deps);
    if (withoutSsh !== undefined || hostname !== ssh.alias) return undefined;
    return `~/.ssh/config says nothing of ${ssh.alias}, so ssh looks the name up in the network. If the machine is elsewhere, remove the host and add it again with --ssh user@address`;
  } catch (error) {
    return error instanceof AnywhereError ? `${error.message}; ${error.hint}` : undefined;
  }
}
