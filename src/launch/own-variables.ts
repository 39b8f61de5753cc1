/**
 * The variables that a program is started with, in shell code: literal values, values that are looked up on the machine, and
 * the lines of a file there. What is looked up there never leaves the machine.
 */
import type { Launch, Word } from './contract.ts';
import { assignment, pathWord, variablesOf } from './quote.ts';

/**
 * Sets the variables. A value looks at the variables as they were before the literal values. A value that is one variable alone
 * is left out where that variable is not set.
 */
export function ownVariables({ env, envFile }: Launch): string {
  const all = [...env];
  const literal = all.filter(([, value]) => typeof value === 'string');
  const made = all.filter(([, value]) => typeof value !== 'string');
  const commands = [
    ...(envFile === undefined ? [] : [`_Menv ${pathWord(envFile, 'the envFile')}`]),
    ...made.map(([name, value]) => `${onlyIfSet(value)}export ${assignment(name, value)}`),
    ...(literal.length === 0 ? [] : [`export ${literal.map(([name, value]) => assignment(name, value)).join(' ')}`]),
  ];
  return commands.length === 0 ? ':' : commands.join(';');
}

function onlyIfSet(value: Word): string {
  const [part, ...more] = typeof value === 'string' ? [] : value;
  if (typeof part !== 'object' || more.length > 0 || !('variable' in part) || part.fallback !== undefined) return '';
  return `[ -z "\${${part.variable}+x}" ]||`;
}

/**
 * Asks the login shell for variables that the launch refers to and that are not set, as its start files set them. A variable
 * that nobody sets is named on stderr, which explains why a server fails.
 */
export function wantedVariables({ args, env, envFile, cwd }: Launch): string {
  const words = [...args, ...env.values(), envFile ?? '', cwd ?? ''];
  const names = [...new Set(words.flatMap(variablesOf))];
  if (names.length === 0) return ':';
  const list = names.join(' ');
  const needed = [...new Set(words.flatMap(requiredIn))];
  return (
    `for _Mi in ${list};do eval "[ \\"\\\${$_Mi+x}\\" = x ]"||{ _Mvars="${list}";_Mlogin;_Mtakeall;_Mvars=;break;};done` +
    (needed.length === 0
      ? ''
      : `;for _Mi in ${needed.join(' ')};do eval "[ \\"\\\${$_Mi+x}\\" = x ]"||` +
        `echo "MCP-Anywhere: the variable $_Mi, which the server's entry refers to, is not set on this machine" >&4;done`)
  );
}

function requiredIn(text: Word): readonly string[] {
  if (typeof text === 'string') return [];
  return text.flatMap((part) =>
    typeof part === 'object' && 'variable' in part && part.fallback === undefined ? [part.variable] : [],
  );
}

/** `_Menv FILE`: lines `NAME=value`, also behind `export` and in quotes; comments and other lines are left out. */
export const ENV_FILE =
  `_Menv(){ [ -f "$1" ]&&[ -r "$1" ]||{ echo "MCP-Anywhere: the envFile $1 cannot be read" >&4;return;};_Mc=$(printf '\\r');` +
  `while IFS= read -r _Ml||[ -n "$_Ml" ];do _Ml=\${_Ml%"$_Mc"};_Ml=\${_Ml#"\${_Ml%%[! ]*}"};_Ml=\${_Ml#export };` +
  `_Mj=\${_Ml%%=*};_Mk=\${_Ml#*=};_Mj=\${_Mj%"\${_Mj##*[! ]}"};_Mk=\${_Mk#"\${_Mk%%[! ]*}"};` +
  `case $_Ml in [A-Za-z_]*=*)case $_Mj in *[!A-Za-z0-9_]*);;*)` +
  `case $_Mk in \\"*\\"|\\'*\\')_Mk=\${_Mk#?};_Mk=\${_Mk%?};;esac;export "$_Mj=$_Mk";;esac;;esac;done <"$1";}`;
