/** Shell start files that print garbage, as found on real machines. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const SH = `echo "Welcome to $(uname -n)!"
printf 'no newline, \\033[31mred\\033[0m {"jsonrpc":"2.0","id":0,"result":{}} '
echo 'rc: a complaint' >&2
`;

/** Sourced for every command of ssh, not only at a login: bash, zsh, fish and tcsh do that. */
const NOISE: Readonly<Record<string, string>> = {
  '.bashrc': SH,
  '.bash_profile': SH,
  '.profile': SH,
  '.zshenv': SH,
  '.zprofile': SH,
  '.zshrc': SH,
  '.mkshrc': SH,
  '.tcshrc': 'echo "Welcome to tcsh"\nprintf "no newline, {}"\n',
  '.config/fish/config.fish': 'echo "Welcome to fish"\nprintf "no newline, {}"\n',
  '.config/nushell/env.nu': 'print "Welcome to nu"\nprint -n "no newline, {}"\n',
};

/** PATH set only where a login shell reads it, as nvm and uv do. */
export function loginPathFiles(folder: string): Record<string, string> {
  const sh = `PATH="${folder}:$PATH"; export PATH\n`;
  return {
    '.profile': sh,
    '.zprofile': sh,
    '.login': `setenv PATH "${folder}:$PATH"\n`,
    // Not for logins: it must not keep .login from being read.
    '.tcshrc': 'set prompt="%n> "\n',
    '.config/elvish/rc.elv': `set paths = [${folder} $@paths]\n`,
    '.xonshrc': `$PATH.insert(0, '${folder}')\n`,
    '.config/nushell/login.nu': `$env.PATH = ($env.PATH | prepend '${folder}')\n`,
    '.rcrc': `path=(${folder} $path)\n`,
    '.config/fish/config.fish': `status is-login; and set -gx PATH "${folder}" $PATH\n`,
  };
}

export function noisyFiles(): Readonly<Record<string, string>> {
  return NOISE;
}

/** Writes each below `home`. */
export function writeFiles(home: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(home, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
