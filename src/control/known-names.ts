/** The last known names of hosts, servers and tools, for completion where no daemon answers. Loaded on demand. */

import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { ListingCache } from '../catalog/cache.ts';
import { Catalog } from '../catalog/catalog.ts';
import { loadPlan } from '../config/load.ts';
import { type Environment, resolvePaths } from '../config/paths.ts';

export interface KnownNames {
  readonly hosts: readonly string[];
  /** `host/server` */
  readonly servers: readonly string[];
  readonly tools: readonly KnownTool[];
}

export interface KnownTool {
  /** The public name. */
  readonly name: string;
  /** As the server listed the tool; undefined where that was no JSON. */
  readonly definition: unknown;
}

export interface OfflineOptions {
  /** As `--config`. */
  readonly config: string | undefined;
  readonly env: Environment;
  readonly cwd: string;
  readonly homeDir: string;
  readonly platform: NodeJS.Platform;
}

/** The names of the hosts file and of the last listings. Throws CONFIG_*. */
export async function namesFromDisk(options: OfflineOptions): Promise<KnownNames> {
  const { config: explicit, env, cwd, homeDir, platform } = options;
  const paths = resolvePaths(env, platform, homeDir);
  const plan = await loadPlan({ env, cwd, homeDir, paths, ...(explicit === undefined ? {} : { explicit }) });
  const cache = new ListingCache(join(paths.cacheDir, 'catalog'), () => undefined);
  const catalog = new Catalog(plan, cache, systemClock());
  return {
    hosts: plan.hosts.map(({ name }) => name),
    servers: plan.hosts.flatMap(({ name, servers }) => servers.map((server) => `${name}/${server.name}`)),
    tools: [...catalog.snapshot().routes.tools].map(([name, { definition }]) => ({
      name,
      definition: parsed(definition),
    })),
  };
}

function parsed(definition: Buffer): unknown {
  try {
    return JSON.parse(definition.toString());
  } catch {
    return undefined;
  }
}
