/**
 * The scripts of `completion <shell>`. Each asks `mcp-anywhere __complete -- WORD…`, which prints one candidate a line, with
 * its description behind a tab, or `:files` first where the shell itself completes names of files.
 *
 * A candidate that ends in `=` is not finished, so no space follows.
 */
import type { Printed } from '../api/printed.ts';

export type Shell = Printed['completion']['shell'];

/**
 * For bash 3.2, the version of macOS, and later. Bash takes `name=value` as three words, and replaces only the last of them.
 */
const BASH = `# mcp-anywhere: completion for bash. In ~/.bashrc:  eval "$(mcp-anywhere completion bash)"
_mcp_anywhere() {
  local word files= glue= last= count=0
  local -a words
  words=()
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if [ "$count" -gt 0 ] && { [ "$word" = = ] || [ -n "$glue" ]; }; then
      words[count-1]=\${words[count-1]}$word
    else
      words[count]=$word
      count=$((count + 1))
    fi
    glue=
    [ "$word" = = ] && glue=1
  done
  [ "$count" -gt 0 ] && last=\${words[count-1]}
  case $last in
    *=*) if [ "\${COMP_WORDS[COMP_CWORD]}" != "$last" ]; then last=\${last%%=*}=; else last=; fi ;;
    *) last= ;;
  esac
  while IFS= read -r word; do
    word=\${word%%$'\\t'*}
    case $word in
      :files) files=1 ;;
      *=) compopt -o nospace 2>/dev/null; COMPREPLY+=("$word") ;;
      *) COMPREPLY+=("\${word#"$last"}") ;;
    esac
  done < <("\${COMP_WORDS[0]}" __complete -- "\${words[@]}" 2>/dev/null)
  if [ -n "$files" ]; then
    while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}")
    compopt -o filenames 2>/dev/null
  fi
  return 0
}
complete -F _mcp_anywhere mcp-anywhere
`;

const ZSH = `#compdef mcp-anywhere
# mcp-anywhere: completion for zsh. In ~/.zshrc, after compinit:  eval "$(mcp-anywhere completion zsh)"
_mcp_anywhere() {
  local -a found names shown open opened
  local line name
  found=("\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ "\${found[1]}" == ":files" ]]; then
    _files
    return
  fi
  for line in "\${(@)found:#}"; do
    name=\${line%%$'\\t'*}
    line=\${line/$'\\t'/  -- }
    if [[ $name == *= ]]; then
      open+=("$name"); opened+=("$line")
    else
      names+=("$name"); shown+=("$line")
    fi
  done
  (( \${#open} )) && compadd -S '' -l -d opened -a open
  (( \${#names} )) && compadd -l -d shown -a names
  return 0
}
if [[ "\${funcstack[1]}" == "_mcp_anywhere" ]]; then
  _mcp_anywhere "$@"
else
  compdef _mcp_anywhere mcp-anywhere
fi
`;

const FISH = `# mcp-anywhere: completion for fish. In ~/.config/fish/config.fish:  mcp-anywhere completion fish | source
function __mcp_anywhere_complete
  set -l words (commandline -opc)
  set -l found ($words[1] __complete -- $words[2..-1] (commandline -ct) 2>/dev/null)
  if test "$found[1]" = ":files"
    __fish_complete_path (commandline -ct)
  else
    string join -- \\n $found
  end
end
complete -c mcp-anywhere -f -a '(__mcp_anywhere_complete)'
`;

/** By the name of the shell. */
export const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
