/** From a recording to the frames of a picture: the states that stood long enough to be read. */
import headless from '@xterm/headless';
import type { Cast } from './cast.ts';
import { type Frame, frameOf } from './svg.ts';

/** A state that is replaced sooner is not read, s. */
const READABLE_S = 0.6;

export async function framesOf({ header: { width, height }, events }: Cast): Promise<readonly Frame[]> {
  const terminal = new headless.Terminal({ cols: width, rows: height, allowProposedApi: true });
  const frames: Frame[] = [];
  for (const [at, [atS, , text]] of events.entries()) {
    await new Promise<void>((resolve) => {
      terminal.write(text, resolve);
    });
    const nextS = events[at + 1]?.[0] ?? Number.POSITIVE_INFINITY;
    if (nextS - atS >= READABLE_S) frames.push(frameOf(terminal, atS));
  }
  terminal.dispose();
  return frames;
}
