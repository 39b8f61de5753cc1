// `npm run test:fuzz`: a hostile server and a hostile client at once, beside innocent ones.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HELP = `npm run test:fuzz -- [--seed N] [--seconds S]

A server and a client write random rubbish to a real daemon, the server through a real sshd. An innocent client calls an
innocent server meanwhile: every call must have its own answer, and the daemon's memory must stay level. The same calls
without the attackers come first, for a fifth of the time, to compare with.

  --seed N       what is written, in which order; left out: another each time, and printed
  --seconds S    how long; left out: 600
`;
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    seconds: { type: 'string', default: '600' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (values.help) process.stdout.write(HELP);
else {
  const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
  const env = { ...process.env, FUZZ_SEED: values.seed, FUZZ_SECONDS: values.seconds };
  process.exitCode = spawnSync(process.execPath, [vitest, 'run', 'test/fuzz/'], { stdio: 'inherit', env }).status ?? 1;
}
