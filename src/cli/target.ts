/** `host` or `host/server`, as commands take it. */
import { AnywhereError } from '../base/errors.ts';

export interface Target {
  readonly host: string;
  readonly server?: string;
}

export function parseTarget(text: string): Target {
  const [host, server, ...rest] = text.split('/');
  if (host === undefined || host === '' || server === '' || rest.length > 0) {
    throw new AnywhereError('USAGE', `${text} is not a host or host/server.`, { hint: 'mcp-anywhere status' });
  }
  return server === undefined ? { host } : { host, server };
}
