/** Where a client's request goes, and what of it must be in the server's own words. */
import { AnywhereError } from '../base/errors.ts';
import type { UriAliases } from '../catalog/alias.ts';
import type { ServerPlan } from '../config/plan.ts';
import { type Span, textAt } from '../protocol/json-scan.ts';
import type { Message } from '../protocol/message.ts';
import type { ClientRequestRule } from '../protocol/methods.ts';
import type { Edit } from '../protocol/splice.ts';
import type { Router } from '../routing/router.ts';

export interface Destination {
  readonly server: ServerPlan;
  readonly edits: readonly Edit[];
}

export class Destinations {
  readonly #router: Router;
  readonly #aliases: UriAliases;

  constructor(router: Router, aliases: UriAliases) {
    this.#router = router;
    this.#aliases = aliases;
  }

  /** @throws AnywhereError TOOL_UNKNOWN where nobody offers what is asked for */
  of(request: Message, rule: ClientRequestRule): Destination {
    if (rule.kind === 'named') return this.#byName(request, rule.collection, request.param(...rule.at));
    if (rule.kind === 'uri') return this.#byUri(request, request.param(...rule.at));
    const isPrompt = request.paramText('ref', 'type') === 'ref/prompt';
    return isPrompt ? this.#byName(request, 'prompts', request.param('ref', 'name')) : this.#byUri(request, request.param('ref', 'uri'));
  }

  #byName(request: Message, collection: 'tools' | 'prompts', span: Span | undefined): Destination {
    const name = span === undefined ? undefined : textAt(request.bytes, span);
    const route = name === undefined ? undefined : this.#router.named(collection, name);
    if (span === undefined || route === undefined) throw unknown(request, name);
    return { server: route.server, edits: [{ span, text: route.originalJson }] };
  }

  #byUri(request: Message, span: Span | undefined): Destination {
    const uri = span === undefined ? undefined : textAt(request.bytes, span);
    const original = uri === undefined ? undefined : this.#aliases.toOriginal(uri);
    if (span === undefined || original === undefined) throw unknown(request, uri);
    return { server: original.server, edits: [{ span, text: JSON.stringify(original.uri) }] };
  }
}

function unknown(request: Message, what: string | undefined): AnywhereError {
  return new AnywhereError('TOOL_UNKNOWN', `${request.method}: ${what === undefined ? 'its name or uri is missing' : `unknown: ${what}`}`);
}
