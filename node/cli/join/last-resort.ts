/**
 * The last resort when a defect reaches the process that runs a peer: an uncaught exception or an unhandled rejection.
 * The state of the peer is then unknown, so the process ends. Before that, the journal is synced if possible, and the
 * operator is told what to report. The peer goes on when it is started again.
 *
 * This is for programs, because it acts on the whole process.
 */

import { softwareName } from '../../daemon/version.ts'
import type { Terminal } from '../terminal.ts'

/** An internal software error in sysexits.h. A service manager that restarts on failure does so on this code. */
export const DEFECT_EXIT_CODE = 70

/** How long the sync may take. A write that hangs must not keep a broken peer alive. */
const SYNC_LIMIT_MS = 2000

/** Follows the peer's progress, so that a defect loses as little as possible. */
interface LastResort {
  /** From now on there is a log to sync. */
  guard(syncJournal: () => Promise<void>): void
  dispose(): void
}

interface LastResortOptions {
  readonly cohortId: string
  readonly terminal: Pick<Terminal, 'warn'>
  /** Reports the sentence to the log and to the parent process, and the stack to the log alone. */
  readonly tell: (sentence: string, stack: string) => void
  /** Stands for the process in tests. */
  readonly host?: Host
}

/** The part of the process that is used here. */
interface Host {
  on(event: InjectedFault, listener: (reason: unknown) => void): unknown
  off(event: InjectedFault, listener: (reason: unknown) => void): unknown
  exit(code: number): void
}

type InjectedFault = 'uncaughtException' | 'unhandledRejection'
const defectEvents = ['uncaughtException', 'unhandledRejection'] as const

export function installLastResort({
  cohortId,
  terminal,
  tell,
  host = process,
}: LastResortOptions): LastResort {
  let syncJournal = (): Promise<void> => Promise.resolve()
  let isEnding = false
  const end = async (reason: unknown): Promise<void> => {
    if (isEnding) return
    isEnding = true
    const journal = await synced(syncJournal)
    const { message, stack = message } = reason instanceof Error ? reason : new Error(String(reason))
    const software = `${softwareName()}, Node ${process.versions.node}, cohort ${cohortId.slice(0, 12)}`
    const sentence = `a defect of this program ended this peer: ${message}. ${journal} Start it again as it was, and report this with the stack below (${software})`
    attempt(() => tell(sentence, stack))
    attempt(() => terminal.warn(`concord: ${sentence}\n${stack}`))
    host.exit(DEFECT_EXIT_CODE)
  }
  const listener = (reason: unknown): void => void end(reason)
  for (const name of defectEvents) host.on(name, listener)
  return {
    guard(sync) {
      syncJournal = sync
    },
    dispose() {
      for (const name of defectEvents) host.off(name, listener)
    },
  }
}

/** Syncs the journal, and returns the outcome as a sentence. */
async function synced(syncJournal: () => Promise<void>): Promise<string> {
  const { promise: late, resolve } = Promise.withResolvers<string>()
  const timer = setTimeout(() => resolve('Its log could not be synced in time.'), SYNC_LIMIT_MS)
  // The call is within a promise, because it may throw too.
  const done = Promise.resolve()
    .then(syncJournal)
    .then(
      () => 'What it has signed is on the disk.',
      (error: unknown) => `Its log could not be synced (${error instanceof Error ? error.message : error}).`,
    )
  const outcome = await Promise.race([done, late])
  clearTimeout(timer)
  return outcome
}

/** Ignores a failure, because the process must end whatever is broken. */
function attempt(what: () => void): void {
  try {
    what()
  } catch {
    // The terminal gets the message in any case.
  }
}
