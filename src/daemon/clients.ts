/** What a connection of the daemon gets: a session of the gateway, one server unchanged, or the control API. */
import type { Socket } from 'node:net';
import type { AnywhereError } from '../base/errors.ts';
import type { Scope } from '../base/scope.ts';
import type { ControlHub } from '../control/hub.ts';
import { type DoorSession, openStreamDoor, type StreamDoor } from '../downstream/stream-door.ts';
import type { ClientEnvironments } from '../gateway/client-environments.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { transparentServer } from '../gateway/serve.ts';
import type { MessageWriter } from '../protocol/writer.ts';
import type { Hello } from './hello.ts';

export interface ClientDeps {
  readonly gateway: Gateway;
  readonly hub: ControlHub;
  readonly environments: ClientEnvironments;
  /** Owns background work for the clients. */
  readonly scope: Scope;
}

export interface ServedClient {
  /** The client waits for an answer. */
  readonly isBusy: () => boolean;
  /** Resolves when the client has left and everything of the client has ended. Never rejects. */
  readonly ended: Promise<void>;
}

/**
 * @param accept tells the client that the daemon serves it; not called where this throws
 * @throws AnywhereError USAGE
 */
export function serveClient(socket: Socket, hello: Hello, deps: ClientDeps, accept: () => void): ServedClient {
  const { gateway, environments, scope } = deps;
  const client = serveByRole(socket, hello, deps, accept);
  environments.arrived(hello);
  if (hello.sshAuthSock !== undefined) scope.run(retryWithAgent(gateway, hello, scope.signal));
  const leave = (): void => {
    environments.left(hello);
  };
  return { ...client, ended: client.ended.then(leave) };
}

function serveByRole(socket: Socket, hello: Hello, { gateway, hub }: ClientDeps, accept: () => void): ServedClient {
  if (hello.role === 'control') {
    accept();
    const face = hub.accept(socket, hello);
    return { isBusy: () => face.isBusy, ended: face.ended };
  }
  if (hello.transparent !== undefined) return serveTransparent(socket, hello, gateway, accept);
  accept();
  const door = openDoor(socket, gateway, (writer) => gateway.openSession(writer, { environment: hello }));
  return served(door, (cause) => {
    gateway.closeSession(door.session, cause);
  });
}

/** A client came with an ssh agent: hosts that refused every login are dialled again. Never rejects. */
async function retryWithAgent(gateway: Gateway, hello: Hello, signal: AbortSignal): Promise<void> {
  const retry = async (host: string): Promise<void> => {
    const link = gateway.link(host);
    // A dial under way may have begun without the agent.
    if (link.state.kind === 'connecting') await link.ready(signal).catch(() => undefined);
    if (!signal.aborted && link.state.kind === 'refused') gateway.askedFor(host, hello);
  };
  await Promise.all(gateway.plan.hosts.map(({ name }) => retry(name)));
}

function serveTransparent(socket: Socket, hello: Hello, gateway: Gateway, accept: () => void): ServedClient {
  const server = transparentServer(gateway, hello.transparent ?? '');
  accept();
  const door = openDoor(socket, gateway, (writer) => gateway.openTransparentSession(writer, server, hello));
  return served(door, (cause) => {
    gateway.closeTransparentSession(door.session, cause);
  });
}

function openDoor<S extends DoorSession>(
  socket: Socket,
  gateway: Gateway,
  open: (writer: MessageWriter) => S,
): StreamDoor<S> {
  return openStreamDoor({ input: socket, output: socket, maxMessageBytes: gateway.plan.limits.maxMessageBytes, open });
}

function served<S extends DoorSession & { readonly isBusy: boolean }>(
  { session, ended }: StreamDoor<S>,
  close: (cause: AnywhereError) => void,
): ServedClient {
  return { isBusy: () => session.isBusy, ended: ended.then(close) };
}
