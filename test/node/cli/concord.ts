/** The command line as its users start it: a process of its own. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const main = fileURLToPath(new URL('../../../node/cli/main.ts', import.meta.url))

/** Far above what anything takes on a busy machine. */
const DEADLINE_MS = 90_000

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly pid: number
  /** Resolves with the match as soon as the output so far has one; rejects where it ends without, or after a deadline. */
  until(pattern: RegExp): Promise<RegExpExecArray>
  kill(signal: NodeJS.Signals): void
  readonly ended: Promise<Ended>
}

/** Starts `concord` with these arguments. */
export function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const { NODE_OPTIONS: _, FORCE_COLOR: __, ...inherited } = process.env
  const child = spawn(process.execPath, [main, ...args], { env: { ...inherited, ...env } })
  let stdout = ''
  let stderr = ''
  const watchers = new Set<() => void>()
  const notice = () => {
    for (const watcher of [...watchers]) watcher()
  }
  child.stdout.setEncoding('utf8').on('data', text => {
    stdout += text
    notice()
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text
    notice()
  })
  const ended = new Promise<Ended>(resolve => {
    child.on('close', code => resolve({ code, stdout, stderr }))
  })
  return {
    pid: child.pid!,
    ended,
    kill: signal => void child.kill(signal),
    until(pattern) {
      const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>()
      const watcher = () => {
        const match = pattern.exec(`${stdout}\n${stderr}`)
        if (match === null) return
        watchers.delete(watcher)
        resolve(match)
      }
      AbortSignal.timeout(DEADLINE_MS).addEventListener('abort', () =>
        reject(new Error(`no ${pattern} in time:\n${stdout}\n${stderr}`)),
      )
      watchers.add(watcher)
      watcher()
      void ended.then(() => reject(new Error(`ended without ${pattern}:\n${stdout}\n${stderr}`)))
      return promise
    },
  }
}

export function run(...args: readonly string[]): Promise<Ended> {
  return start(args).ended
}
