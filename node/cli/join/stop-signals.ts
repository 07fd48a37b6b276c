/** What asks a peer's process to end, and its exit code then. */
import { constants } from 'node:os'
import type { Parent } from './parent.ts'

export interface StopSignals {
  readonly asked: Promise<void>
  /** As shells count an end by a signal: 130 or 143; 1 where the parent asked. */
  exitCode(): number
  /** From here on a signal ends the process at once. */
  insist(): void
  dispose(): void
}

/** SIGINT, SIGTERM or the parent: the first asks to end cleanly, a second signal ends at once. */
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
  return {
    asked,
    exitCode: () => codeOf(first),
    insist() {
      insisting = true
    },
    dispose() {
      for (const signal of signals) process.off(signal, handle)
    },
  }
}
