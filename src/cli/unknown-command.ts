/** A word where a command should stand, or none. */
import type { Command } from 'commander';
import { AnywhereError } from '../base/errors.ts';
import { nearMiss } from '../config/near-miss.ts';

/** For a command that has others below it and was given none of them. */
export function unknownCommand(parent: Command): AnywhereError {
  const known = parent.commands.map((command) => command.name());
  const [word] = parent.args;
  const near = word === undefined ? undefined : nearMiss(word, known);
  const path = parent.parent === null ? '' : `${parent.name()} `;
  const what = word === undefined ? `\`${parent.name()}\` needs a command.` : `There is no command \`${path}${word}\`.`;
  return new AnywhereError('USAGE', near === undefined ? what : `${what} Did you mean \`${path}${near}\`?`, {
    evidence: [`it knows ${known.join(', ')}`],
    hint: `mcp-anywhere ${path}--help`,
  });
}
