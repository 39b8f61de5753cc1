/** Speaks for all clients together with a server that is shared (`sharing: shared`). */
import { RPC } from '../protocol/jsonrpc.ts';
import type { Message } from '../protocol/message.ts';
import { SERVER_NOTIFICATIONS } from '../protocol/methods.ts';
import type { ClientSession } from '../downstream/session.ts';
import type { Instance, InstanceOwner } from '../upstream/instance.ts';

export interface SharedClientDeps {
  readonly sessions: () => readonly ClientSession[];
  readonly onListChanged: (instance: Instance) => void;
}

export class SharedClient implements InstanceOwner {
  readonly clientInfo: string;
  /** Nothing that needs one particular client is offered. */
  readonly capabilities = '{}';
  readonly #deps: SharedClientDeps;

  constructor(version: string, deps: SharedClientDeps) {
    this.clientInfo = JSON.stringify({ name: 'mcp-anywhere', version });
    this.#deps = deps;
  }

  serverRequest(instance: Instance, request: Message): void {
    instance.peer.replyError(request, RPC.methodNotFound, `${request.method} needs one client, and this server is shared`);
  }

  serverNotification(instance: Instance, notification: Message): void {
    const rule = SERVER_NOTIFICATIONS.get(notification.method) ?? 'pass';
    if (rule === 'relist') this.#deps.onListChanged(instance);
    else if (rule !== 'cancel') for (const session of this.#deps.sessions()) session.serverNotification(instance, notification);
  }
}
