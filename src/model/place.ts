/** The host and the server of an item. */
import type { Item } from './model.ts';
import type { Place } from './world.ts';

export function placeOf(item: Item): Place {
  switch (item.kind) {
    case 'host':
      return { host: item.host.name, server: undefined };
    case 'server':
      return { host: item.host.name, server: item.server.name };
    case 'tool':
      return { host: item.tool.host, server: item.tool.server };
    case 'call':
      return { host: item.call.host, server: item.call.server };
    case 'log':
      return { host: item.entry.host, server: item.entry.server };
    case 'stat': {
      const [host = '', server] = item.key.split('/');
      return { host, server };
    }
  }
}

/** As commands take it: `host` or `host/server`. */
export function targetOf(item: Item): string {
  const { host, server } = placeOf(item);
  return server === undefined ? host : `${host}/${server}`;
}
