/** `config path | validate | schema | trust` in the command line's grammar. */
import type { Command } from 'commander';
import type { ExitCode } from '../base/errors.ts';
import { confirmed } from './ask.ts';
import type { ConfigIo, ConfigOptions } from './config.ts';
import { type CliContext, isInteractive, type Run } from './context.ts';
import { unknownCommand } from './unknown-command.ts';

type Work = (io: ConfigIo, options: ConfigOptions) => Promise<ExitCode>;

export function addConfigCommands(program: Command, run: Run): void {
  const config = program
    .command('config')
    .description('about the hosts file')
    .action(() => {
      throw unknownCommand(config);
    });
  const add = (words: string, description: string, load: () => Promise<Work>): void => {
    config
      .command(words)
      .description(description)
      .action((...given: unknown[]) =>
        run(async (context) => {
          const file = typeof given[0] === 'string' ? given[0] : context.globals.config;
          return await (await load())(configIo(context), { config: file, json: context.globals.json });
        }),
      );
  };
  add('path', 'which hosts file counts', async () => (await import('./config.ts')).configPath);
  add('validate [file]', 'checks it and names every mistake', async () => (await import('./config.ts')).configValidate);
  add('schema', 'its JSON Schema, for editors', async () => (await import('./config.ts')).configSchema);
  add(
    'trust [file]',
    'accepts a hosts file of a working folder, as it stands',
    async () => (await import('./config.ts')).configTrust,
  );
  config.allowExcessArguments();
}

function configIo(context: CliContext): ConfigIo {
  const { stdout, stderr, env, cwd, homeDir, platform } = context.io;
  const confirm = (question: string): Promise<boolean> => confirmed(context, question);
  return {
    stdout,
    stderr,
    env,
    cwd,
    homeDir,
    platform,
    now: Date.now,
    ...(isInteractive(context.io) ? { confirm } : {}),
  };
}
