/**
 * `npm run bench [-- --check] [--only row[,row]] [--runs n] [--json]`
 *
 * Compares this program with plain ssh, bare node and limits, each against a baseline of the same run. `--check`
 * ends with exit code 1 when a threshold is missed.
 */
import { parseArgs } from 'node:util';
import type { Figure, Row } from './row.ts';
import { holds } from './row.ts';
import { bigResult } from './rows/big-result.ts';
import { callCompany, callLatency, callThroughput, farCallLatency } from './rows/calls.ts';
import { clientMemory } from './rows/client-memory.ts';
import { dashboard } from './rows/dashboard.ts';
import { disturbed } from './rows/disturbed.ts';
import { firstContact, knownHost } from './rows/first-call.ts';
import { fleet, thousandLaunches } from './rows/fleet.ts';
import { manyHosts, memory } from './rows/many-hosts.ts';
import { shellCall } from './rows/shell-call.ts';
import { shimStart } from './rows/shim.ts';
import { cachedList, version } from './rows/start-up.ts';
import { table } from './table.ts';
import { World } from './world.ts';

const ROWS: readonly Row[] = [
  version,
  cachedList,
  shimStart,
  shellCall,
  callLatency,
  farCallLatency,
  callThroughput,
  bigResult,
  callCompany,
  firstContact,
  knownHost,
  manyHosts,
  memory,
  clientMemory,
  dashboard,
  disturbed,
  fleet,
  thousandLaunches,
];

interface Failure {
  readonly row: string;
  readonly error: string;
}

interface Result {
  readonly figures: readonly Figure[];
  readonly failures: readonly Failure[];
}

async function measure(rows: readonly Row[], runs: number): Promise<Result> {
  const figures: Figure[] = [];
  const failures: Failure[] = [];
  for (const row of rows) {
    const world = await World.create();
    process.stderr.write(`… ${row.name}\n`);
    try {
      figures.push(...(await row.run(world, runs)));
    } catch (error) {
      failures.push({ row: row.name, error: error instanceof Error ? error.message : String(error) });
    } finally {
      await world.close();
    }
  }
  return { figures, failures };
}

function chosen(only: string | undefined): readonly Row[] {
  const names = only?.split(',');
  const unknown = names?.filter((name) => !ROWS.some((row) => row.name === name)) ?? [];
  if (unknown.length > 0)
    throw new Error(`no row ${unknown.join(', ')}; there are ${ROWS.map((row) => row.name).join(', ')}`);
  return names === undefined ? ROWS : ROWS.filter((row) => names.includes(row.name));
}

function print({ figures, failures }: Result, json: boolean): void {
  if (json) {
    const withMarks = figures.map((figure) => ({ ...figure, ok: holds(figure) ?? null }));
    process.stdout.write(
      `${JSON.stringify({ schemaVersion: 1, node: process.version, figures: withMarks, failures }, null, 2)}\n`,
    );
    return;
  }
  process.stdout.write(table(figures));
  for (const { row, error } of failures) process.stdout.write(`✖  ${row}: ${error}\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      check: { type: 'boolean', default: false },
      only: { type: 'string' },
      runs: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
    },
  });
  const result = await measure(chosen(values.only), Number(values.runs));
  print(result, values.json);
  const missed = result.failures.length > 0 || result.figures.some((figure) => holds(figure) === false);
  if (values.check && missed) process.exitCode = 1;
}

await main();
