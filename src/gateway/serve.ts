/** `serve`: one AI client on stdio, everything in this process. */
import type { Readable, Writable } from 'node:stream';
import { AnywhereError } from '../base/errors.ts';
import { systemClock } from '../base/clock.ts';
import { openStreamDoor } from '../downstream/stream-door.ts';
import { openGateway, type OpenOptions } from './open.ts';
import { listenForStop } from './stop-signals.ts';

export interface ServeOptions extends OpenOptions {
  readonly input: Readable;
  readonly output: Writable;
}

/** Resolves when the client is gone, a signal came or the parent died, and everything is closed. */
export async function serveStdio(options: ServeOptions): Promise<void> {
  const stop = listenForStop(systemClock(), process);
  try {
    const gateway = await openGateway(options);
    gateway.start();
    const door = openStreamDoor({
      input: options.input,
      output: options.output,
      maxMessageBytes: gateway.plan.limits.maxMessageBytes,
      open: (writer) => gateway.openSession(writer),
      instancesOf: (session) => gateway.instancesOf(session),
    });
    const stopped = stop.stopped.then((reason) => new AnywhereError('INTERRUPTED', reason));
    gateway.closeSession(door.session, await Promise.race([door.ended, stopped]));
    await gateway.close();
  } finally {
    stop.dispose();
    // Nothing is read any more; an open stdin would keep the process alive.
    options.input.destroy();
  }
}
