/** Waiting times between attempts: doubling, capped, with full jitter on the upper half. */

export interface BackoffPlan {
  readonly initialMs: number;
  readonly maxMs: number;
}

/**
 * Milliseconds to wait before attempt `attempt` (1 is the first retry). `random` is in [0, 1).
 * The jitter keeps ten gateways from hitting one rebooted host in the same instant.
 */
export function backoffMs(plan: BackoffPlan, attempt: number, random: () => number): number {
  const ceiling = Math.min(plan.maxMs, plan.initialMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(ceiling / 2 + (ceiling / 2) * random());
}
