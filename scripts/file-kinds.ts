/**
 * Shows what becomes of files of the kinds that people bring along: `npm run kinds`, or `npm run kinds -- DIR` for files
 * of the same names in a folder of yours. Without a folder it makes small ones. Exit code 1 if anything is not right.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { judge } from './file-kinds/judge.ts'
import { kinds, madeKinds, type Said } from './file-kinds/kinds.ts'
import { makeFiles } from './file-kinds/make.ts'

const main = fileURLToPath(new URL('../node/cli/main.ts', import.meta.url))

function run(argv: readonly string[]): Promise<Said> {
  const env = { ...process.env, NO_COLOR: '1' }
  return new Promise(resolved => {
    const child = execFile(process.execPath, [main, ...argv], { env }, (_, stdout, stderr) =>
      resolved({ code: child.exitCode, text: stdout + stderr }),
    )
  })
}

/** Not a line of a table. */
function isWords(line: string): boolean {
  return !/^[┌├└│]/.test(line)
}

const scratch = await mkdtemp(join(tmpdir(), 'concord-kinds-'))
const [given] = process.argv.slice(2)
try {
  const folder = given === undefined ? await makeFiles(join(scratch, 'files')) : resolve(given)
  const judged = given === undefined ? madeKinds : kinds
  let right = 0
  for (const kind of judged) {
    const { said, wrong } = await judge(folder, join(scratch, 'out'), kind, run)
    console.log(`\n${kind.name}\n  $ concord ${kind.argv(name => name, 'out').join(' ')}`)
    for (const line of said.text.trimEnd().split('\n').filter(isWords)) console.log(`  ${line}`)
    console.log(`  ${wrong === null ? 'right' : `WRONG: ${wrong}`}`)
    if (wrong === null) right += 1
  }
  console.log(`\n${right} of ${judged.length} kinds are right`)
  process.exitCode = right === judged.length ? 0 : 1
} finally {
  await rm(scratch, { recursive: true, force: true })
}
