/** The command line: sets the process up, runs the command, ends with its exit code. */
import { readFileSync } from 'node:fs'
import { enableCompileCache } from 'node:module'

// A demo starts one process a peer: what one of them compiled, the others need not.
enableCompileCache()

const [{ runProgram }, { commands }, { processTerminal }] = await Promise.all([
  import('./program.ts'),
  import('./commands/index.ts'),
  import('./terminal.ts'),
])

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

/** From the package's own manifest: two folders up in a checkout, three in dist/. */
function versionOf(): string {
  for (const manifest of ['../../package.json', '../../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(manifest, import.meta.url), 'utf8'))
      if (name === 'concord') return String(version)
    } catch {
      // not here: look one folder further up
    }
  }
  return 'unknown'
}
