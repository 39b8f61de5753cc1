/**
 * Which of a server's tools are offered, and under which name. The catalog is built through this, and
 * a call finds its way only through the catalog: so what is not listed cannot be called either.
 */
import { matchesGlob } from '../base/glob.ts';
import type { ToolsPlan } from '../config/plan.ts';

/** Globs are matched against the server's own names, not the renamed ones. Deny wins. */
export function isOffered(tools: ToolsPlan, name: string): boolean {
  const matches = (glob: string): boolean => matchesGlob(glob, name);
  return (tools.allow.length === 0 || tools.allow.some(matches)) && !tools.deny.some(matches);
}

export function renamed(tools: ToolsPlan, name: string): string {
  return tools.rename.get(name) ?? name;
}
