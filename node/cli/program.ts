/**
 * Commands → a command line: parsing, help, exit codes (0 done, 1 the job failed, 2 wrong usage, 70 a defect, 78 the
 * key runs elsewhere).
 */
import { Command as Commander, CommanderError, Option as CommanderOption, Help } from 'commander'
import { quotedLines } from '../text/printable.ts'
import { type Command, type CommandGroup, type Option, REQUIRED, UsageError } from './command.ts'
import { commandGroup, HELP_GROUP, inGroups, OWN_COMMANDS } from './help-groups.ts'
import type { Terminal } from './terminal.ts'
import { columnsOf, wrapped } from './view/wrap.ts'

/** Names of errors that mean a wrong usage: they come from layers that do not know the command line. */
const usageErrors: ReadonlySet<string> = new Set([
  ...['UsageError', 'CohortError', 'BoundError', 'IdentityError'],
  ...['DataError', 'ModelError', 'AttackError', 'RuleError', 'FileError', 'SweepError'],
  ...['OwnFileError', 'ProtocolError'],
])

interface ProgramOptions {
  readonly name: string
  readonly version: string
  readonly summary: string
  readonly commands: readonly (Command | CommandGroup)[]
  readonly terminal: Terminal
  /** With stack traces. */
  readonly debug: boolean
}

const EXIT_CODES =
  'It ends with 0: done; 1: the job failed; 2: wrong usage; 70: a defect of this program, please report it; 78: this peer’s key already runs elsewhere, or the members have another cohort file.'

/** Runs the command that the arguments name and returns the exit code; prints errors, never throws. */
export async function runProgram(options: ProgramOptions, argv: readonly string[]): Promise<number> {
  let code = 0
  const program = newCommander([options.name], options)
    .description(options.summary)
    .version(options.version, '-v, --version', 'print the version')
    .commandsGroup(OWN_COMMANDS)
    .helpCommand('help [command]', 'explain a command')
    .addHelpText(
      'after',
      [
        '',
        ...[`"${options.name} COMMAND --help" explains a command and shows an example.`, EXIT_CODES].flatMap(
          text => wrapped(text, options.terminal.columns),
        ),
      ].join('\n'),
    )
  const finish = (exitCode: number) => {
    code = exitCode
  }
  for (const each of options.commands) {
    if (!('commands' in each)) {
      program.addCommand(build(each, [options.name], options, finish).helpGroup(commandGroup(each.name)))
      continue
    }
    program.addCommand(buildGroup(each, options, finish).helpGroup(commandGroup(each.name)))
  }
  try {
    if (argv.length === 0) program.help({ error: true })
    await program.parseAsync([...argv], { from: 'user' })
    return code
  } catch (error) {
    return reported(error, options)
  }
}

function buildGroup(
  { name, summary, commands, usual }: CommandGroup,
  options: ProgramOptions,
  finish: (code: number) => void,
): Commander {
  const path = [options.name, name]
  const group = newCommander(path, options).description(summary)
  for (const command of commands) {
    const isDefault = command.name === usual
    const built = build(command, path, options, finish)
    group.addCommand(built, { isDefault })
    if (isDefault) helpAs(group, built, `\n${examplesOf(command, path, options)}`)
  }
  return group
}

/** The help of a group whose usual command needs no name: that command's, and what else there is. */
function helpAs(group: Commander, usual: Commander, examples: string): void {
  const own = group.helpInformation.bind(group)
  group.addHelpText('after', examples)
  group.helpInformation = context => {
    const text = own(context)
    const commands = text.slice(text.indexOf('\nCommands:'))
    return `${usual.helpInformation(context).replace(`${group.name()} ${usual.name()} `, `${group.name()} `)}${commands}`
  }
}

/** On narrower terminals what is said of an option stands below it. */
const TWO_COLUMNS_FROM = 70

/** @param path the name, after those above it */
function newCommander(path: readonly string[], { terminal }: ProgramOptions): Commander {
  return new Commander(path.at(-1)!)
    .exitOverride()
    .showSuggestionAfterError(true)
    .configureOutput({
      writeOut: text => terminal.printWhole(...text.trimEnd().split('\n')),
      writeErr: text => terminal.warn(...text.trimEnd().split('\n')),
      // Far narrower than commander would go before it gives up on columns.
      getOutHelpWidth: () => terminal.columns,
      getErrHelpWidth: () => terminal.columns,
      outputError: (text, write) => write(text.replace(/^error:/, `${path[0]}:`)),
    })
    .showHelpAfterError(`Try "${path.join(' ')} --help".`)
    .addHelpOption(helpOption())
    .configureHelp({
      minWidthToWrap: 20,
      formatItem: (term, termWidth, description, helper) =>
        terminal.columns >= TWO_COLUMNS_FROM || description === ''
          ? Help.prototype.formatItem.call(helper, term, termWidth, description, helper)
          : [`  ${term}`, ...wrapped(description, terminal.columns - 6).map(line => `      ${line}`)].join(
              '\n',
            ),
      // That a command takes options goes without saying.
      subcommandTerm: command =>
        [command.name(), ...command.registeredArguments.map(humanReadable)].join(' '),
      optionDescription: ({ description, defaultValueDescription: fallback }) =>
        `${description}${fallback === undefined ? '' : fallback === REQUIRED ? ` (${REQUIRED})` : ` (default: ${fallback})`}`,
    })
}

function humanReadable(argument: { name(): string; required: boolean; variadic: boolean }): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`
  return argument.required ? `<${name}>` : `[${name}]`
}

const helpOption = () => new CommanderOption('-h, --help', 'explain and show an example')

function build(
  command: Command,
  path: readonly string[],
  options: ProgramOptions,
  finish: (code: number) => void,
): Commander {
  const commander = newCommander([...path, command.name], options).summary(command.summary)
  commander.description(
    command.about === undefined ? command.summary : `${command.summary}\n\n${command.about}`,
  )
  commander.addHelpText('after', `\n${examplesOf(command, [...path, command.name], options)}`)
  for (const { name, about } of command.arguments ?? []) commander.argument(name, about)
  commander.allowExcessArguments(false)
  const keys = new Map<string, string>()
  for (const [key, heading] of inGroups(command.options)) {
    const built = buildOption(command.options[key]!)
    if (heading !== null) built.helpGroup(heading)
    if (heading !== null) commander.addHelpOption(helpOption().helpGroup(HELP_GROUP))
    keys.set(built.attributeName(), key)
    commander.addOption(built)
  }
  commander.action(async () => {
    const values: Record<string, unknown> = {}
    for (const [attribute, key] of keys) {
      const given: unknown = commander.opts()[attribute]
      values[key] = isParsed(given) ? given.parsed : (given ?? command.options[key]!.fallback)
    }
    finish((await command.handler(values, commander.args, options.terminal)) ?? 0)
  })
  return commander
}

function examplesOf({ examples }: Command, path: readonly string[], { terminal }: ProgramOptions): string {
  const lines = examples.flatMap(example =>
    exampleLines(`${path.join(' ')} ${example}`.trimEnd(), terminal.columns),
  )
  return `Example${examples.length > 1 ? 's' : ''}:\n${lines.join('\n')}`
}

/** A command on as many lines as it takes, each continued on the next as a shell reads it. */
function exampleLines(example: string, columns: number): readonly string[] {
  const lines: string[] = []
  let line = ' '
  // An option stays with its value, and a text in quotes in one piece.
  for (const part of example.match(/(?:--\S+ )?(?:"[^"]*"|\S+)/g) ?? []) {
    if (line.trim() !== '' && columnsOf(`${line} ${part} \\`) > columns) {
      lines.push(`${line} \\`)
      line = '   '
    }
    line += ` ${part}`
  }
  return [...lines, line]
}

/** What a parser made of a text. Commander would take a bare null for nothing at all, and make it an empty text. */
interface Parsed {
  readonly parsed: unknown
}

const isParsed = (value: unknown): value is Parsed =>
  typeof value === 'object' && value !== null && 'parsed' in value

function buildOption({
  flags,
  about,
  fallback,
  fallbackText,
  parse,
  hidden,
}: Option<unknown>): CommanderOption {
  const option = new CommanderOption(flags, about)
  if (parse !== null)
    option.argParser<Parsed>((text, before) => ({
      parsed: parse(text, option.long ?? flags, isParsed(before) ? before.parsed : before),
    }))
  if (parse !== null)
    option.default(fallback, fallbackText ?? (fallback === null ? undefined : String(fallback)))
  return hidden === true ? option.hideHelp() : option
}

/** Starting it again would not help: a service manager can tell it from a failure. */
const USELESS_AGAIN_EXIT_CODE = 78
const uselessAgain: ReadonlySet<unknown> = new Set(['runs-already', 'other-cohort'])

function reported(error: unknown, { name, terminal, debug }: ProgramOptions): number {
  // Commander has printed it; help and version are not errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  const known = error instanceof Error
  terminal.warn(...quotedLines(`${name}: ${known ? error.message : String(error)}`))
  if (known && debug) terminal.warn(...quotedLines(error.stack ?? ''))
  if (error instanceof UsageError || (known && usageErrors.has(error.name))) return 2
  if (known && 'code' in error && uselessAgain.has(error.code)) return USELESS_AGAIN_EXIT_CODE
  // An error without a code is not one of ours: it is a defect, or the system's.
  if (known && !debug && !('code' in error)) terminal.warn('DEBUG=1 in the environment shows where.')
  return 1
}
