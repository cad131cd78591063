/** Scripts that make a shell ask `rxbpf complete` for completions of the last word. */
export const SCRIPTS = {
  bash: `# bash completion for rxbpf
_rxbpf() {
  local line IFS=$'\\n' current=\${COMP_WORDS[COMP_CWORD]}
  [[ $current == = ]] && current=
  COMPREPLY=()
  while read -r line; do
    case $line in
      :files) compopt -o filenames; COMPREPLY+=($(compgen -f -- "$current")) ;;
      :commands) COMPREPLY+=($(compgen -c -- "$current")) ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <("\${COMP_WORDS[0]}" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2> /dev/null)
}
complete -F _rxbpf rxbpf
`,
  zsh: `#compdef rxbpf
# zsh completion for rxbpf
_rxbpf() {
  local line
  local -a found
  for line in "\${(@f)$("\${(Q)words[1]}" complete -- "\${(@Q)words[2,CURRENT]}" 2> /dev/null)}"; do
    case $line in
      '') ;;
      :files) _files ;;
      :commands) _command_names -e ;;
      *) found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
    esac
  done
  (( $#found )) && _describe rxbpf found
}
if [[ $funcstack[1] == _rxbpf ]]; then _rxbpf "$@"; else compdef _rxbpf rxbpf; fi
`,
  fish: `# fish completion for rxbpf
function __rxbpf_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  for line in ($words[1] complete -- $words[2..] "$current" 2> /dev/null)
    switch $line
      case :files
        __fish_complete_path $current
      case :commands
        __fish_complete_command
      case '*'
        echo $line
    end
  end
end
complete -c rxbpf -f -a '(__rxbpf_complete)'
`,
} as const;
