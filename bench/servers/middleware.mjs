// The gateway as a library, with one middleware in the place where policy stands: it holds every call and lets it go.
import { serveStdio } from '../../dist/index.js';

const { env, stdin: input, stdout: output } = process;
await serveStdio({
  config: process.argv[2],
  env,
  cwd: process.cwd(),
  homeDir: env.HOME,
  input,
  output,
  middleware: [(next) => async (call) => await next(call)],
});
