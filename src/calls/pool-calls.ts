/**
 * The calls of a pool's tools: each goes to one member, and from one that failed to another. What was never sent
 * moves on; what may have been carried out does so only where that does no harm, and once.
 */
import type { Clock } from '../base/clock.ts';
import { AnywhereError, asAnywhereError, type ErrorCode } from '../base/errors.ts';
import { PIN_ARGUMENT } from '../catalog/pin-argument.ts';
import type { PooledTool, Route } from '../catalog/route.ts';
import type { Message } from '../protocol/message.ts';
import type { CallHandler, ToolCall } from './call.ts';
import { outcomeOf } from './outcome.ts';
import { pinnedHost } from './pinned.ts';
import type { Pools } from './pools.ts';
import { type Repeat, type RepeatReason, repeatOf, whyAgain } from './repetition.ts';
import type { Router } from './router.ts';

interface PoolCallDeps {
  readonly clock: Clock;
  readonly router: Router;
  readonly pools: Pools;
  /** Takes the call to the member it is aimed at. */
  readonly send: CallHandler;
  readonly onRepeat: (repeat: Repeat) => void;
}

/** A member that is down is found out within seconds: a call must not go through a hundred of them. */
const MAX_ATTEMPTS = 3;

/** @throws AnywhereError of the last member that was tried */
export async function callPool(call: ToolCall, tool: PooledTool, deps: PoolCallDeps): Promise<Message> {
  const host = pinnedHost(call, tool);
  const failed = new Map<Route, AnywhereError>();
  let isRepeated = false;
  let moving: Repeat | undefined;
  for (;;) {
    const member = deps.pools.choose(tool, { owner: call.caller.owner, host, failed: new Set(failed.keys()) });
    if (member === undefined) throw [...failed.values()].at(-1) ?? noMember(tool, host);
    if (moving !== undefined) deps.onRepeat(moving);
    call.aim(member);
    try {
      return await attempt(call, deps);
    } catch (thrown) {
      const error = placed(asAnywhereError(thrown), member);
      failed.set(member, error);
      const why = failed.size < MAX_ATTEMPTS ? movingReason(call, error) : undefined;
      if (why === undefined || (why === 'safe' && isRepeated)) throw error;
      isRepeated ||= why === 'safe';
      moving = repeatOf(call, member.server, why, error);
    }
  }
}

async function attempt(call: ToolCall, { clock, router, pools, send }: PoolCallDeps): Promise<Message> {
  const load = pools.load(call.route);
  // How long a server takes to start says nothing about how quick it is.
  const isUp = router.ready(call.route.server, call.caller.owner) !== undefined;
  const startedMs = clock.monotonic();
  const ended = (outcome: unknown): void => {
    const nowMs = clock.monotonic();
    const kind = outcomeOf(outcome);
    const latencyMs = isUp && kind !== 'cancelled' ? nowMs - startedMs : undefined;
    load.ended(kind === 'ok' || kind === 'cancelled', latencyMs, nowMs);
  };
  load.began();
  try {
    const reply = await send(call);
    ended(reply);
    return reply;
  } catch (error) {
    ended(error);
    throw error;
  }
}

/** Says that the server was given nothing of the call. */
const UNSENT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'HOST_UNREACHABLE',
  'HOST_BUSY',
  'HOST_TIMEOUT',
  'LINK_LOST',
  'CHANNEL_REFUSED',
  'SSH_CONFIG',
  'SSH_MISSING',
  'SSH_NEGOTIATION',
  'AUTH_FAILED',
  'KEY_UNUSABLE',
  'HOST_KEY_UNKNOWN',
  'HOST_KEY_CHANGED',
  'HOST_KEY_REVOKED',
  'SERVER_START_FAILED',
  'COMMAND_NOT_FOUND',
  'CWD_MISSING',
  'SERVER_START_TIMEOUT',
  'SERVER_EXITED',
  'SERVER_STOPPED',
  'SERVER_PROTOCOL',
  'SERVER_HUNG',
  'LIMIT_REACHED',
]);

function movingReason(call: ToolCall, error: AnywhereError): RepeatReason | undefined {
  if (call.isCancelled) return undefined;
  if (error.isUnsent || UNSENT.has(error.code)) return 'unsent';
  const { cause } = error;
  return error.code === 'OUTCOME_UNKNOWN' && cause instanceof AnywhereError ? whyAgain(call, cause) : undefined;
}

function placed(error: AnywhereError, { server, original }: Route): AnywhereError {
  return error.at({ host: server.host, server: server.name, tool: original });
}

function noMember({ plan, members }: PooledTool, host: string | undefined): AnywhereError {
  const hosts = [...new Set(members.map(({ server }) => server.host))];
  const what = host === undefined ? 'has no member that' : `has no member on ${JSON.stringify(host)} that`;
  return new AnywhereError('TOOL_UNKNOWN', `pool ${plan.name} ${what} offers this tool`, {
    hint: `choose one of ${hosts.join(', ')} with ${PIN_ARGUMENT}, or none`,
  });
}
