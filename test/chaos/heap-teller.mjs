// Loaded into a program under test: at SIGUSR2 it collects its garbage, and writes down how many bytes are left.
import { renameSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

process.on('SIGUSR2', () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc');
  gc();
  gc();
  const file = `${process.env.XDG_RUNTIME_DIR}/heap-${process.pid}`;
  writeFileSync(`${file}.tmp`, String(process.memoryUsage().heapUsed));
  renameSync(`${file}.tmp`, file);
});
