/** Termination: once the network is good, every honest peer gets its output. */
import type { CheckedRun, Checker, Violate } from './checker.ts'

export function createTerminationChecker(_run: CheckedRun, violate: Violate): Checker {
  return {
    name: 'termination',
    end({ stuck }) {
      for (const { peer, waitingFor } of stuck) {
        violate(
          `peer ${peer} has no output in a good network; it waits for ${waitingFor.join(', ') || 'nobody'}`,
        )
        return
      }
    },
  }
}
