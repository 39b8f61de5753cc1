/**
 * The probe: the environment of the user's login shell on a machine.
 *
 * `ssh host command` runs a shell that is neither a login shell nor interactive, so PATH lacks the folders of nvm, uv, mise and
 * others. The launcher asks the login shell once, each kind of shell in its own way, and the answer is cached for the machine.
 * The answer completes the session's environment; variables of sshd, PAM and .bashrc stay.
 */
import type { HostEnvironment } from './contract.ts';
import { MARK, PROBE_MARK } from './marks.ts';
import { assignment } from './quote.ts';

/** Longest time the login shell's start files may take, in seconds. */
const PROBE_LIMIT_S = 10;

/** The variables that are taken over. None of them is a secret; values with credentials in a URL are dropped below. */
const ALLOWED = [
  'PATH',
  'MANPATH',
  'LD_LIBRARY_PATH',
  'DYLD_FALLBACK_LIBRARY_PATH',
  'PKG_CONFIG_PATH',
  'LANG',
  'LC_ALL',
  'LC_CTYPE',
  'LC_MESSAGES',
  'TZ',
  'XDG_RUNTIME_DIR',
  'XDG_CONFIG_HOME',
  'XDG_DATA_HOME',
  'XDG_CACHE_HOME',
  'XDG_STATE_HOME',
  'DBUS_SESSION_BUS_ADDRESS',
  'NVM_DIR',
  'NVM_BIN',
  'FNM_DIR',
  'VOLTA_HOME',
  'PNPM_HOME',
  'BUN_INSTALL',
  'DENO_INSTALL',
  'NPM_CONFIG_PREFIX',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'UV_CACHE_DIR',
  'UV_TOOL_DIR',
  'UV_PYTHON_INSTALL_DIR',
  'PIPX_HOME',
  'PYENV_ROOT',
  'PYTHONPATH',
  'PYTHONUSERBASE',
  'CONDA_PREFIX',
  'CONDA_EXE',
  'MAMBA_ROOT_PREFIX',
  'RBENV_ROOT',
  'GEM_HOME',
  'GEM_PATH',
  'ASDF_DIR',
  'ASDF_DATA_DIR',
  'MISE_DATA_DIR',
  'CARGO_HOME',
  'RUSTUP_HOME',
  'GOPATH',
  'GOROOT',
  'GOBIN',
  'JAVA_HOME',
  'SDKMAN_DIR',
  'DOTNET_ROOT',
  'CUDA_HOME',
  'CUDA_PATH',
  'DOCKER_HOST',
  'HOMEBREW_PREFIX',
  'HOMEBREW_CELLAR',
  'HOMEBREW_REPOSITORY',
  'NIX_PATH',
  'NIX_PROFILES',
  'CODEX_HOME',
  'COPILOT_HOME',
  'CLINE_DIR',
  'GROK_HOME',
  'PI_CODING_AGENT_DIR',
  'KIMI_CODE_HOME',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'all_proxy',
] as const;

const ALLOWED_NAMES: ReadonlySet<string> = new Set(ALLOWED);
/** A launcher's line carries all variables, and Linux takes no single one of 128 KiB (execve(2), MAX_ARG_STRLEN). */
const MAX_VALUE_CHARACTERS = 32 * 1024;
const WITH_CREDENTIALS = /^[a-z][a-z0-9+.-]*:\/\/[^/@]*@/i;

/** The command for most login shells; single quotes mean the same in all of them. */
const ASK = `exec /bin/sh -c 'eval "$_MASK"'`;
/**
 * xonsh replaces variables inside every kind of quotes. The xonsh of the session left `__ALIAS_STACK=exec` in the environment:
 * another one takes that for a recursion, so the launcher removes the variable.
 */
const ASK_XONSH = `exec /bin/sh -c 'printenv _MASK|/bin/sh'`;
/** tcsh takes `-l` only as the single option, so an interactive one reads the files of a login. */
const CSH_LOGIN = 'if ( -r /etc/csh.login ) source /etc/csh.login;if ( -r ~/.login ) source ~/.login;';

/**
 * `_Mlearn` asks the login shell, takes the answer over, and prints the answer for us. Meanwhile it tries whether output can be
 * watched on the machine.
 *
 * The inner script reaches the login shell as a variable. The pipe is read up to the end mark only, because a daemon of a start
 * file may hold the pipe open. A newline follows the begin mark; the answer is split at that character.
 *
 * A shell without an answer is asked once more, on stdin: start files may have replaced the shell by another one, which reads
 * commands there.
 */
export function probeFunctions(nonce: string): string {
  const begin = `${nonce}${MARK.variablesBegin}`;
  const end = `${nonce}${MARK.variablesEnd}`;
  return [
    TAKE_OVER,
    // $1: how, for people; the rest: arguments of the login shell.
    `_Mshell(){ _Mh=$1;shift;_MHOW=$_Mh _MVARS="\${_Mvars:-${ALLOWED.join(' ')}}" ${PROBE_MARK}=${nonce} _MASK='${innerScript(begin, end)}' "\${SHELL:-/bin/sh}" "$@" ` +
      `2>/dev/null 4>&-|sed -n '/^${begin}$/,/^${end}$/p;/^${end}$/q';}`,
    `_Mask(){ case \${SHELL##*/} in elvish)printf '%s\\n' ${quoted(ASK)}|_Mshell 'on stdin';;` +
      `tcsh|csh)_Mshell '-ic with ~/.login' -ic ${quoted(CSH_LOGIN + ASK)} </dev/null;;` +
      `xonsh)unset __ALIAS_STACK;_Mshell -ilc -ilc ${quoted(ASK_XONSH)} </dev/null;;nu)_Mshell '-l -c' -l -c ${quoted(ASK)} </dev/null;;` +
      `*)_Mshell -ilc -ilc ${quoted(ASK)} </dev/null;;esac;}`,
    `_Magain(){ export _MAGAIN=1;case \${SHELL##*/} in tcsh|csh)_Mf=-l;;*)_Mf=-il;;esac;` +
      `printf '%s\\n' ${quoted(ASK.replace('exec ', ''))}|_Mshell "$_Mf, on stdin" $_Mf;}`,
    // A second question after the time is up ends at once.
    `_Mlimit(){ exec </dev/null >/dev/null 2>&1 4>&-;trap 'kill $_Mt;exit' TERM;sleep ${String(PROBE_LIMIT_S)}&_Mt=$!;` +
      `wait $_Mt;while :;do _Mkill ${PROBE_MARK}=${nonce} KILL;sleep 1;done;}`,
    `_Mlogin(){ _Mlimit&_Mw=$!;_Me=$(_Mask);case $_Me in *'${end}');;*)_Me=$(_Magain);;esac;kill -TERM $_Mw;}`,
    `_Mtakeall(){ _Ma=\${_Me#"${begin}"};set -f;IFS=\${_Ma%"\${_Ma#?}"};` +
      `for _Ml in $_Me;do case \${_Ml%%=*} in _*|*[!A-Za-z0-9_]*|[0-9]*|'');;*)_Mtake "$_Ml";;esac;done;unset IFS;set +f;}`,
    `_Mlearn(){ _Mtry;_Mlogin;_Ms=$(uname -sm);_Mtold;` +
      `printf '\\n${nonce}${MARK.machine}\\n%s\\n%s\\n%s\\n%s\\n' "$_Ms" "$SHELL" "\${_Mv:-input}" "$_Me";_Mtakeall;}`,
  ].join(';');
}

/** Shell code that completes the environment with variables of the login shell: see `TAKE_OVER`. */
export function takeOver(variables: ReadonlyMap<string, string>): string {
  const all = [...variables].map(([name, value]) => `_Mtake ${assignment(name, value)}`);
  return all.length === 0 ? ':' : all.join(';');
}

/**
 * `_Mtake NAME=value`: a variable of the session stays. PATH becomes the folders that only the session has, in their order, then
 * the login shell's PATH unchanged, so that nvm's node stands before the node of /usr/bin.
 */
const TAKE_OVER =
  `_Mtake(){ case $1 in PATH=*)_Mi=$PATH:;_Mj=;while [ -n "$_Mi" ];do _Mk=\${_Mi%%:*};_Mi=\${_Mi#*:};` +
  `case $_Mk in '')continue;;esac;case ":\${1#*=}:$_Mj" in *":$_Mk:"*);;*)_Mj=$_Mj$_Mk:;;esac;done;export "PATH=$_Mj\${1#*=}";;` +
  `*)eval "[ \\"\\\${\${1%%=*}+x}\\" = x ]"||export "$1";;esac;}`;

/**
 * Prints how the shell was asked, and the allowed variables whose value is one line. Without single quotes. On stdin a shell may
 * have taken the place of the login shell; that shell is then asked as an interactive login shell.
 */
function innerScript(begin: string, end: string): string {
  return (
    `case $_MAGAIN in 1)unset _MAGAIN;p=$(cat /proc/$PPID/comm 2>/dev/null||ps -o comm= -p $PPID);p=\${p##*/};p=\${p#-};` +
    `case $p in "\${SHELL##*/}");;bash|zsh|fish|ksh|mksh)export _MHOW="$p -ilc, which the start files run";` +
    `exec $p -ilc "exec /bin/sh -c \\"\\$_MASK\\"" </dev/null;;esac;;esac;` +
    `n=$(printf "\\nx");n=\${n%x};printf "\\n${begin}\\n";for v in _MHOW $_MVARS;do eval "x=\\\${$v-}";` +
    `case $x in ""|*"$n"*);;*)printf "%s=%s\\n" "$v" "$x";;esac;done;printf "${end}\\n"`
  );
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The machine as a probe's lines describe it: `uname -sm`, `$SHELL`, then `NAME=value` lines, where the shell said any. */
export function hostEnvironment(system: string, shell: string, lines: readonly string[]): HostEnvironment {
  const variables = new Map<string, string>();
  let asked = '';
  for (const line of lines) {
    const equals = line.indexOf('=');
    const name = line.slice(0, equals);
    const value = line.slice(equals + 1);
    const isFit = value.length <= MAX_VALUE_CHARACTERS && !WITH_CREDENTIALS.test(value);
    if (name === '_MHOW') asked = value.slice(0, MAX_VALUE_CHARACTERS);
    if (equals > 0 && ALLOWED_NAMES.has(name) && isFit) variables.set(name, value);
  }
  return { system, shell, asked, variables };
}
