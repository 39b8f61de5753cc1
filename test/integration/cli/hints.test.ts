/** The command that an error names as the next step, run as it is printed. */
import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { AnywhereError, ERROR_CODES, type ErrorCode, EXIT, reportOf } from '../../../src/base/errors.ts';
import { formatError } from '../../../src/cli/report.ts';
import { chooseStyle } from '../../../src/cli/style.ts';
import { openFace } from '../../harness/face.ts';
import { writeHostsFile } from '../../harness/hosts-file.ts';
import { BIN } from '../../harness/program.ts';
import { makeSandbox } from '../../harness/sandbox.ts';
import { scratch } from '../../harness/scratch.ts';
import { startSshd } from '../../harness/sshd.ts';

/** The commands of this program in a text: to the end of the line, a separator, or a closing mark. */
function commandsIn(text: string): readonly string[] {
  return [...text.matchAll(/\bmcp-anywhere (?:--|[a-z])[^`;\n]*?(?=`|;|\n|, |$)/g)].map(([command]) => command.trim());
}

function run(command: string, options: { readonly env: NodeJS.ProcessEnv; readonly cwd: string }): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile('/bin/sh', ['-c', `${command} </dev/null`], options, (_error, _stdout, stderr) => {
      resolve({ code: child.exitCode, stderr });
    });
  });
}

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

it('leads somewhere, for each error code, with the hosts file that was given', { timeout: 240_000 }, async () => {
  const sshd = await startSshd();
  const echo = { command: process.execPath, args: [join(sshd.servers, 'echo.mjs')] };
  const file = writeHostsFile({ box: { sshd, servers: { echo } } }).path;
  const sandbox = makeSandbox();
  const folder = join(scratch(), 'bin');
  mkdirSync(folder);
  symlinkSync(BIN, join(folder, 'mcp-anywhere'));
  const env = { ...sandbox.env, PATH: `${folder}:${sandbox.env['PATH'] ?? ''}` };
  mkdirSync(join(sandbox.home, '.cursor'));
  await openFace(file, sandbox);
  const style = chooseStyle({ config: file, color: false, isTTY: false, env: {} });
  const commands = Object.keys(ERROR_CODES).flatMap((code) =>
    commandsIn(
      formatError(reportOf(new AnywhereError(code as ErrorCode, 'broken', { host: 'box', server: 'echo' })), style),
    ),
  );
  expect(commands).toContain(`mcp-anywhere --config ${file} logs box/echo`);

  for (const command of new Set(commands)) {
    // Without a terminal nobody can agree to a change or to a file.
    const asked = command
      .replace(/ install$/, ' install --dry-run')
      .replace(/ support-bundle$/, ' support-bundle --print')
      .replace(/ config trust\b.*/, '$& --yes');
    const { code, stderr } = await run(asked, { env, cwd: sandbox.home });
    expect(code, `${command}\n${stderr}`).toBe(EXIT.ok);
  }
});
