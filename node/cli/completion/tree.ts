/** The commands as shells complete them: names, options, and what may follow an option. */
import type { Command, CommandGroup } from '../command.ts'

interface Completed {
  readonly name: string
  readonly about: string
}

/** What may stand behind an option or as an argument: one of these words, a file, or anything, and then nothing is offered. */
export type Value =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'file' | 'any' }

export interface CompletedOption extends Completed {
  /** `--out`. */
  readonly name: string
  /** `-o`, where there is one. */
  readonly short: string | null
  /** Null: it takes no value. */
  readonly value: Value | null
}

export interface CompletedCommand extends Completed {
  /** `['cohort', 'create']`. */
  readonly path: readonly string[]
  readonly options: readonly CompletedOption[]
  /** Of its arguments; null: it takes none. */
  readonly value: Value | null
}

interface CompletedGroup extends Completed {
  readonly commands: readonly CompletedCommand[]
}

export interface Tree {
  /** The name of the program. */
  readonly program: string
  /** In the order of the help. */
  readonly entries: readonly (CompletedCommand | CompletedGroup)[]
}

const help: CompletedOption = {
  name: '--help',
  short: '-h',
  about: 'explain and show an example',
  value: null,
}

export function completionTree(program: string, commands: readonly (Command | CommandGroup)[]): Tree {
  const entries = commands.map(each =>
    'commands' in each
      ? {
          name: each.name,
          about: each.summary,
          commands: each.commands.map(command => completed([each.name, command.name], command)),
        }
      : completed([each.name], each),
  )
  const names = entries.map(({ name }) => name)
  const explain = {
    name: 'help',
    path: ['help'],
    about: 'explain a command',
    options: [],
    value: { kind: 'words', words: names },
  } as const
  return { program, entries: [...entries, explain] }
}

/** All commands, those of groups too. */
export function commandsOf({ entries }: Tree): readonly CompletedCommand[] {
  return entries.flatMap(each => ('commands' in each ? each.commands : [each]))
}

export function groupsOf({ entries }: Tree): readonly CompletedGroup[] {
  return entries.filter(each => 'commands' in each)
}

function completed(path: readonly string[], command: Command): CompletedCommand {
  const options = Object.values(command.options).filter(({ hidden }) => hidden !== true)
  const [argument] = command.arguments ?? []
  return {
    name: command.name,
    path,
    about: command.summary,
    options: [
      ...options.map(({ flags, about, choices }) => ({
        name: /--[\w-]+/.exec(flags)![0],
        short: /^-\w/.exec(flags)?.[0] ?? null,
        about,
        value: optionValue(/[<[](.*)[>\]]$/.exec(flags)?.[1], choices),
      })),
      help,
    ],
    value: argument === undefined ? null : argumentValue(argument),
  }
}

function argumentValue({ choices }: { readonly choices?: readonly string[] }): Value {
  return choices === undefined ? { kind: 'file' } : { kind: 'words', words: choices }
}

/** @param name the word in the flags that stands for the value */
function optionValue(name: string | undefined, choices: readonly string[] | undefined): Value | null {
  if (name === undefined) return null
  if (choices !== undefined) return { kind: 'words', words: choices }
  return { kind: /file|dir|path|folder/.test(name) ? 'file' : 'any' }
}
