/** Completion for bash, 3.2 too: the function that fills COMPREPLY. Where it fills in nothing, bash offers files. */
import { type CompletedCommand, commandsOf, groupsOf, type Tree } from './tree.ts'

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
const list = (words: readonly string[]) => quoted(words.join(' '))
/** bash takes a word apart at colons, so it could not complete these. */
const withoutColons = (words: readonly string[]) => words.filter(word => !word.includes(':'))

export function bashScript(tree: Tree): string {
  const { program, entries } = tree
  const names = (each: readonly { readonly name: string }[]) => list(each.map(({ name }) => name))
  const groups = groupsOf(tree)
  return `# bash completion of ${program}; in ~/.bashrc: source <(${program} completion bash)
_${program}() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  local command=\${COMP_WORDS[1]} words=
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W ${list([...entries.map(({ name }) => name), '--help', '--version'])} -- "$word"))
    return
  fi
  case $command in
${groups
  .map(
    ({ name, commands }) => `    ${name})
      if [ "$COMP_CWORD" -eq 2 ]; then
        COMPREPLY=($(compgen -W ${names(commands)} -- "$word"))
        return
      fi
      command="$command \${COMP_WORDS[2]}" ;;`,
  )
  .join('\n')}
  esac
  case "$command" in
${commandsOf(tree).map(commandCase).join('\n')}
  esac
  [ -z "$words" ] || COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _${program} ${program}
`
}

function commandCase({ path, options, value }: CompletedCommand): string {
  const flags = options.flatMap(({ name, short }) => (short === null ? [name] : [name, short]))
  const valued = options.flatMap(option => {
    if (option.value === null) return []
    const pattern = option.short === null ? option.name : `${option.name}|${option.short}`
    const words = option.value.kind === 'words' ? list(withoutColons(option.value.words)) : "''"
    return [`        ${pattern}) words=${words} ;;`]
  })
  const argument = value?.kind === 'words' ? `words=${list(value.words)}` : ':'
  return `    ${quoted(path.join(' '))})
      case $before in
${[...valued, `        *) case $word in -*) words=${list(flags)} ;; *) ${argument} ;; esac ;;`].join('\n')}
      esac ;;`
}
