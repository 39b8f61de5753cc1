/** The server of a client's request, and the edits that replace public names by the server's own names. */
import { AnywhereError } from '../base/errors.ts';
import type { Destination } from '../calls/calls.ts';
import type { Router } from '../calls/router.ts';
import type { UriAliases } from '../catalog/alias.ts';
import type { Span } from '../protocol/json-scan.ts';
import type { Message } from '../protocol/message.ts';
import type { ClientRequestRule } from '../protocol/methods.ts';
import type { Tasks } from './tasks.ts';

/** Rules of requests that one server answers. */
export type ForwardedRule = Extract<ClientRequestRule, { kind: 'named' | 'uri' | 'reference' | 'task' }>;

export interface DestinationsClient {
  readonly tasks: Tasks;
  readonly profile: () => string | undefined;
}

export class Destinations {
  readonly #router: Router;
  readonly #aliases: UriAliases;
  readonly #client: DestinationsClient;

  constructor(router: Router, aliases: UriAliases, client: DestinationsClient) {
    this.#router = router;
    this.#aliases = aliases;
    this.#client = client;
  }

  /** @throws AnywhereError TOOL_UNKNOWN where no server offers the requested item */
  of(request: Message, rule: ForwardedRule): Destination {
    switch (rule.kind) {
      case 'named':
        return this.#byName(request, rule.collection, request.param(rule.at));
      case 'uri':
        return this.#byUri(request, request.param(rule.at));
      case 'task':
        return this.#byTask(request);
      case 'reference':
        return request.paramText('ref', 'type') === 'ref/prompt'
          ? this.#byName(request, 'prompts', request.param('ref', 'name'))
          : this.#byUri(request, request.param('ref', 'uri'));
    }
  }

  #byName(request: Message, collection: 'prompts', span: Span | undefined): Destination {
    const name = span === undefined ? undefined : request.text(span);
    const route = name === undefined ? undefined : this.#router.named(collection, name, this.#client.profile());
    if (span === undefined || route === undefined) throw unknown(request, name);
    return { server: route.server, edits: [{ span, text: route.originalJson }] };
  }

  #byUri(request: Message, span: Span | undefined): Destination {
    const uri = span === undefined ? undefined : request.text(span);
    const original = uri === undefined ? undefined : this.#aliases.toOriginal(uri);
    if (span === undefined || original?.server.enabled !== true) throw unknown(request, uri);
    const edits = original.uri === uri ? [] : [{ span, text: JSON.stringify(original.uri) }];
    return { server: original.server, edits, uri: original.uri };
  }

  #byTask(request: Message): Destination {
    const span = request.param('taskId');
    const alias = span && request.text(span);
    const task = this.#client.tasks.ofServers.named(alias);
    if (span === undefined || task === undefined) throw unknown(request, alias);
    const edits = [{ span, text: JSON.stringify(task.id) }];
    return { server: task.instance.server, edits, isPatient: request.method === 'tasks/result' };
  }
}

function unknown(request: Message, what: string | undefined): AnywhereError {
  return new AnywhereError(
    'TOOL_UNKNOWN',
    `${request.method}: ${what === undefined ? 'the params do not name what to use' : `unknown: ${what}`}`,
  );
}
