import { describe, expect, it } from 'vitest';
import { END, endWith, LARGE, type LargeKit, largeKit, opening, type ServerKit } from './large-answer-kit.ts';

/** What the client can make of a line: whose answer it is and what it says, or that it is none. */
function read(line: string): unknown {
  if (line === '') return '';
  let answer: { id: number; result: { content?: { text: string }[]; isError?: boolean } };
  try {
    answer = JSON.parse(line) as typeof answer;
  } catch {
    return 'cut off';
  }
  const { id, result } = answer;
  const [text] = result.content?.map((block) => block.text) ?? [];
  if (result.isError === true) return [id, /\(([A-Z_]+)\)/u.exec(text ?? '')?.[1]];
  return [id, text === undefined ? 'empty' : text.length];
}

const reads = (kit: LargeKit): unknown[] => kit.lines().map(read);

/** Begun: the client has its beginning. Behind it there is no newline yet. */
const isBegun = (kit: LargeKit): boolean => kit.lines().at(-1)?.includes('"text":"xxx') === true;

/** Whether anything still counts time, long after all calls were over. */
function timersLeft({ clock }: LargeKit): number {
  clock.advance(10 * 3_600_000);
  return clock.pending;
}

/** The call 41, and the larger part of its answer. */
async function begun(kit: LargeKit, server: ServerKit, isIdFirst = true): Promise<void> {
  await kit.call(41);
  await server.say(opening(isIdFirst ? server.ids().at(-1) : undefined));
  await server.sayLarge();
  expect(isBegun(kit)).toBe(true);
}

describe('an answer that leaves while it comes', () => {
  it('is whole, and what was answered meanwhile follows', async () => {
    const kit = largeKit();
    const server = kit.startServer();
    await begun(kit, server);
    await kit.ping(5);
    expect(kit.clientPeer.heldBytes).toBeGreaterThan(0);
    await server.say(END);
    expect(reads(kit)).toEqual([[41, LARGE], [5, 'empty'], '']);
    expect(timersLeft(kit)).toBe(0);
  });

  it('waits for its end where another one might have to wait behind it', async () => {
    const kit = largeKit();
    const server = kit.startServer();
    await kit.call(41);
    await kit.call(42);
    const [first, second] = server.ids();
    await server.say(opening(first));
    await server.sayLarge();
    expect(reads(kit)).toEqual(['']);
    await server.say(`${END}${opening(second)}own${END}`);
    expect(reads(kit)).toEqual([[41, LARGE], [42, 3], '']);
  });

  it('is whole too where the call was made once more, on another instance', async () => {
    const kit = largeKit();
    const lost = kit.startServer();
    await kit.call(41);
    const next = kit.startServer();
    await lost.lose();
    await next.say(opening(next.ids()[0]));
    await next.sayLarge();
    expect(isBegun(kit)).toBe(true);
    await next.say(END);
    expect(reads(kit)).toEqual([[41, LARGE], '']);
  });

  it('is over as soon as another one begins for its call', async () => {
    const kit = largeKit();
    const server = kit.startServer(2 * LARGE);
    await begun(kit, server, false);
    // Over the limit, and nothing at its ends says whose it was.
    await server.sayLarge(2 * LARGE);
    await server.say(END + opening(server.ids()[0]));
    await server.sayLarge();
    expect(isBegun(kit)).toBe(true);
    expect(kit.clock.pending).toBe(2);
    await server.say(END);
    expect(reads(kit)).toEqual(['cut off', [41, LARGE], '']);
    expect(timersLeft(kit)).toBe(0);
  });
});

describe('an answer whose id stands at its end', () => {
  it.each([
    ['leaves while it comes, where it can be one only', 'session', false, true],
    ['waits for its end, once a call was given up that the server has', 'session', true, false],
    ['waits for its end, where the server has other clients', 'shared', false, false],
  ] as const)('%s', async (_what, sharing, isGivenUp, expected) => {
    const kit = largeKit({ sharing });
    const server = kit.startServer();
    if (isGivenUp) {
      await kit.call(40);
      await kit.cancel(40);
    }
    await kit.call(41);
    await server.say(opening());
    await server.sayLarge();
    expect(isBegun(kit)).toBe(expected);
    if (isGivenUp) {
      await server.say(endWith(server.ids()[0] ?? 0) + opening());
      await server.sayLarge(LARGE / 2);
      expect(reads(kit)).toEqual(['']);
    }
    await server.say(endWith(server.ids().at(-1) ?? 0));
    expect(reads(kit)).toEqual([[41, isGivenUp ? LARGE / 2 : LARGE], '']);
    expect(server.strays).toHaveLength(isGivenUp ? 1 : 0);
  });
});

describe('an answer that does not go on', () => {
  it('waits for a client that does not read', async () => {
    const kit = largeKit({ reads: false });
    const server = kit.startServer();
    await kit.call(41);
    await server.say(opening(server.ids()[0]));
    await server.sayLarge();
    await kit.ping(5);
    expect([kit.clientPeer.isCongested, kit.clientPeer.heldBytes > 0]).toEqual([true, true]);
    for (let second = 0; second < 20; second += 1) await kit.pass(1000);
    await kit.read();
    await server.say(END);
    expect(reads(kit)).toEqual([[41, LARGE], [5, 'empty'], '']);
  });

  it('is given up 5 s after it was slow while another answer waits, which follows', async () => {
    const kit = largeKit();
    const server = kit.startServer();
    await begun(kit, server);
    await kit.ping(5);
    for (let second = 0; second < 5; second += 1) {
      await kit.pass(1000);
      await server.sayLarge(3_900_000);
    }
    await kit.pass(999);
    expect(kit.lines()).toHaveLength(1);
    await kit.pass(1);
    expect(reads(kit)).toEqual(['cut off', [5, 'empty'], [41, 'CALL_TIMEOUT'], '']);
    expect(timersLeft(kit)).toBe(0);
  });

  it.each([
    ['nothing waits', false, 100_000],
    ['it is not slow', true, 4_000_000],
  ])('goes on as long as %s', async (_why, isAwaited, bytesPerSecond) => {
    const kit = largeKit();
    const server = kit.startServer();
    await begun(kit, server);
    if (isAwaited) await kit.ping(5);
    // What comes until the first look counts for it.
    for (let second = 0; second < 10; second += 1) {
      await server.sayLarge(bytesPerSecond);
      await kit.pass(1000);
    }
    await server.say(END);
    const whole = [41, LARGE + 10 * bytesPerSecond];
    expect(reads(kit)).toEqual(isAwaited ? [whole, [5, 'empty'], ''] : [whole, '']);
    expect(timersLeft(kit)).toBe(0);
  });

  it('has its 5 s once more after it was fast, or nothing waited', async () => {
    const kit = largeKit();
    const server = kit.startServer();
    await begun(kit, server);
    await kit.ping(5);
    await kit.pass(5000);
    await server.sayLarge(4_000_000);
    await kit.pass(5999);
    expect(kit.lines()).toHaveLength(1);
    await server.say(END);
    expect(reads(kit)).toEqual([[41, LARGE + 4_000_000], [5, 'empty'], '']);
  });
});

describe('what is no answer at its end', () => {
  it.each([
    ['a message with a method', '"}]},"method":"sampling/createMessage","params":{}}\n', true, 1],
    ['no JSON', '"}]}} and more\n', true, 0],
    ['what would be an answer but for the colour behind it', `${END.trimEnd()}\u001B[0m\n`, true, 0],
    ['a line that breaks off', '\n', true, 0],
    ['an answer to another', endWith(977), false, 1],
  ])('%s: the call fails at once, and nothing of it is handed on', async (_what, end, isIdFirst, strays) => {
    const kit = largeKit();
    const server = kit.startServer();
    await begun(kit, server, isIdFirst);
    await kit.ping(5);
    await server.say(end);
    expect(reads(kit)).toEqual(['cut off', [5, 'empty'], [41, 'SERVER_PROTOCOL'], '']);
    expect([server.strays.length, server.requests.length]).toEqual([strays, 0]);
    expect(timersLeft(kit)).toBe(0);
  });
});

describe('in the middle of an answer', () => {
  it('another call is made, whose id is the one at its end: that call has its own answer all the same', async () => {
    const kit = largeKit();
    const server = kit.startServer();
    await begun(kit, server, false);
    await kit.call(42);
    const id = server.ids()[1] ?? 0;
    await server.say(endWith(id));
    expect(reads(kit)).toEqual(['cut off', [41, 'SERVER_PROTOCOL'], '']);
    await server.say(`${opening(id)}own${END}`);
    expect(reads(kit)).toEqual(['cut off', [41, 'SERVER_PROTOCOL'], [42, 3], '']);
  });

  it('the link is lost: it is cut off at once, and the answer to the repeat is whole', async () => {
    const kit = largeKit();
    const lost = kit.startServer();
    await begun(kit, lost);
    const next = kit.startServer();
    await lost.lose();
    await kit.ping(5);
    expect(reads(kit)).toEqual(['cut off', [5, 'empty'], '']);
    // What was on its way still comes, and is nobody's.
    await lost.sayLarge();
    await next.say(opening(next.ids()[0]));
    await next.sayLarge(LARGE / 2);
    await lost.say(END);
    await next.say(END);
    expect(reads(kit)).toEqual(['cut off', [5, 'empty'], [41, LARGE / 2], '']);
    expect(timersLeft(kit)).toBe(0);
  });

  it('the client cancels: it is cut off at once without a reply, and the next one is whole', async () => {
    const kit = largeKit();
    const server = kit.startServer();
    await begun(kit, server);
    await kit.cancel(41);
    expect(reads(kit)).toEqual(['cut off', '']);
    await server.sayLarge();
    await server.say(END);
    await kit.call(42);
    await server.say(opening(server.ids()[1]));
    await server.sayLarge(LARGE / 2);
    await server.say(END);
    expect(reads(kit)).toEqual(['cut off', [42, LARGE / 2], '']);
    expect(timersLeft(kit)).toBe(0);
  });
});
