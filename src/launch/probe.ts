/**
 * The probe: what a person's own login shell on that machine has in its environment.
 *
 * `ssh host command` runs a shell that is neither a login shell nor interactive, so PATH lacks what nvm, uv, mise
 * and their like put there. The launcher asks `$SHELL -ilc` once; the answer is cached per machine.
 */
import type { HostEnvironment } from './launch.ts';
import { MARK, PROBE_MARK } from './marks.ts';

/** Longest time the login shell's start files may take, in seconds. */
const PROBE_LIMIT_S = 10;

/** Variables worth having. None of these is a secret; values with credentials in an URL are dropped below. */
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
/** A launcher's line carries them all, and Linux takes no single one of 128 KiB (execve(2), MAX_ARG_STRLEN). */
const MAX_VALUE_CHARACTERS = 32 * 1024;
const WITH_CREDENTIALS = /^[a-z][a-z0-9+.-]*:\/\/[^/@]*@/i;

/**
 * `_Mlearn` asks the login shell, sets what it said, and prints it for us. Meanwhile it tries whether output can be watched there.
 *
 * The inner script reaches the login shell as a variable, so that only `exec /bin/sh -c "$…"` has to mean the same in
 * bash, zsh, fish and tcsh. The pipe is read up to the end mark only: a daemon that a start file left
 * behind may hold it open. After the begin mark stands a newline, at which the answer is split. tcsh takes `-l` only alone.
 */
export function probeFunctions(nonce: string): string {
  const begin = `${nonce}${MARK.variablesBegin}`;
  const end = `${nonce}${MARK.variablesEnd}`;
  return [
    `_Mask(){ case \${SHELL##*/} in tcsh|csh)_Mf=-ic;;*)_Mf=-ilc;;esac;` +
      `${PROBE_MARK}=${nonce} _MASK='${innerScript(begin, end)}' "\${SHELL:-/bin/sh}" $_Mf 'exec /bin/sh -c "$_MASK"' ` +
      `</dev/null 2>/dev/null 4>&-|sed -n '/^${begin}$/,/^${end}$/p;/^${end}$/q';}`,
    `_Mlimit(){ exec </dev/null >/dev/null 2>&1 4>&-;trap 'kill $_Mt;exit' TERM;sleep ${String(PROBE_LIMIT_S)}&_Mt=$!;` +
      `wait $_Mt;_Mkill ${PROBE_MARK}=${nonce} KILL;}`,
    `_Mlearn(){ _Mtry;_Mlimit&_Mw=$!;_Me=$(_Mask);kill -TERM $_Mw;_Ms=$(uname -sm);_Mtold;` +
      `printf '\\n${nonce}${MARK.machine}\\n%s\\n%s\\n%s\\n%s\\n' "$_Ms" "$SHELL" "\${_Mv:-input}" "$_Me";` +
      `_Ma=\${_Me#"${begin}"};set -f;IFS=\${_Ma%"\${_Ma#?}"};for _Ml in $_Me;do case \${_Ml%%=*} in *[!A-Za-z0-9_]*|[0-9]*|'');;*)export "$_Ml";;esac;done;` +
      `unset IFS;set +f;}`,
  ].join(';');
}

/** Prints the allowed variables that have a value on one line. Holds no single quote, and no `!` (tcsh's history). */
function innerScript(begin: string, end: string): string {
  return (
    `n=$(printf "\\nx");n=\${n%x};printf "\\n${begin}\\n";for v in ${ALLOWED.join(' ')};do eval "x=\\\${$v-}";` +
    `case $x in ""|*"$n"*);;*)printf "%s=%s\\n" "$v" "$x";;esac;done;printf "${end}\\n"`
  );
}

/** The machine as a probe's lines describe it: `uname -sm`, `$SHELL`, then `NAME=value` lines. */
export function hostEnvironment(system: string, shell: string, lines: readonly string[]): HostEnvironment {
  const variables = new Map<string, string>();
  for (const line of lines) {
    const equals = line.indexOf('=');
    const name = line.slice(0, equals);
    const value = line.slice(equals + 1);
    const isFit = value.length <= MAX_VALUE_CHARACTERS && !WITH_CREDENTIALS.test(value);
    if (equals > 0 && ALLOWED_NAMES.has(name) && isFit) variables.set(name, value);
  }
  return { system, shell, variables };
}
