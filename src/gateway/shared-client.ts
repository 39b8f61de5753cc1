/** Represents all clients together towards a shared server (`sharing: shared`). */

import type { ClientSession } from '../downstream/session.ts';
import { relatedTask } from '../downstream/tasks.ts';
import { RPC } from '../protocol/jsonrpc.ts';
import type { Message } from '../protocol/message.ts';
import { LATEST_PROTOCOL_VERSION, LOG_LEVELS, SERVER_NOTIFICATIONS } from '../protocol/methods.ts';
import type { Instance, InstanceOwner } from '../upstream/instance.ts';

/** A client with more unread bytes gets no notifications of shared servers until it reads again. */
const MOST_UNREAD_BYTES = 4 * 1024 * 1024;

export interface SharedClientDeps {
  readonly sessions: () => readonly ClientSession[];
  readonly onListChanged: (instance: Instance) => void;
}

export class SharedClient implements InstanceOwner {
  readonly clientInfo: string;
  /** A shared server can ask no single client, so that no client capability is offered. */
  readonly capabilities = '{}';
  readonly protocolVersion = LATEST_PROTOCOL_VERSION;
  readonly #deps: SharedClientDeps;

  constructor(version: string, deps: SharedClientDeps) {
    this.clientInfo = JSON.stringify({ name: 'mcp-anywhere', version });
    this.#deps = deps;
  }

  /** The most verbose level of all clients; each session filters for its client. */
  instanceReady(instance: Instance): void {
    const asked = this.#deps.sessions().flatMap((session) => session.logLevel ?? []);
    instance.setLogLevel(LOG_LEVELS.find((level) => asked.includes(level)));
  }

  instanceEnded(instance: Instance): void {
    for (const session of this.#deps.sessions()) session.instanceEnded(instance);
  }

  serverRequest(instance: Instance, request: Message): undefined {
    instance.peer.replyError(
      request,
      RPC.methodNotFound,
      `${request.method} needs one client, and this server is shared`,
    );
  }

  serverNotification(instance: Instance, notification: Message): void {
    const rule = SERVER_NOTIFICATIONS.get(notification.method) ?? 'pass';
    if (rule === 'relist') this.#deps.onListChanged(instance);
    else if (rule !== 'cancel')
      for (const session of this.#listeners(instance, notification)) session.serverNotification(instance, notification);
  }

  /** An update of a resource goes to its subscribers, a notification of a task to the client that started the task, any other one to all clients. */
  #listeners(instance: Instance, notification: Message): readonly ClientSession[] {
    // The server works for other clients too, so that a client that reads nothing is not waited for.
    const sessions = this.#deps.sessions().filter(({ peer }) => peer.unreadBytes < MOST_UNREAD_BYTES);
    const rule = SERVER_NOTIFICATIONS.get(notification.method);
    const uri = rule === 'resource' ? notification.paramText('uri') : undefined;
    if (uri !== undefined) return sessions.filter((session) => instance.subscriptions.has(uri, session));
    const taskId = rule === 'task' ? (notification.paramText('taskId') ?? '') : relatedTask(notification);
    return taskId === undefined ? sessions : sessions.filter((session) => session.hasTask(taskId, instance));
  }
}
