/**
 * A command: a name, options with their types, an example, a handler. `program.ts` turns a list of them into the
 * command line. To add one, write its module and name it in `commands/index.ts`.
 */
import type { Terminal } from './terminal.ts'

/** Wrong usage: exit code 2. The message names the option or argument, its value, and what would be right. */
export class UsageError extends Error {
  readonly code = 'usage'
  override readonly name = 'UsageError'
}

/**
 * Settings that are right one by one and do not fit together: below a protocol's bound, or an attack where nobody lies.
 * A sweep skips such a cell.
 */
export class UnfitError extends UsageError {}

/** The usage was right, but the job failed: exit code 1. */
export class JobError extends Error {
  readonly code = 'job-failed'
  override readonly name = 'JobError'
}

export interface Option<T> {
  /** As commander reads them: `-o, --out <file>`, `--unsafe`, `--no-mdns`. */
  readonly flags: string
  readonly about: string
  readonly fallback: T
  /** The description of the default, if the value itself says too little. */
  readonly fallbackText?: string
  /**
   * Turns text into a value. `name` is the option's, for messages; `before` is the value so far if the option is given
   * again. Null if the option takes no value.
   */
  readonly parse: ((text: string, name: string, before?: unknown) => T) | null
  /** The words that it may be, for a shell to offer. */
  readonly choices?: readonly string[]
  /** Left out of the help: for use between our own processes. */
  readonly hidden?: boolean
}

export type Options = Readonly<Record<string, Option<unknown>>>
export type Values<O extends Options> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never }

/** Exits with 0, or with the code returned. */
export type Outcome = Promise<number | undefined>

interface CommandDefinition<O extends Options> {
  readonly name: string
  readonly summary: string
  /** More text for `--help`, before the options. */
  readonly about?: string
  /** Positional arguments as commander reads them: `<file>`, `[file]`, `[members...]`. */
  readonly arguments?: readonly {
    readonly name: string
    readonly about: string
    /** The words that it may be, for a shell to offer; files where there are none. */
    readonly choices?: readonly string[]
  }[]
  readonly options: O
  readonly examples: readonly string[]
  handler(values: Values<O>, positional: readonly string[], terminal: Terminal): Outcome
}

/** A command whose option types are checked where it is defined, and erased here. */
export interface Command extends Omit<CommandDefinition<Options>, 'handler'> {
  handler(
    values: Readonly<Record<string, unknown>>,
    positional: readonly string[],
    terminal: Terminal,
  ): Outcome
}

/** Commands under one name: `cohort create`, `cohort check`. */
export interface CommandGroup {
  readonly name: string
  readonly summary: string
  /** The command that is meant where none of them is named: `concord sweep FILE`. */
  readonly usual?: string
  readonly commands: readonly Command[]
}

export function defineCommand<O extends Options>(definition: CommandDefinition<O>): Command {
  return {
    ...definition,
    handler: (values, positional, terminal) => definition.handler(values as Values<O>, positional, terminal),
  }
}

/** Turns text into a value; `choices` are words that it takes. */
export interface Parse<T> {
  (text: string, name: string, before?: unknown): T
  readonly choices?: readonly string[]
}

/** An option with a value and a default. */
export function option<T>(flags: string, about: string, parse: Parse<T>, fallback: T): Option<T> {
  const { choices } = parse
  return { flags, about, parse, fallback, ...(choices !== undefined && { choices }) }
}

/** The text in place of a default where there is none, and the command cannot do without. */
export const REQUIRED = 'required'

/** An option with a value that may be left out; then it is null. */
export function maybe<T>(
  flags: string,
  about: string,
  parse: Parse<T>,
  fallbackText?: string,
): Option<T | null> {
  return {
    ...option<T | null>(flags, about, parse, null),
    ...(fallbackText !== undefined && { fallbackText }),
  }
}

/** An option without a value: `--unsafe` is false and `--no-mdns` true unless given. */
export function flag(flags: string, about: string): Option<boolean> {
  return { flags, about, parse: null, fallback: flags.includes('--no-') }
}
