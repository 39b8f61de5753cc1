/** How likely a member of a pool is to answer now. */
import type { ServerUnit } from '../upstream/unit.ts';

/** Members of a rank are only chosen where there is none of a lower one. */
export const RANK = { up: 0, untried: 1, retrying: 2, refused: 3 } as const;
export type Rank = (typeof RANK)[keyof typeof RANK];

export function rankOf({ link, refusal, retired, plan }: ServerUnit): Rank {
  if (retired !== undefined || !plan.enabled) return RANK.refused;
  if (refusal !== undefined) return RANK.retrying;
  switch (link.state.kind) {
    case 'ready':
      return link.isDoubtful === true ? RANK.untried : RANK.up;
    case 'idle':
      return RANK.untried;
    case 'connecting':
      return link.state.lastCause === undefined ? RANK.untried : RANK.retrying;
    case 'waiting':
      return RANK.retrying;
    case 'refused':
    case 'closed':
      return RANK.refused;
  }
}
