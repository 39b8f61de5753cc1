/** A recording of a terminal in asciinema's format, version 2 (https://docs.asciinema.org/manual/asciicast/v2/). */
import * as z from 'zod';

const header = z.object({
  version: z.literal(2),
  width: z.int(),
  height: z.int(),
  title: z.string(),
});

/** Seconds since the start, and what the program wrote. */
const event = z.tuple([z.number(), z.literal('o'), z.string()]);

export interface Cast {
  readonly header: z.infer<typeof header>;
  readonly events: readonly z.infer<typeof event>[];
}

export function castText({ header: head, events }: Cast): string {
  return [head, ...events].map((line) => `${JSON.stringify(line)}\n`).join('');
}

export function readCast(text: string): Cast {
  const [head = '', ...lines] = text.trimEnd().split('\n');
  return {
    header: header.parse(JSON.parse(head)),
    events: lines.map((line) => event.parse(JSON.parse(line))),
  };
}

/** Nobody wants to watch a longer pause, s. */
const LONGEST_PAUSE_S = 2;

export function withoutPauses({ header: head, events }: Cast): Cast {
  let cutS = 0;
  let lastS = 0;
  const moved = events.map(([atS, kind, text]): Cast['events'][number] => {
    cutS += Math.max(0, atS - lastS - LONGEST_PAUSE_S);
    lastS = atS;
    return [Math.round((atS - cutS) * 1000) / 1000, kind, text];
  });
  return { header: head, events: moved };
}
