/** What stands behind the gateway, as far as it is known: for our answer to `initialize`. */
import type { Catalog } from '../catalog/catalog.ts';
import type { ServerPlan } from '../config/plan.ts';
import type { Offer } from '../downstream/hello.ts';
import { mergedCapabilities } from '../downstream/merged-capabilities.ts';
import { joinInstructions } from './instructions.ts';

export function offerOf(catalog: Catalog, servers: readonly ServerPlan[], profile?: string): Offer {
  const enabled = servers.filter((server) => server.enabled);
  const known = enabled.map((server) => catalog.listing(server, profile)?.capabilities ?? {});
  return { instructions: joinInstructions(catalog, enabled, profile), capabilities: mergedCapabilities(known) };
}
