/** All checkers of a run, as one. */
import { type AveragingChecker, createAveragingChecker } from './averaging.ts'
import { createBroadcastChecker } from './broadcast.ts'
import type { CheckedRun, Checker, Violate } from './checker.ts'
import { createTerminationChecker } from './liveness.ts'
import { createAccusationChecker, createSlotChecker } from './slots.ts'
import { createQueueChecker, createTrafficChecker } from './traffic.ts'
import { uncheckedOf } from './unchecked.ts'

export type { IterationMeasure } from './averaging.ts'
export type { CheckedRun, RunEnd, Violation } from './checker.ts'

export interface Checkers extends Required<Checker> {
  readonly averaging: AveragingChecker
}

/** @param violate called with the name of the checker and what it found */
export function createCheckers(
  run: CheckedRun,
  violate: (checker: string, detail: string) => void,
): Checkers {
  const averaging = createAveragingChecker(run, detail => violate('averaging agreement', detail))
  const under = (name: string): Violate => {
    return detail => violate(name, detail)
  }
  const leftOut = uncheckedOf(run.settings.protocol)
  const every: readonly Checker[] = [
    averaging,
    createBroadcastChecker(run, under('reliable broadcast')),
    createSlotChecker(run, under('one vector a slot')),
    createAccusationChecker(run, under('accusations')),
    createQueueChecker(run, under('bounded queues')),
    createTrafficChecker(run, under('traffic')),
    createTerminationChecker(run, under('termination')),
  ]
  // The averaging checker measures too, and compares with nothing where nothing is guaranteed.
  const all = every.filter(checker => checker === averaging || !leftOut.includes(checker.name))
  return {
    name: 'all',
    averaging,
    output: (peer, output) => each(all, checker => checker.output?.(peer, output)),
    received: (peer, from, message) => each(all, checker => checker.received?.(peer, from, message)),
    accused: (observer, peer, kind, detail) =>
      each(all, checker => checker.accused?.(observer, peer, kind, detail)),
    restarted: peer => each(all, checker => checker.restarted?.(peer)),
    links: (peer, links) => each(all, checker => checker.links?.(peer, links)),
    end: end => each(all, checker => checker.end?.(end)),
  }
}

function each(checkers: readonly Checker[], call: (checker: Checker) => void): void {
  for (const checker of checkers) call(checker)
}
