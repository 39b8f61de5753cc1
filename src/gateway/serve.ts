/** `serve`: one AI client on stdio, everything in this process. */
import type { Readable, Writable } from 'node:stream';
import { systemClock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import type { ServerPlan } from '../config/plan.ts';
import { type DoorSession, openStreamDoor, type StreamDoor } from '../downstream/stream-door.ts';
import type { Gateway } from './gateway.ts';
import { type OpenOptions, openGateway } from './open.ts';
import { listenForStop } from './stop-signals.ts';

export interface ServeOptions extends OpenOptions {
  readonly input: Readable;
  readonly output: Writable;
  /** `host/server`: only this server, with its own names. For debugging and conformance suites. */
  readonly transparent?: string | undefined;
}

/** Resolves after the client left, a signal came or the parent died, when everything is closed. */
export async function serveStdio(options: ServeOptions): Promise<void> {
  const stop = listenForStop(systemClock(), process);
  try {
    const gateway = await openGateway(options);
    const stopped = stop.stopped.then((reason) => new AnywhereError('INTERRUPTED', reason));
    try {
      await serveUntil(stopped, gateway, options);
    } finally {
      await gateway.close();
    }
  } finally {
    stop.dispose();
    // An open stdin would keep the process alive.
    options.input.destroy();
  }
}

/** The session comes first: messages that wait on stdin are answered before the hosts are dialled. */
async function serveUntil(stopped: Promise<AnywhereError>, gateway: Gateway, options: ServeOptions): Promise<void> {
  if (options.transparent === undefined) {
    const door = openDoor(gateway, options, (writer) => gateway.openSession(writer));
    gateway.start();
    gateway.closeSession(door.session, await Promise.race([door.ended, stopped]));
  } else {
    const server = transparentServer(gateway, options.transparent);
    const door = openDoor(gateway, options, (writer) => gateway.openTransparentSession(writer, server));
    gateway.start();
    gateway.closeTransparentSession(door.session, await Promise.race([door.ended, stopped]));
  }
}

/**
 * The server of this `host/server`.
 * @throws AnywhereError USAGE where the hosts file has no such server, or filters its tools: transparent messages are not
 * filtered, and must not get around the hosts file
 */
export function transparentServer(gateway: Gateway, id: string): ServerPlan {
  const server = gateway.server(id);
  const { host, name, tools } = server;
  if (tools.allow.length === 0 && tools.deny.length === 0) return server;
  const text = `${host}/${name} has tools.allow or tools.deny, which --transparent cannot keep`;
  throw new AnywhereError('USAGE', text, { host, server: name, hint: 'mcp-anywhere serve' });
}

function openDoor<S extends DoorSession>(
  gateway: Gateway,
  { input, output }: ServeOptions,
  open: Parameters<typeof openStreamDoor<S>>[0]['open'],
): StreamDoor<S> {
  const { maxMessageBytes } = gateway.plan.limits;
  return openStreamDoor({ input, output, maxMessageBytes, open, clock: systemClock() });
}
