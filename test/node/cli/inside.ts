/** The command line within the process of a test: for what is refused before anything runs, of which there is much. */
import { commandsFor } from '../../../node/cli/commands/index.ts'
import { runProgram } from '../../../node/cli/program.ts'
import type { Ended } from './concord.ts'
import { recordedTerminal } from './terminals.ts'

const commands = await commandsFor(undefined)

/** As `run` of concord.ts, without a process of its own. */
export async function runInside(...args: readonly string[]): Promise<Ended> {
  const terminal = recordedTerminal()
  const program = { name: 'concord', version: '0', summary: '', commands, terminal, debug: false }
  const code = await runProgram(program, args)
  const lines = (texts: readonly string[]) => texts.map(text => `${text}\n`).join('')
  return { code, stdout: lines(terminal.printed) + terminal.written.join(''), stderr: lines(terminal.warned) }
}
