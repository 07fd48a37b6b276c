/** Completion for fish: a line for each command, option and argument. */
import { type CompletedCommand, commandsOf, groupsOf, type Tree, type Value } from './tree.ts'

const quoted = (text: string) => `'${text.replaceAll(/['\\]/g, '\\$&')}'`

export function fishScript(tree: Tree): string {
  const { program, entries } = tree
  const line = (...parts: readonly string[]) => ['complete', '-c', program, ...parts].join(' ')
  const is = (path: readonly string[]) => ['-n', quoted(`__${program}_is ${path.join(' ')}`)]
  const optionLines = ({ path, options, value }: CompletedCommand) => [
    ...options.map(option => {
      const short = option.short === null ? [] : ['-s', option.short.slice(1)]
      const named = ['-l', option.name.slice(2), ...short, '-d', quoted(option.about)]
      return line(...is(path), ...named, ...valueParts(option.value))
    }),
    ...(value === null
      ? []
      : [line(...is(path), ...(value.kind === 'words' ? ['-a', words(value.words)] : ['-F']))]),
  ]
  return `# fish completion of ${program}: ${program} completion fish > ~/.config/fish/completions/${program}.fish
function __${program}_at
    set -l words (commandline -opc)
    set -e words[1]
    test "$words" = "$argv"
end
function __${program}_is
    set -l words (commandline -opc)
    set -e words[1]
    set -l length (count $argv)
    test (count $words) -ge $length; and test "$words[1..$length]" = "$argv"
end
${[
  line('-f'),
  ...entries.map(({ name, about }) => line('-n', quoted(`__${program}_at`), '-a', name, '-d', quoted(about))),
  ...groupsOf(tree).flatMap(group =>
    group.commands.map(({ name, about }) =>
      line('-n', quoted(`__${program}_at ${group.name}`), '-a', name, '-d', quoted(about)),
    ),
  ),
  ...commandsOf(tree).flatMap(optionLines),
].join('\n')}
`
}

const words = (all: readonly string[]) => quoted(all.join(' '))

/** Whether a value must follow, and whether files are offered for it. */
function valueParts(value: Value | null): readonly string[] {
  if (value === null) return []
  if (value.kind === 'words') return ['-x', '-a', words(value.words)]
  return value.kind === 'file' ? ['-r', '-F'] : ['-x']
}
