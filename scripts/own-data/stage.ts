/** Where the story is told: a folder with the members' files, and their hosts, on which they type commands. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Host } from '../lan-test/network.ts'

/** What a command came to. */
export interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface Stage {
  readonly folder: string
  /** Runs `concord` on a member's host. @param capture a file for every byte that leaves the process */
  concord(member: string, args: readonly string[], capture?: string): Promise<Said>
  remove(): Promise<void>
}

const program = join(import.meta.dirname, '../../node/cli/main.ts')
const captureModule = new URL('./capture.ts', import.meta.url).href
const run = promisify(execFile)
const OUTPUT_BYTES_MAX = 2 ** 26

/** @param hosts by member */
export async function createStage(
  hosts: ReadonlyMap<string, Host>,
  say: (line: string) => void,
): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'concord-own-data-'))
  return {
    folder,
    async concord(member, args, capture) {
      say(`${member}$ concord ${args.join(' ')}`)
      const preloaded = capture === undefined ? [] : ['--import', captureModule]
      const [command, ...rest] = [
        ...hosts.get(member)!.inside,
        process.execPath,
        ...preloaded,
        program,
        ...args,
      ]
      const env = { ...process.env, ...(capture && { CONCORD_CAPTURE: join(folder, capture) }) }
      const said = await run(command!, rest, { cwd: folder, env, maxBuffer: OUTPUT_BYTES_MAX }).then(
        ({ stdout, stderr }): Said => ({ code: 0, out: stdout, err: stderr }),
        ({ code, stdout, stderr }): Said => ({ code, out: stdout, err: stderr }),
      )
      if (said.code !== 0) say(`  exit code ${said.code}: ${firstLines(said.err)}`)
      return said
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

const LINES_SHOWN = 4

function firstLines(text: string): string {
  return text.trim().split('\n').slice(0, LINES_SHOWN).join('\n  ')
}
