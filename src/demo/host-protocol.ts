/** What the demo and its hosts (child processes) say to each other: one JSON line each way. */
import * as z from 'zod';

/** First line on the host's stdin. Its stdin then stays open for as long as the demo lives. */
export const hostSettings = z.object({
  name: z.string(),
  /** The login's own folder; the host key is kept beside it. */
  home: z.string(),
  hostKeyFile: z.string(),
  /** One line as in authorized_keys. */
  authorizedKey: z.string(),
  /** 0: any free one. */
  port: z.number().int(),
  /** Removed by a host whose demo was killed. */
  demoFolder: z.string(),
});
export type HostSettings = z.infer<typeof hostSettings>;

/** The host's only line on stdout: it accepts connections. */
export const hostReady = z.object({
  port: z.number().int(),
  /** One line as in known_hosts, without the host's name. */
  hostKey: z.string(),
});
export type HostReady = z.infer<typeof hostReady>;
