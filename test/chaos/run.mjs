// `npm run test:chaos -- [--seed N] [--seconds S] [--cuts N]`: chaos for so long, then so many cuts.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    seconds: { type: 'string', default: '60' },
    cuts: { type: 'string', default: '1000' },
  },
});
console.log(`chaos: --seed ${values.seed} --seconds ${values.seconds} --cuts ${values.cuts}`);
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const { status } = spawnSync(process.execPath, [vitest, 'run', '--no-file-parallelism', 'test/chaos'], {
  stdio: 'inherit',
  env: {
    ...process.env,
    CHAOS_SEED: values.seed,
    CHAOS_SECONDS: values.seconds,
    CHAOS_CUTS: values.cuts,
  },
});
process.exitCode = status ?? 1;
