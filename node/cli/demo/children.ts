/** The processes of a demo: one `concord join` for each peer, their events, and an end for all of them. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PeerIndex } from '../../../agreement/protocol.ts'
import type { PeerEvent } from '../../daemon/events.ts'
import type { Order } from '../join/parent.ts'

export interface ChildEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The last lines it wrote to standard error. */
  readonly lastWords: string
}

interface ChildrenOptions {
  /** Arguments of `concord`, by peer. */
  readonly commands: readonly (readonly string[])[]
  readonly onEvent: (peer: PeerIndex, event: PeerEvent) => void
  readonly onEnd: (peer: PeerIndex, end: ChildEnd) => void
}

export interface Children {
  /** Process ids, by peer. */
  readonly pids: readonly number[]
  /** Asks all to end, and kills them after a while. */
  stop(): Promise<void>
}

/**
 * The young part of each heap, that of a peer and that of its oracle, is kept small. What a peer allocates is mostly
 * vectors, which are collected late where this part has grown. Measured with seven peers that learn the digits, 40 steps,
 * in turns: 305 MB each in place of 425, and 17 s in place of 25.
 */
const MEMORY_FLAGS = ['--max-semi-space-size=4']

/** The time a child has to close its connections and thread. */
const PATIENCE_MS = 3000
const LAST_WORDS_MAX = 2000

export function startChildren({ commands, onEvent, onEnd }: ChildrenOptions): Children {
  // Beside this folder and of its kind: main.ts in a checkout, main.js in a built package.
  const main = fileURLToPath(new URL(`../main${extname(import.meta.url)}`, import.meta.url))
  const children = commands.map((command, peer) => {
    const child = fork(main, [...command], {
      // Vectors travel as they are, not as JSON.
      serialization: 'advanced',
      execArgv: [...process.execArgv, ...MEMORY_FLAGS],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    let lastWords = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      lastWords = (lastWords + text).slice(-LAST_WORDS_MAX)
    })
    child.on('message', event => onEvent(peer, event as PeerEvent))
    child.on('error', error => {
      lastWords += error.message
    })
    // 'close' comes once the channel and standard error have been read to their ends; 'exit' may come before the last events.
    child.on('close', (code, signal) => onEnd(peer, { code, signal, lastWords: lastWords.trim() }))
    return child
  })
  // However this process ends, nothing of the demo outlives it.
  const killAll = () => {
    for (const child of children) child.kill('SIGKILL')
  }
  process.on('exit', killAll)
  return {
    pids: children.map(({ pid }) => pid ?? 0),
    async stop() {
      await Promise.all(children.map(stopChild))
      process.off('exit', killAll)
    },
  }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const ended = once(child, 'exit')
  if (child.connected) child.send({ kind: 'stop' } satisfies Order, () => {})
  else child.kill('SIGTERM')
  const insist = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
  await ended
  clearTimeout(insist)
}
