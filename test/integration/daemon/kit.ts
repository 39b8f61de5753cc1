/** A daemon of a test's own, and clients of it. */
import { join } from 'node:path';
import type { Endpoint } from '../../../src/daemon/endpoint.ts';
import type { Hello } from '../../../src/daemon/hello.ts';
import {
  clientAt,
  type DaemonTestOptions,
  helloFor,
  servingDaemon,
  type TestDaemon,
} from '../../harness/daemon-process.ts';
import { writeHostsFile } from '../../harness/hosts-file.ts';
import { initialize } from '../../harness/program.ts';
import type { RawClient } from '../../harness/raw-client.ts';
import { makeSandbox, type Sandbox } from '../../harness/sandbox.ts';

export const SERVERS = new URL('../../fixtures/servers/', import.meta.url).pathname;

/** A hosts file with one server, `here/one`, on this machine. */
export function localHostsFile(name: string, more: object = {}): string {
  const server = { command: process.execPath, args: [join(SERVERS, name)], ...more };
  return writeHostsFile({ here: { entry: { local: true }, servers: { one: server } } }).path;
}

export interface DaemonUnderTest {
  readonly sandbox: Sandbox;
  readonly daemon: TestDaemon;
  readonly endpoint: Endpoint;
  /** With this environment beside the sandbox's. */
  readonly hello: (role: Hello['role'], env?: Readonly<Record<string, string>>) => Hello;
  /** Initialized. */
  readonly client: (env?: Readonly<Record<string, string>>) => Promise<RawClient>;
}

export async function daemonOf(file: string, options: DaemonTestOptions = {}): Promise<DaemonUnderTest> {
  const sandbox = makeSandbox();
  const daemon = await servingDaemon(file, sandbox, options);
  const { endpoint } = daemon;
  return {
    sandbox,
    daemon,
    endpoint,
    hello: (role, env = {}) => helloFor(role, file, sandbox, env),
    client: async (env = {}) => {
      const client = clientAt(endpoint, helloFor('mcp', file, sandbox, env));
      await initialize(client);
      return client;
    },
  };
}
