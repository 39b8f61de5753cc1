/** A registry of npm packages on loopback, which answers with the given text and counts its requests. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Registry {
  readonly url: string;
  readonly requests: readonly IncomingMessage[];
}

export async function startRegistry(answer: (response: ServerResponse) => void): Promise<Registry> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

export function withLatest(latest: unknown): (response: ServerResponse) => void {
  return (response) => response.end(JSON.stringify({ name: 'mcp-anywhere', 'dist-tags': { latest }, versions: {} }));
}
