/** A recording of a terminal as asciicast v2 (https://docs.asciinema.org/manual/asciicast/v2/). */
import * as z from 'zod';

const header = z.strictObject({
  version: z.literal(2),
  width: z.number().int().positive(),
  height: z.number().int().positive(),
  title: z.string().optional(),
  env: z.record(z.string(), z.string()).optional(),
});
/** Seconds since the start, and what the program wrote. */
const output = z.tuple([z.number().nonnegative(), z.literal('o'), z.string()]);

export interface Cast extends z.infer<typeof header> {
  readonly events: readonly z.infer<typeof output>[];
}

/** Throws for anything else than a header and output in the order of time. */
export function parseCast(text: string): Cast {
  const [first = '', ...lines] = text.trimEnd().split('\n');
  const events = lines.map((line) => output.parse(JSON.parse(line)));
  if (events.some(([seconds], index) => seconds < (events[index - 1]?.[0] ?? 0)))
    throw new Error('The events of the cast are not in the order of time.');
  return { ...header.parse(JSON.parse(first)), events };
}

export function castText({ events, ...head }: Cast): string {
  return [head, ...events].map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** Pieces that came within this time are one event, s: nobody sees the difference. */
const GATHER_S = 0.03;

/** The same with fewer events, and without a pause that is longer than `mostSeconds`. */
export function tightened(cast: Cast, mostSeconds: number): Cast {
  const events: [number, 'o', string][] = [];
  let before = 0;
  let now = 0;
  for (const [seconds, kind, text] of cast.events) {
    const pause = seconds - before;
    before = seconds;
    now += Math.min(pause, mostSeconds);
    const last = events.at(-1);
    if (last !== undefined && now - last[0] < GATHER_S) last[2] += text;
    else events.push([Math.round(now * 1000) / 1000, kind, text]);
  }
  return { ...cast, events };
}
