/** A daemon without a gateway: for as many hosts and events as no machine of a test has. Its socket and protocol are real. */
import { createServer, type Socket } from 'node:net';
import type { ControlMethods, ControlNotifications } from '../../src/api/control.ts';
import { systemClock } from '../../src/base/clock.ts';
import { AnywhereError } from '../../src/base/errors.ts';
import { ControlConnection } from '../../src/control/connection.ts';
import { type Endpoint, makeOwnFolder } from '../../src/daemon/endpoint.ts';
import { answerLine, firstLine, MAX_HELLO_BYTES } from '../../src/daemon/hello.ts';

type Event = ControlNotifications['event']['event'];
type Answers = {
  readonly [M in keyof ControlMethods]?: (params: ControlMethods[M]['params']) => ControlMethods[M]['result'];
};

export interface FakeDaemon {
  /** Every face is told. */
  tell(...events: readonly Event[]): void;
  /** Methods that were asked for, in order. */
  readonly asked: readonly string[];
  stop(): Promise<void>;
}

export async function startFakeDaemon(endpoint: Endpoint, version: string, answers: Answers): Promise<FakeDaemon> {
  await makeOwnFolder(endpoint.folder);
  const faces = new Map<Socket, ControlConnection>();
  const asked: string[] = [];
  let sequence = 0;
  const answer = (method: string, params: unknown): Promise<unknown> => {
    asked.push(method);
    const found = answers[method as keyof Answers] as ((given: unknown) => unknown) | undefined;
    if (found !== undefined) return Promise.resolve(found(params));
    if (method === 'events/subscribe') return Promise.resolve({ run: 'fake', sequence, resync: false });
    if (method === 'prompt/attach') return Promise.resolve({ prompts: [] });
    return Promise.reject(new AnywhereError('USAGE', `this daemon does not know ${method}`));
  };
  const welcome = async (socket: Socket): Promise<void> => {
    await firstLine(socket, MAX_HELLO_BYTES, AbortSignal.timeout(5000));
    socket.write(answerLine({ ok: true, version, pid: process.pid }));
    const handlers = { request: answer, notification: () => undefined };
    faces.set(socket, new ControlConnection(socket, handlers, systemClock()));
  };
  const server = createServer((socket) => {
    socket.on('error', () => undefined).on('close', () => faces.delete(socket));
    welcome(socket).catch(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(endpoint.socket, resolve));
  return {
    asked,
    tell: (...events) => {
      for (const event of events) {
        sequence += 1;
        for (const face of faces.values()) face.notify('event', { sequence, event });
      }
    },
    stop: () =>
      new Promise((resolve) => {
        for (const socket of faces.keys()) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
