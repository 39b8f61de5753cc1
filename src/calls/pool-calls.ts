/**
 * A call of a pool's tool goes to one member, and after a failure to another. A call that was never sent may always move
 * on. A call that the failed member may have carried out moves on once, and only where a repetition is safe.
 */
import type { Clock } from '../base/clock.ts';
import { AnywhereError, asAnywhereError, type ErrorCode } from '../base/errors.ts';
import { PIN_ARGUMENT, type Pin, pinOf } from '../catalog/definition-edits.ts';
import type { PooledTool, Route } from '../catalog/route.ts';
import { Message } from '../protocol/message.ts';
import { joinPieces, splice } from '../protocol/splice.ts';
import { type CallHandler, outcomeOf, type ToolCall } from './call.ts';
import type { Pools } from './pools.ts';
import { type Repeat, type RepeatReason, repeatOf, whyAgain } from './repetition.ts';
import type { Router } from './router.ts';

interface PoolCallDeps {
  readonly clock: Clock;
  readonly router: Router;
  readonly pools: Pools;
  /** Sends the call to the member of its route. */
  readonly send: CallHandler;
  readonly onRepeat: (repeat: Repeat) => void;
}

/** Each attempt at a dead host takes seconds: a call must not try a hundred of them. */
const MAX_ATTEMPTS = 3;

/** @throws AnywhereError of the last attempt */
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
  // The start time of a server says nothing about the server's speed.
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

/** Errors of calls that never reached the server. */
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
  if (call.aborted) return undefined;
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

/** A member of `_meta` of tools/call, for our own commands: works for every pool, with or without `pin` in the hosts file. */
export const PIN_META = 'mcp-anywhere/host';

/** The host that the call asks for, in our argument or in `_meta`. The server does not get our argument. */
export function pinnedHost(call: ToolCall, { isPinnable }: PooledTool): string | undefined {
  const fromMeta = call.request.paramText('_meta', PIN_META);
  const pin = isPinnable ? argumentPin(call.request) : undefined;
  if (pin !== undefined) call.sent = without(call.request, pin);
  return fromMeta ?? pin?.host;
}

function argumentPin(request: Message): Pin | undefined {
  const args = request.param('arguments');
  return args === undefined ? undefined : pinOf(request.bytes, args);
}

function without(request: Message, { edit }: Pin): Message {
  const shorter = Message.parse(joinPieces(splice(request.bytes, [edit])));
  if (shorter === undefined) throw new Error('a message without one of its members is a message');
  return shorter;
}
