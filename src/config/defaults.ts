/** Defaults of the hosts file. The example file and `schema.ts` state the same figures. */

export const DEFAULTS = {
  server: {
    timeoutMs: 60_000,
    totalTimeoutMs: 14_400_000,
    startTimeoutMs: 120_000,
    idleMs: 1_800_000,
    pingMs: 60_000,
  },
  ssh: { connectTimeoutMs: 20_000 },
  naming: { maxLength: 48, titles: 'place' },
  catalog: { ttlMs: 300_000 },
  reconnect: { initialMs: 250, maxMs: 30_000 },
  heartbeat: { intervalMs: 5_000, leaseMs: 60_000 },
  limits: {
    maxMessageBytes: 256 * 1024 * 1024,
    callsPerServer: 256,
    waitingPerServer: 1_024,
    requestsPerClient: 2_048,
    serverRequests: 64,
    definitionBytes: 256 * 1024,
    definitionDepth: 64,
    listingBytes: 16 * 1024 * 1024,
    listingItems: 20_000,
    listingPages: 1_000,
    dials: 8,
    launches: 8,
    logLinesPerSecond: 500,
    logFileBytes: 5 * 1024 * 1024,
  },
} as const;
