/**
 * The commands, in the order of the help. To add one: write its module beside these and name it here. A process loads
 * the one that it runs, for each of them needs many modules.
 */
import type { Command, CommandGroup } from '../command.ts'

const modules: Readonly<Record<string, () => Promise<Command | CommandGroup>>> = {
  demo: async () => (await import('./demo.ts')).demo,
  simulate: async () => (await import('./simulate.ts')).simulate,
  agree: async () => (await import('./agree.ts')).agree,
  aggregate: async () => (await import('./aggregate.ts')).aggregate,
  bounds: async () => (await import('./bounds.ts')).boundsCommand,
  keygen: async () => (await import('./keygen.ts')).keygen,
  cohort: async () => (await import('./cohort.ts')).cohort,
  join: async () => (await import('./join.ts')).join,
  status: async () => (await import('./status.ts')).status,
  watch: async () => (await import('./watch.ts')).watch,
  page: async () => (await import('./page.ts')).page,
  doctor: async () => (await import('./doctor.ts')).doctor,
  evidence: async () => (await import('./evidence.ts')).evidence,
  data: async () => (await import('./data.ts')).data,
  predict: async () => (await import('./predict.ts')).predictCommand,
  export: async () => (await import('./export.ts')).exportCommand,
  reproduce: async () => (await import('./reproduce.ts')).reproduceCommand,
  sweep: async () => (await import('./sweep.ts')).sweep,
  completion: async () => (await import('./completion.ts')).completionOf(() => commandsFor(undefined)),
}

/** The command that the first argument names; all of them where it names none, for the help and for suggestions. */
export async function commandsFor(first: string | undefined): Promise<readonly (Command | CommandGroup)[]> {
  const isName = first !== undefined && Object.hasOwn(modules, first)
  const wanted = isName ? [first] : Object.keys(modules)
  return Promise.all(wanted.map(name => modules[name]!()))
}
