/** `concord join` as processes of their own, whose events come to the script that started them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { PeerEvent } from '../../node/daemon/events.ts'

const main = join(import.meta.dirname, '../../node/cli/main.ts')

export interface PeerProcess {
  readonly pid: number
  readonly ended: Promise<PeerEnd>
  hasEnded(): boolean
  kill(signal: NodeJS.Signals): void
}

export interface PeerEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The last lines of its standard error. */
  readonly lastWords: string
}

interface ProcessOptions {
  /** A command that runs another in a place of its own, as `ip netns exec NAME`. */
  readonly inside?: readonly string[]
  /** A module that the process imports first. */
  readonly imported?: URL
  /** Of `concord join`. */
  readonly args: readonly string[]
  readonly onEvent: (event: PeerEvent) => void
}

const LAST_WORDS_MAX = 4000
const running = new Set<ChildProcess>()

// However this process ends, no peer outlives it.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export function startPeer({ inside = [], imported, args, onEvent }: ProcessOptions): PeerProcess {
  const imports = imported === undefined ? [] : ['--import', imported.href]
  const [command, ...rest] = [...inside, process.execPath, ...imports, main, 'join', ...args]
  const child = spawn(command!, rest, {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  running.add(child)
  let lastWords = ''
  let over = false
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-LAST_WORDS_MAX)
  })
  child.on('message', event => onEvent(event as PeerEvent))
  child.on('error', error => {
    lastWords += error.message
  })
  const ended = new Promise<PeerEnd>(resolve => {
    child.on('close', (code, signal) => {
      running.delete(child)
      over = true
      resolve({ code, signal, lastWords: lastWords.trim() })
    })
  })
  return { pid: child.pid ?? 0, ended, hasEnded: () => over, kill: signal => void child.kill(signal) }
}
