/** `explain <pool>`: who of a pool takes calls, how it is chosen, and why the others do not. */

import type { Explanation, PoolMemberStatus, PoolStatus, StatusSnapshot } from '../api/control.ts';
import type { ErrorReport } from '../base/errors.ts';

const STRATEGIES: Readonly<Record<PoolStatus['strategy'], string>> = {
  'least-busy': 'each call goes to the less busy and quicker of two members taken at random',
  'round-robin': 'calls go to each member in turn',
  fastest: 'calls go to the member that has been quickest lately',
  failover: 'calls go to the first member that is up',
  sticky: 'all calls of a client go to one member while it is up',
};

const STATES: Readonly<Record<PoolMemberStatus['state'], string>> = {
  up: 'up',
  untried: 'not connected yet',
  retrying: 'down, and is tried again',
  refused: 'refused, and waits for you',
  disabled: 'switched off',
};

export function explainPool(pool: PoolStatus, status: StatusSnapshot): Explanation {
  const up = pool.members.filter(({ state }) => state === 'up').length;
  const causes = pool.members.flatMap((member) => causesOf(member, status));
  const [first] = causes;
  return {
    title: `pool ${pool.name}: ${up} of ${pool.members.length} members up, ${pool.tools} tools`,
    lines: [
      `${pool.strategy}: ${STRATEGIES[pool.strategy]}${pool.pin ? '; run_on chooses the host' : ''}`,
      ...pool.members.map((member) => memberLine(member, pool)),
      ...causes.map(causeLine),
    ],
    causes,
    ...(first === undefined ? {} : { hint: first.hint }),
  };
}

function memberLine(
  { host, server, state, tools, inFlight, latencyMs, share }: PoolMemberStatus,
  pool: PoolStatus,
): string {
  return [
    `member ${host}/${server}: ${STATES[state]}`,
    ...(tools === pool.tools ? [] : [`answers ${tools} of ${pool.tools} tools`]),
    ...(inFlight === 0 ? [] : [`${inFlight} calls under way`]),
    ...(latencyMs === undefined ? [] : [`takes ${latencyMs.toFixed(0)} ms lately`]),
    ...(share === 1 ? [] : [`has just come back and takes ${Math.round(share * 100)} % of its share`]),
  ].join(', ');
}

/** Some messages say the place themselves. */
function causeLine({ message, code, host = '', server = '' }: ErrorReport): string {
  const place = `${host}/${server}: `;
  return `${message.startsWith(place) ? '' : place}${message} (${code})`;
}

/** What keeps it from taking calls, or from taking those of a tool. */
function causesOf(
  { host: hostName, server: name }: PoolMemberStatus,
  { hosts }: StatusSnapshot,
): readonly ErrorReport[] {
  const host = hosts.find((one) => one.name === hostName);
  const server = host?.servers.find((one) => one.name === name);
  const all = [host?.cause, server?.cause, ...(server?.problems ?? [])];
  const placed = all.flatMap((cause) => (cause === undefined ? [] : [{ ...cause, host: hostName, server: name }]));
  return placed.filter((cause, index) => placed.findIndex((other) => other.message === cause.message) === index);
}
