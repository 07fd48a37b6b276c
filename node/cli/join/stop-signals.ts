/** The signals that ask a peer's process to end, and its exit code then. */
import { constants } from 'node:os'
import type { Parent } from './parent.ts'

export interface StopSignals {
  readonly asked: Promise<void>
  /** The code that shells use for an end by a signal, 130 or 143; 1 if the parent asked. */
  exitCode(): number
  /** From now on a signal ends the process at once. */
  insist(): void
  dispose(): void
}

/** How often this process checks whether the npm that runs it is still there. */
const NPM_INTERVAL_MS = 500

/** npm does not pass signals on, so without this a peer would outlive an interrupted "npm run". */
function onceNpmIsGone(gone: () => void): { cancel(): void } {
  if (process.env.npm_lifecycle_event === undefined) return { cancel() {} }
  const npm = process.ppid
  const timer = setInterval(() => {
    if (process.ppid !== npm) gone()
  }, NPM_INTERVAL_MS)
  timer.unref()
  return { cancel: () => clearInterval(timer) }
}

/** SIGINT, SIGTERM, the parent, or the end of npm: the first asks for a clean end, a second signal ends at once. */
export function stopSignals(parent: Pick<Parent, 'stop'> | null): StopSignals {
  const { promise: asked, resolve } = Promise.withResolvers<void>()
  let first: NodeJS.Signals | null = null
  let insisting = false
  const codeOf = (signal: NodeJS.Signals | null) => (signal === null ? 1 : 128 + constants.signals[signal])
  const handle = (signal: NodeJS.Signals) => {
    if (first !== null || insisting) process.exit(codeOf(signal))
    first = signal
    resolve()
  }
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const signal of signals) process.on(signal, handle)
  void parent?.stop.then(resolve)
  const npm = onceNpmIsGone(() => {
    first ??= 'SIGTERM'
    resolve()
  })
  return {
    asked,
    exitCode: () => codeOf(first),
    insist() {
      insisting = true
    },
    dispose() {
      npm.cancel()
      for (const signal of signals) process.off(signal, handle)
    },
  }
}
