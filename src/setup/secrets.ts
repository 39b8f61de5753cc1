/** Stored secrets, as the commands see them: the store, and what the hosts file says of secrets. */
import { AnywhereError } from '../base/errors.ts';
import type { Plan, Template } from '../config/plan.ts';
import { SecretStore } from '../config/secret-store.ts';
import { type EditPlace, type OpenHostsFile, openForEdit, textBefore } from './hosts-file.ts';
import { secretPlace } from './move-secrets.ts';
import { plainSecrets } from './secret-values.ts';

export function openStore({ env, paths }: EditPlace, signal?: AbortSignal): SecretStore {
  return new SecretStore(env, paths.stateDir, signal);
}

/** Undefined where there is no hosts file. */
export async function hostsFileIfAny(place: EditPlace): Promise<OpenHostsFile | undefined> {
  try {
    return await openForEdit(place, { creates: false });
  } catch (error) {
    if (error instanceof AnywhereError && error.code === 'CONFIG_NOT_FOUND') return undefined;
    throw error;
  }
}

/** Where the plan names stored secrets: by the name of the secret, places like `gpu1/files: TOKEN`. */
export function usesOf(plan: Plan): ReadonlyMap<string, readonly string[]> {
  const uses = new Map<string, string[]>();
  const note = ({ pieces }: Template, place: string): void => {
    for (const piece of pieces) {
      if (typeof piece === 'string' || piece.kind !== 'keychain') continue;
      const places = uses.get(piece.name) ?? [];
      if (!places.includes(place)) uses.set(piece.name, [...places, place]);
    }
  };
  for (const { host, name, env, args } of plan.hosts.flatMap(({ servers }) => servers)) {
    for (const [variable, template] of env) note(template, `${host}/${name}: ${variable}`);
    for (const [index, template] of args.entries()) note(template, `${host}/${name}: argument ${String(index + 1)}`);
  }
  return uses;
}

export interface PlainSecretsFound {
  readonly file: string;
  /** Like `gpu1/files: TOKEN`. */
  readonly places: readonly string[];
}

/** For `doctor`. Undefined where there is none, or no hosts file that can be read, which other checks report. */
export async function plainSecretsIn(place: EditPlace): Promise<PlainSecretsFound | undefined> {
  const open = await hostsFileIfAny(place).catch(() => undefined);
  const places = open === undefined ? [] : plainSecrets(textBefore(open)).map(({ path }) => secretPlace(path));
  return open === undefined || places.length === 0 ? undefined : { file: open.file, places };
}
