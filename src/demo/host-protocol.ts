/** The protocol between the demo and its hosts, which are child processes: one JSON line in each direction. */
import * as z from 'zod';

/** The first line on the stdin of a host. Stdin then stays open while the demo lives. */
export const hostSettings = z.object({
  name: z.string(),
  /** The home folder of the login. */
  home: z.string(),
  hostKeyFile: z.string(),
  /** One line of authorized_keys. */
  authorizedKey: z.string(),
  /** 0: any free port. */
  port: z.number().int(),
  /** A host removes this folder after its demo was killed. */
  demoFolder: z.string(),
});
export type HostSettings = z.infer<typeof hostSettings>;

/** The only line on the stdout of a host: the host accepts connections. */
export const hostReady = z.object({
  port: z.number().int(),
  /** One line of known_hosts without the host name. */
  hostKey: z.string(),
});
export type HostReady = z.infer<typeof hostReady>;
