// `npm run test:chaos`: random faults for a time, and then so many cuts.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HELP = `npm run test:chaos -- [--seed N] [--seconds S] [--through process|daemon] [--cuts N]

Random faults against real sshds and servers while clients call: lines are cut, reset, silent and slow; servers crash and
hang; the hosts file changes; the daemon is killed, stopped and frozen, shims are killed. Every call must have its own
answer, once and in time; nothing unsafe is done twice, and nothing is left behind.

  --seed N       what happens, in which order; left out: another each time, and printed
  --seconds S    how long; left out: 60
  --through W    process: the program in the test's process; daemon: shims in front of a daemon; left out: both
  --cuts N       after that the line is cut N times, and what is held compared; left out: 1000, with --through none
`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    seconds: { type: 'string', default: '60' },
    through: { type: 'string' },
    cuts: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

/** Names of the test files; undefined: a way that there is not. */
function filesFor({ through, cuts }) {
  const isWay = through === undefined || ['process', 'daemon'].includes(through);
  const isCut = through === undefined || cuts !== undefined;
  return isWay ? [`through-${through ?? ''}`, ...(isCut ? ['cuts', 'early'] : [])] : undefined;
}

function run(files) {
  const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
  const paths = files.map((name) => `test/chaos/${name}`);
  const { status } = spawnSync(process.execPath, [vitest, 'run', '--no-file-parallelism', ...paths], {
    stdio: 'inherit',
    env: {
      ...process.env,
      CHAOS_SEED: values.seed,
      CHAOS_SECONDS: values.seconds,
      CHAOS_CUTS: values.cuts ?? '1000',
    },
  });
  return status ?? 1;
}

const files = filesFor(values);
if (values.help || files === undefined) (values.help ? process.stdout : process.stderr).write(HELP);
if (files === undefined) process.exitCode = 2;
else if (!values.help) process.exitCode = run(files);
