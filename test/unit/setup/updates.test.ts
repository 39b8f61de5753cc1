/** The newest version, asked of a real HTTP server. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { isNewer, newestVersion } from '../../../src/setup/updates.ts';
import { ManualClock } from '../../harness/manual-clock.ts';
import { startRegistry, withLatest } from '../../harness/registry.ts';

const never = new AbortController().signal;

const ask = (env: Record<string, string>, version = '0.2.0'): ReturnType<typeof newestVersion> =>
  newestVersion(version, { env, clock: systemClock(), signal: never });

async function answered(answer: (response: ServerResponse) => void): ReturnType<typeof newestVersion> {
  const { url } = await startRegistry(answer);
  return await ask({ npm_config_registry: url });
}

describe('the newest version', () => {
  it.each([
    ['0.3.0', true],
    ['0.2.0', false],
    ['0.1.9', false],
  ])('%s on npm, for 0.2.0, is newer: %s', async (latest, newer) => {
    const { url, requests } = await startRegistry(withLatest(latest));
    expect(await ask({ NPM_CONFIG_REGISTRY: `${url}/` })).toEqual({ newest: latest, isNewer: newer });
    expect(requests.map(({ url: path }) => path)).toEqual(['/mcp-anywhere']);
  });

  it.each<[string, (response: ServerResponse) => void, RegExp]>([
    ['an error', (response) => response.writeHead(404).end('no'), /HTTP status 404$/],
    [
      'a redirection',
      (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
      /^asking 127.+ failed: /,
    ],
    ['no JSON', (response) => response.end('<html>'), /its answer is not JSON$/],
    ['another JSON', (response) => response.end('[]'), /names no version of mcp-anywhere$/],
    ['no version', withLatest('1.0.0\u001B[31m'), /names no version of mcp-anywhere$/],
    ['an endless answer', (response) => response.end(Buffer.alloc(5 * 1024 * 1024, 0x20)), /its answer is too long$/],
    ['half an answer', (response) => response.write('{', () => response.destroy()), /^asking 127.+ failed: /],
  ])('is not known after %s', async (_what, answer, why) => {
    expect(await answered(answer)).toEqual({ unknown: expect.stringMatching(why) as string });
  });

  it('is not known where nothing listens', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const found = await ask({ npm_config_registry: `http://127.0.0.1:${port}` });
    expect(found).toEqual({ unknown: expect.stringMatching(/ECONNREFUSED/) as string });
  });

  it('is not waited for longer than 5 s', async () => {
    const clock = new ManualClock();
    const { url, requests } = await startRegistry(() => undefined);
    const asked = newestVersion('0.2.0', { env: { npm_config_registry: url }, clock, signal: never });
    await expect.poll(() => requests.length).toBe(1);
    clock.advance(5_000);
    expect(await asked).toEqual({ unknown: expect.stringMatching(/no answer within 5 s$/) as string });
  });

  it('is not asked for any longer once the person stops', async () => {
    const stop = new AbortController();
    const { url, requests } = await startRegistry(() => undefined);
    const asked = newestVersion('0.2.0', {
      env: { npm_config_registry: url },
      clock: systemClock(),
      signal: stop.signal,
    });
    await expect.poll(() => requests.length).toBe(1);
    stop.abort(new Error('stopped'));
    await expect(asked).rejects.toThrow('stopped');
  });

  it.each([
    'http://registry.example.com/',
    'https://me:secret@registry.example.com/',
    'file:///etc/passwd',
    'nonsense',
  ])('is not asked of %s', async (registry) => {
    const found = await ask({ npm_config_registry: registry });
    expect(found).toEqual({ unknown: expect.stringMatching(/is not an https address/) as string });
    expect(JSON.stringify(found)).not.toContain('secret');
  });
});

describe('a version', () => {
  it.each([
    ['1.0.0', '0.9.9', true],
    ['1.10.0', '1.9.0', true],
    ['1.0.1', '1.0.0', true],
    ['1.0.0', '1.0.0-beta.1', true],
    ['1.0.0-beta.1', '1.0.0', false],
    ['1.0.0', '1.0.0', false],
  ])('%s is newer than %s: %s', (one, other, newer) => {
    expect(isNewer(one, other)).toBe(newer);
  });
});
