/** The hooks of a real peer: they turn what happens into events, and keep counts and status up to date. */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { CollectedView } from '../../learning/attacks/byzantine.ts'
import { type Membership, memberName } from '../cohort/cohort.ts'
import { NetworkError } from '../network/errors.ts'
import { otherCohortSentence } from '../network/other-cohorts.ts'
import { refusalSentence } from '../network/second-process.ts'
import type { PeerLane } from '../page/peer-lane.ts'
import type { PeerHooks } from '../runtime/peer.ts'
import { divergenceSentence } from './divergence.ts'
import { PeerError } from './errors.ts'
import type { PeerEvent } from './events.ts'
import type { FaultCounter } from './fault-counter.ts'
import type { Observer } from './observer.ts'
import type { StatusBook } from './status.ts'

interface HookParts {
  readonly onEvent: (event: PeerEvent) => void
  readonly observe: Observer
  readonly faults: FaultCounter
  readonly book: Pick<StatusBook, 'heard' | 'metSecondProcess'>
  readonly membership: Membership
  readonly archive: NonNullable<PeerHooks['convicted']>
  readonly ended: Pick<PromiseWithResolvers<Vector>, 'resolve' | 'reject'>
  /** Told of the statistics that the members have agreed on. */
  readonly agreed: (parameters: Vector) => void
  /** Records the run for pages. */
  readonly lane: PeerLane
  /** Collects the messages that a rushing attack sees; null if there is no such attack. */
  readonly adversaryView: Pick<CollectedView, 'collect'> | null
}

/** All hooks except those that only checkers use. */
export function createHooks(parts: HookParts): Required<Omit<PeerHooks, 'shown'>> {
  const { onEvent, observe, faults, book, membership, archive, ended, agreed, adversaryView, lane } = parts
  const nameOf = (peer: PeerIndex) => memberName(membership.cohort, peer)
  return {
    output(output) {
      observe.output(output)
      lane.output(output)
      // Step 1 is the agreement on statistics.
      if (output.kind === 'stepped' && output.state.step === 2) agreed(output.state.parameters)
    },
    timer: lane.timer,
    gradient: (step, { loss }) => observe.loss(step, loss),
    finished: ended.resolve,
    forgot: text => onEvent({ kind: 'log', text }),
    secondProcess(second) {
      if (second.isRefused) ended.reject(new NetworkError('runs-already', refusalSentence(second, nameOf)))
      else book.metSecondProcess(second)
    },
    otherCohorts(others) {
      ended.reject(new NetworkError('other-cohort', otherCohortSentence(others, nameOf)))
    },
    failed: ended.reject,
    diverged(divergence) {
      const message = divergenceSentence(divergence, membership.cohort)
      onEvent({ kind: 'diverged', divergence, message })
      ended.reject(new PeerError('diverged', message))
    },
    fault: faults.add,
    convicted: archive,
    connection: (peer, up, reason) => onEvent({ kind: 'connection', peer, up, reason }),
    missed: (peer, step) => onEvent({ kind: 'missed', peer, step }),
    received(from, message) {
      book.heard(from, message)
      lane.received(from, message)
      adversaryView?.collect(message)
    },
  }
}
