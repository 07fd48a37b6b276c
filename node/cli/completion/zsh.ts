/** Completion for zsh, by its own _arguments and _describe. */
import {
  type CompletedCommand,
  type CompletedOption,
  commandsOf,
  groupsOf,
  type Tree,
  type Value,
} from './tree.ts'

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
/** Inside a specification, brackets and colons end a part of it. */
const inside = (text: string) => text.replaceAll(/[[\]:\\]/g, '\\$&')

export function zshScript(tree: Tree): string {
  const { program, entries } = tree
  const described = (each: readonly { readonly name: string; readonly about: string }[]) =>
    each.map(({ name, about }) => quoted(`${name}:${about.replaceAll(':', '\\:')}`)).join(' ')
  return `#compdef ${program}
# zsh completion of ${program}; in ~/.zshrc, after compinit: source <(${program} completion zsh)
_${program}() {
  local -a entries
  local command=$words[2]
  if (( CURRENT == 2 )); then
    entries=(${described(entries)})
    _describe command entries
    return
  fi
  case $command in
${groupsOf(tree)
  .map(
    ({ name, commands }) => `    ${name})
      if (( CURRENT == 3 )); then
        entries=(${described(commands)})
        _describe command entries
        return
      fi
      command="$command $words[3]"
      shift words
      (( CURRENT-- )) ;;`,
  )
  .join('\n')}
  esac
  shift words
  (( CURRENT-- ))
  case $command in
${commandsOf(tree).map(commandCase).join('\n')}
  esac
}
if [ "$funcstack[1]" = "_${program}" ]; then
  _${program} "$@"
else
  compdef _${program} ${program}
fi
`
}

function commandCase({ path, options, value }: CompletedCommand): string {
  const specs = [
    ...options.flatMap(optionSpecs),
    ...(value === null ? [] : [quoted(`*:argument:${action(value)}`)]),
  ]
  return `    ${quoted(path.join(' '))})
      _arguments -s ${specs.join(' \\\n        ')} ;;`
}

function optionSpecs({ name, short, about, value }: CompletedOption): readonly string[] {
  const rest = value === null ? '' : `:${inside(name.slice(2))}:${action(value)}`
  return [name, ...(short === null ? [] : [short])].map(each => quoted(`*${each}[${inside(about)}]${rest}`))
}

function action(value: Value): string {
  if (value.kind === 'words') return `(${value.words.map(word => word.replaceAll(':', '\\:')).join(' ')})`
  return value.kind === 'file' ? '_files' : ' '
}
