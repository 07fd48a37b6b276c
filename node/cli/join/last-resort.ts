/**
 * What is left when a defect reaches the process that runs a peer: an exception that nobody caught, a promise that
 * nobody looked after. Which state the peer is in is then unknown, so it ends; but first what it was about to say is
 * synced to its log, as far as that goes, and its operator is told what to report. Started again it goes on.
 *
 * For programs: it takes hold of the whole process.
 */

import { softwareName } from '../../daemon/version.ts'
import type { Terminal } from '../terminal.ts'

/** As sysexits.h has it: an internal software error. Every service manager that restarts on failure does so at this. */
export const DEFECT_EXIT_CODE = 70

/** How long the disk may take. A write that hangs must not keep a broken peer alive. */
const SYNC_LIMIT_MS = 2000

/** What may be saved, and told, as far as the peer has come. */
interface LastResort {
  /** From now on there is a log to sync. */
  guard(syncJournal: () => Promise<void>): void
  dispose(): void
}

interface LastResortOptions {
  readonly cohortId: string
  readonly terminal: Pick<Terminal, 'warn'>
  /** The sentence for the log, and for the process that started this one; the stack for the log alone. */
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
const injectedFaults = ['uncaughtException', 'unhandledRejection'] as const

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
    const sentence = `a defect of this program ended this peer: ${message}. ${journal} Start it again as it was, and report this with what stands below (${software})`
    attempt(() => tell(sentence, stack))
    attempt(() => terminal.warn(`concord: ${sentence}\n${stack}`))
    host.exit(DEFECT_EXIT_CODE)
  }
  const listener = (reason: unknown): void => void end(reason)
  for (const trouble of injectedFaults) host.on(trouble, listener)
  return {
    guard(sync) {
      syncJournal = sync
    },
    dispose() {
      for (const trouble of injectedFaults) host.off(trouble, listener)
    },
  }
}

/** How the journal fared, in a sentence. */
async function synced(syncJournal: () => Promise<void>): Promise<string> {
  const { promise: late, resolve } = Promise.withResolvers<string>()
  const timer = setTimeout(() => resolve('Its log could not be synced in time.'), SYNC_LIMIT_MS)
  // Called within a promise: it may throw, too.
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

/** Whatever is broken by now, the process must come to its end. */
function attempt(what: () => void): void {
  try {
    what()
  } catch {
    // The terminal, too, is told.
  }
}
