/**
 * Where peers may begin a synchronous agreement at different times, it says from when on they count its rounds: within
 * two message delays of each other, whatever the faulty peers do (after Srikanth and Toueg 1987; docs/synchrony.md has
 * the proof).
 *
 * A peer that knows that all honest peers have begun says so, by a pulse: it has heard the vectors of all n, or has waited
 * for as long as their beginnings can lie apart. One that hears the pulses of f + 1 joins in, since one of them is honest.
 * At those of n − f the first round begins, and until then nobody leaves it. Needs `n ≥ 3f + 1`.
 */
import type { Message, Slot } from '../message.ts'
import type { EffectsBuilder, PeerIndex } from '../protocol.ts'
import { honestCount, readyAmplification } from '../thresholds.ts'
import type { AveragingOptions, AveragingOutput } from './averaging.ts'

type Builder = EffectsBuilder<Message, AveragingOutput>

export interface Synchroniser {
  /** This peer has begun the agreement. */
  begin(step: Builder): void
  /** All honest peers have begun, as far as this one can know. */
  allHaveBegun(step: Builder): void
  heard(step: Builder, from: PeerIndex): void
  /** The rounds are counted, so the first one may end. */
  isOpen(): boolean
  waitingFor(): readonly PeerIndex[]
}

/** @param beginnings how far apart honest peers may begin, in timeouts */
export function createSynchroniser(
  { self, peers, maxFaulty, step: learnStep, phase }: AveragingOptions,
  beginnings: number,
): Synchroniser {
  const slot: Slot = { step: learnStep, phase, iteration: 0, sender: self }
  const pulses = new Set<PeerIndex>()
  const pulse = (step: Builder) => {
    if (pulses.has(self)) return
    pulses.add(self)
    step.messages.push({ to: 'others', message: { kind: 'pulse', slot } })
  }
  return {
    begin(step) {
      step.outputs.push({ kind: 'timer', timer: { slot, purpose: 'beginnings', times: beginnings } })
    },
    allHaveBegun: pulse,
    heard(step, from) {
      pulses.add(from)
      if (pulses.size >= readyAmplification(maxFaulty)) pulse(step)
    },
    isOpen: () => pulses.size >= honestCount(peers, maxFaulty),
    waitingFor: () => Array.from({ length: peers }, (_, peer) => peer).filter(peer => !pulses.has(peer)),
  }
}
