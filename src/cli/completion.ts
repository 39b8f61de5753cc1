/** `completion <shell>`: prints what the shell has to load; the words themselves come from `__complete`, at each Tab. */
import { EXIT, type ExitCode } from '../base/errors.ts';
import type { CliContext } from './context.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export function runCompletion({ globals, out }: CliContext, shell: Shell): ExitCode {
  const script = SCRIPTS[shell];
  if (globals.json) out.json({ shell, script });
  else out.write(script);
  return EXIT.ok;
}

/** Of bash 3.2 and later, which is what macOS has. */
const BASH = `# mcp-anywhere: completion for bash. In ~/.bashrc:  eval "$(mcp-anywhere completion bash)"
_mcp_anywhere() {
  local word files=
  COMPREPLY=()
  while IFS= read -r word; do
    if [ "$word" = :files ]; then files=1; else COMPREPLY+=("$word"); fi
  done < <("\${COMP_WORDS[0]}" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
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
  local -a found
  found=("\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ "\${found[1]}" == ":files" ]]; then
    _files
    return
  fi
  found=("\${(@)found:#}")
  compadd -a found
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

const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
