/**
 * What must always hold of a cohort that learns. An honest peer signs one vector for each slot and casts one vote of
 * each kind on it, across restarts. No honest peer accuses another. An honest peer has nothing more to do with a peer
 * that it has convicted, even after a restart. And once the network is good all finish, close together.
 */
import { type Message, slotKey } from '../../agreement/message.ts'
import type { Evidence, FaultKind, PeerIndex } from '../../agreement/protocol.ts'
import { coordinateWiseDiameter, type Vector } from '../../agreement/vector.ts'
import type { LearnOutput, LearnState } from '../../learning/learn-contract.ts'
import { lastStep } from '../../learning/measured-steps.ts'
import type { BoundedCohort } from '../cohort/bounds-query.ts'
import type { Cohort } from '../cohort/cohort.ts'
import type { LinkLimits } from '../link/limits.ts'
import { createGossipChecker } from './gossip.ts'
import { createMetricsBook } from './guarantees.ts'
import { createResendChecker, type ResendChecker } from './resends.ts'

/** What is known of a cohort before it runs. */
interface CheckedCohort {
  readonly cohort: BoundedCohort &
    Pick<Cohort, 'steps' | 'evaluateEvery' | 'members' | 'seed'> &
    Partial<Pick<Cohort, 'precision' | 'momentum' | 'exchange' | 'topology' | 'rule'>>
  readonly linkLimits: LinkLimits
  /** Under synchrony the honest peers whose messages come in time: no fault has struck them; absent: all. */
  readonly timely?: readonly PeerIndex[]
  /** The minima of the peers' losses, a row a peer, where they are known: the ends are held to them. */
  readonly centres?: readonly Vector[]
  /** The peers' own figures, a row a peer, which become the last coordinates; absent: of no length. */
  readonly statistics?: readonly Vector[]
  /** Standard deviation of a gradient's noise, per coordinate; absent: 0. */
  readonly noise?: number
}

export interface LearningCheckers extends ResendChecker {
  /** @param isSecond it is a second process with the peer's key */
  output(peer: PeerIndex, output: LearnOutput, isSecond?: boolean): void
  /** @param isSecond it is a second process with the peer's key, which need not know whom the peer has convicted */
  received(peer: PeerIndex, from: PeerIndex, message: Message, isSecond?: boolean): void
  /** A peer has shown another a proof: it had it on its disk by then. */
  shown(peer: PeerIndex, from: PeerIndex, proof: Evidence): void
  connected(peer: PeerIndex, other: PeerIndex): void
  /** A peer may have lost what it had on its disk. */
  lostDisk(peer: PeerIndex): void
  accused(observer: PeerIndex, peer: PeerIndex | null, kind: FaultKind, detail?: string): void
  /** Synced records of an honest peer are gone, and its log was taken for whole. */
  lostUnsaid(peer: PeerIndex): void
  end(results: readonly (Vector | null)[], describe: (peer: PeerIndex) => string): void
}

/** Of a mean of 32-bit floats of size 1. */
const ROUNDING = 1e-5
/** Honest peers may end this far apart, over how far apart their losses' minima are: noise and lies are in it. */
const SPREAD_MAX = 2

export function createLearningCheckers(
  checked: CheckedCohort,
  honest: readonly PeerIndex[],
  violate: (checker: string, detail: string) => void,
): LearningCheckers {
  const { cohort, linkLimits } = checked
  const isHonest = new Set(honest)
  const bind = createBinding(isHonest, violate)
  const gossip = createGossipChecker(cohort, honest, violate)
  const metrics = createMetricsBook()
  const inTime = createTimelyWatch(checked, honest, detail => violate('synchronous rounds', detail))
  const end = createEndWatch(lastStep(cohort) + 1, detail => violate('steps', detail))
  /** By honest peer: the peers that it has accused before others. */
  const accusedBy = new Map(honest.map(peer => [peer, new Set<PeerIndex>()]))
  const shun = (peer: PeerIndex, other: PeerIndex, what: string) => {
    if (accusedBy.get(peer)?.has(other))
      violate('convictions', `peer ${peer} ${what} peer ${other}, whom it had convicted`)
  }
  const resends = createResendChecker(linkLimits, detail => violate('resends', detail))
  return {
    shown(peer, from, proof) {
      gossip?.shown(peer, proof)
      accusedBy.get(from)?.add(proof.slot.sender)
    },
    connected: (peer, other) => shun(peer, other, 'is connected with'),
    lostDisk(peer) {
      gossip?.lostDisk(peer)
      accusedBy.get(peer)?.clear()
    },
    began: resends.began,
    sent(from, to, frame, nowMs) {
      gossip?.sent(from, to)
      resends.sent(from, to, frame, nowMs)
    },
    output(peer, output, isSecond = false) {
      gossip?.output(peer, output, isSecond)
      metrics.output(peer, output)
      inTime(peer, output)
      end.output(peer, output)
      if (output.kind === 'stepped' && isFeedbackLost(cohort, output.state))
        violate('error feedback', `peer ${peer} has lost it before step ${output.state.step}`)
    },
    received(peer, from, message, isSecond = false) {
      gossip?.received(peer, from, message)
      if (!isSecond) shun(peer, from, `takes a ${message.kind} of`)
      bind(from, message)
    },
    accused(observer, peer, kind, detail = '') {
      if (peer !== null && isHonest.has(peer))
        violate('accusations', `honest peer ${observer} accuses honest peer ${peer} of ${kind} ${detail}`)
    },
    lostUnsaid: peer =>
      violate(
        'damage is said',
        `the log of peer ${peer} was cut at a damaged record with synced ones behind it`,
      ),
    end(results, describe) {
      for (const broken of metrics.broken(cohort)) violate('agreed metrics', broken)
      const unfinished = honest.filter(peer => results[peer] === null)
      if (unfinished.length > 0 && gossip?.promisesNoEnd(unfinished)) return
      if (unfinished.length > 0) return violate('termination', unfinished.map(describe).join('; '))
      checkEnds(checked, honest, results as readonly Vector[], violate)
    },
  }
}

/** One vector for each slot, and one vote of each kind on it: what an honest peer bound itself to. */
function createBinding(
  isHonest: ReadonlySet<PeerIndex>,
  violate: (checker: string, detail: string) => void,
): (from: PeerIndex, message: Message) => void {
  /** The first value seen anywhere. */
  const bound = new Map<string, string>()
  const bind = (author: PeerIndex, what: string, message: Message, value: string) => {
    if (!isHonest.has(author)) return
    const key = `${author} ${what} ${slotKey(message.slot)}`
    const first = bound.get(key) ?? value
    bound.set(key, first)
    if (first !== value)
      violate(
        `one ${what} a slot`,
        `peer ${author} said ${first.slice(0, 8)} and ${value.slice(0, 8)} for ${key}`,
      )
  }
  return (from, message) => {
    const { sender } = message.slot
    if (message.kind === 'vector' || message.kind === 'payload')
      bind(sender, 'vector', message, message.sealed.digest)
    else if (message.kind === 'digest') bind(sender, 'vector', message, message.digest)
    else if (message.kind === 'echo') {
      bind(sender, 'vector', message, message.digest)
      bind(from, 'echo', message, message.digest)
    } else if (message.kind === 'ready') bind(from, 'ready', message, message.digest)
    else if (message.kind === 'report') bind(from, 'report', message, message.peers.join(' '))
  }
}

/**
 * Under synchrony no honest vector comes too late. (By digest a peer may end without the rest, where its own vector is the
 * result whatever that is.)
 */
function createTimelyWatch(
  { cohort: { synchrony, exchange = 'whole' }, timely: given }: CheckedCohort,
  honest: readonly PeerIndex[],
  violate: (detail: string) => void,
): (peer: PeerIndex, output: LearnOutput) => void {
  const timely = given ?? honest
  return (peer, output) => {
    if (!timely.includes(peer)) return
    if (synchrony !== 'synchronous' || output.kind !== 'iterated') return
    const { step, phase, iteration } = output.exchange
    if (exchange !== 'whole' && !(phase === 'gradient' && iteration === 0)) return
    const late = timely.filter(author => !output.used.includes(author))
    if (late.length > 0)
      violate(
        `peer ${peer} ended step ${step}, ${phase}, iteration ${iteration} without the vectors of honest peers ${late.join(', ')}`,
      )
  }
}

/** What rounding took from gradients is kept from the first on, and dropped with momentum alone. */
function isFeedbackLost({ precision, momentum = 0 }: CheckedCohort['cohort'], state: LearnState): boolean {
  if (precision !== 'int8' || momentum === 0) return false
  return (state.momentum === null) !== (state.residual === undefined)
}

/** How far apart honest peers end, if that is too far, in words; null otherwise. */
function tooFarApart(centres: readonly Vector[], results: readonly Vector[], noise: number): string | null {
  const [spread, end] = [coordinateWiseDiameter(centres), coordinateWiseDiameter(results)]
  if (end <= SPREAD_MAX * (spread + noise)) return null
  return `honest peers end ${end} apart, where their losses' minima are ${spread} apart`
}

/** A peer finishes one step after the last agreement, neither before nor beyond. */
function createEndWatch(stepsEnd: number, violate: (detail: string) => void) {
  /** By peer: the step that it has reached, in any incarnation. */
  const stood = new Map<PeerIndex, number>()
  return {
    output(peer: PeerIndex, output: LearnOutput) {
      if (output.kind === 'stepped') stood.set(peer, output.state.step)
      const step = stood.get(peer)
      if (output.kind === 'stepped' && output.state.step > stepsEnd)
        violate(`peer ${peer} came to step ${step}`)
      if (output.kind === 'finished' && step !== stepsEnd)
        violate(`peer ${peer} has finished at step ${step}, before the last agreement`)
    },
  }
}

/** Where the honest peers end. @param results complete for them */
function checkEnds(
  { cohort, centres, statistics = [], noise = 0 }: CheckedCohort,
  honest: readonly PeerIndex[],
  results: readonly Vector[],
  violate: (checker: string, detail: string) => void,
): void {
  const figures = statistics[0]?.length ?? 0
  const of = (vectors: readonly Vector[]) => honest.map(peer => vectors[peer]!)
  const learnt = of(results).map(vector => vector.subarray(0, vector.length - figures))
  const wrong =
    figures === 0
      ? null
      : wrongStatistics(
          of(statistics),
          of(results).map(vector => vector.slice(-figures)),
          cohort.protocol,
        )
  if (wrong !== null) violate('statistics', wrong)
  // Of peers that gossip nothing is proved of how near they come (docs/graphs.md).
  if (centres === undefined || cohort.topology !== undefined) return
  const minima = of(centres).map(centre => centre.subarray(0, learnt[0]!.length))
  const far = tooFarApart(minima, learnt, noise)
  if (far !== null) violate('closeness', far)
}

/**
 * What all took over is the same, and lies where the honest peers' own figures lie; MDA may leave their range by its diameter.
 * @returns null if it does
 */
function wrongStatistics(
  own: readonly Vector[],
  ends: readonly Vector[],
  protocol: Cohort['protocol'],
): string | null {
  const room = protocol === 'mda' ? coordinateWiseDiameter(own) : ROUNDING
  for (let i = 0; i < own[0]!.length; i++) {
    const figures = own.map(vector => vector[i]!)
    const [low, high] = [Math.min(...figures), Math.max(...figures)]
    const wrong = ends.find(end => !(end[i]! >= low - room && end[i]! <= high + room))
    if (wrong) return `coordinate ${i} is ${wrong[i]}, where honest peers have ${low} to ${high}`
    const apart = Math.max(...ends.map(end => end[i]!)) - Math.min(...ends.map(end => end[i]!))
    if (apart > ROUNDING) return `coordinate ${i} differs by ${apart} between honest peers`
  }
  return null
}
