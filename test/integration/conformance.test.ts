/**
 * The official conformance suites, scenario by scenario: against a fixture server directly, and against the same
 * server behind `serve --transparent` over a real sshd. Whatever passes directly passes through.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Check, conformance, serverScenarios } from '../harness/conformance.ts';
import { writeHostsFile } from '../harness/hosts-file.ts';
import { type HttpBridge, startHttpBridge } from '../harness/http-bridge.ts';
import { BIN } from '../harness/program.ts';
import { makeSandbox } from '../harness/sandbox.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { proves } from '../requirements.ts';

const FIXTURE = fileURLToPath(new URL('../fixtures/servers/conformance.mjs', import.meta.url));

const scenarios = await serverScenarios();
const rows: string[] = [];
let sshd: Sshd;
let direct: HttpBridge;
let through: HttpBridge;
let before: ReadonlyMap<string, readonly Check[]>;
let after: ReadonlyMap<string, readonly Check[]>;

beforeAll(async () => {
  sshd = await startSshd();
  const { env } = makeSandbox();
  const server = { command: process.execPath, args: [FIXTURE] };
  const hosts = writeHostsFile({ box: { sshd, servers: { fixture: server } } });
  const serve = [BIN, 'serve', '--in-process', '--config', hosts.path, '--transparent', 'box/fixture'];
  direct = await startHttpBridge({ ...server, env });
  through = await startHttpBridge({ command: process.execPath, args: serve, env });
  [before, after] = await Promise.all([conformance(direct.url, scenarios), conformance(through.url, scenarios)]);
}, 180_000);

afterAll(async () => {
  await Promise.all([direct.stop(), through.stop()]);
  await sshd.stop();
  console.log(['scenario · directly · through', ...rows].join('\n'));
});

describe('conformance', () => {
  it('has scenarios', () => {
    expect(scenarios.length).toBeGreaterThanOrEqual(30);
  });

  it.each(scenarios)(proves('%s passes through as it passes directly', 'conformance', 'transparent'), (scenario) => {
    const [own, passed] = [before.get(scenario) ?? [], after.get(scenario) ?? []];
    rows.push(`${scenario} · ${figures(own)} · ${figures(passed)}`);
    expect(own.length).toBeGreaterThan(0);
    expect(
      own.filter(({ status }) => status === 'FAILURE'),
      'the fixture itself',
    ).toEqual([]);
    expect(outcomes(passed), through.stderr()).toEqual(outcomes(own));
  });
});

function outcomes(checks: readonly Check[]): Record<string, string> {
  return Object.fromEntries(
    checks.map(({ id, status, errorMessage }) => [id, [status, errorMessage].join(' ').trim()]),
  );
}

function figures(checks: readonly Check[]): string {
  const count = (status: Check['status']): number => checks.filter((check) => check.status === status).length;
  const warned = count('WARNING');
  return `${count('SUCCESS')}/${checks.length}${warned === 0 ? '' : ` (${warned} warned)`}`;
}
