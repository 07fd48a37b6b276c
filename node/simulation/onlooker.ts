/**
 * An onlooker sees all that happens in a simulated world, liars included, and changes nothing of it: with one, the trace
 * is the same. The page of a run is drawn from what it sees (node/page/world.ts).
 */

import type { AveragingOutput, TimerKey } from '../../agreement/averaging/averaging.ts'
import type { Aggregate } from '../../agreement/averaging/family.ts'
import type { Message } from '../../agreement/message.ts'
import type { Fault, PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { LearnOutput } from '../../learning/learn-contract.ts'
import type { LinkStatus } from '../link/link.ts'
import type { Frame } from '../ports.ts'
import type { TimelineEntry } from './timeline.ts'

/** What an onlooker may ask of a peer at any time; null while the peer is down. */
interface PeerGlimpse {
  readonly waitingFor: readonly PeerIndex[]
  readonly messagesSent: number
  readonly bytesSent: number
  readonly bytesReceived: number
  readonly links: readonly (LinkStatus | null)[]
}

/** The world, as an onlooker may look at it. */
export interface WorldGlimpse {
  nowMs(): number
  peer(self: PeerIndex): PeerGlimpse | null
}

type Distances = (vectors: readonly Vector[]) => Float64Array

export interface Onlooker {
  /** Called first. */
  enters(world: WorldGlimpse): void
  /**
   * In place of the rule: the same bits.
   * @param rule takes the distances from the onlooker, where it needs any
   * @param distances where some are known
   */
  rule(
    rule: (...given: [...Parameters<Aggregate>, distances: Distances]) => Vector,
    distances?: Distances,
  ): Aggregate
  began(self: PeerIndex, incarnation: number): void
  died(self: PeerIndex): void
  output(self: PeerIndex, output: AveragingOutput | LearnOutput): void
  timer(self: PeerIndex, timer: TimerKey, delayMs: number): void
  received(self: PeerIndex, from: PeerIndex, message: Message): void
  connection(self: PeerIndex, other: PeerIndex, up: boolean, reason: string): void
  fault(self: PeerIndex, fault: Fault | (Omit<Fault, 'peer'> & { readonly peer: null })): void
  sent(from: PeerIndex, to: PeerIndex, frame: Frame): void
  delivered(from: PeerIndex, to: PeerIndex, frame: Frame): void
  /** An honest peer's loss on its batch. */
  loss(self: PeerIndex, step: number, loss: number): void
  /** A fault was injected or healed, or peers have caught up. */
  happened(entry: TimelineEntry): void
  /** An agreement of all honest peers has ended. */
  contracted(step: number, phase: 'gradient' | 'parameters', contraction: HonestContraction): void
  /** All honest peers have completed a step. */
  stepped(step: number): void
}

/** Δ₂ of the honest vectors before and after an agreement, and the most that is guaranteed; null: nothing is. */
interface HonestContraction {
  readonly before: number
  readonly after: number
  readonly bound: number | null
}
