/** The command line: sets the process up, runs the command, ends with its exit code. */

import { join } from 'node:path'
import { countBuffersAsHeap } from '../network/memory.ts'
import { goToCaller } from './callers-folder.ts'
import { endWithReader } from './closed-output.ts'
import { openCompileCache } from './compile-cache.ts'

goToCaller(join(import.meta.dirname, '..', '..'))
openCompileCache()
// Peers move vectors; simulated ones too.
countBuffersAsHeap()

const [{ runProgram }, commands, { ownStreams, processTerminal }, { versionOf }] = await Promise.all([
  import('./program.ts'),
  import('./commands/index.ts').then(({ commandsFor }) => commandsFor(process.argv[2])),
  import('./terminal.ts'),
  import('../daemon/version.ts'),
])

endWithReader(
  ownStreams(),
  () => process.emit('SIGTERM', 'SIGTERM'),
  code => process.exit(code),
)

process.exitCode = await runProgram(
  {
    name: 'concord',
    version: versionOf(),
    summary: 'A cohort of peers learns one model together, with no server, while some of them lie.',
    commands,
    terminal: processTerminal(),
    debug: Boolean(process.env.DEBUG),
  },
  process.argv.slice(2),
)
