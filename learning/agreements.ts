/** The averaging agreements of LEARN, two or three a step: created when first needed, and kept for a while for slower peers. */
import type { Averaging } from '../agreement/averaging/averaging.ts'
import { BoundError, createAveraging } from '../agreement/averaging/create.ts'
import { roundsLength } from '../agreement/averaging/rounds.ts'
import type { AveragedPhase } from '../agreement/message.ts'
import { refusalOf } from '../agreement/refusal.ts'
import { METRICS_DIMENSION } from './evaluation/agreed.ts'
import type { LearnOptions } from './learn-contract.ts'

export interface Agreements {
  /**
   * The agreement of a step and phase; created if there is none yet. Throws a `BoundError` below the protocol's bound.
   */
  of(step: number, phase: AveragedPhase): Averaging
  /** The same, if it has been created and not been dropped. */
  find(step: number, phase: AveragedPhase): Averaging | undefined
  all(): Iterable<{ readonly step: number; readonly phase: AveragedPhase; readonly agreement: Averaging }>
  dropBefore(step: number): void
}

export function createAgreements(options: LearnOptions): Agreements {
  const {
    protocol,
    synchrony,
    self,
    peers,
    maxFaulty,
    quorum,
    dimension,
    grace,
    ledger,
    unsafe,
    aggregate,
    discard,
  } = options
  const { exchange = 'whole', statistics = 0, gradientRule } = options
  const refusal = refusalOf({ ...options, learns: true })
  if (refusal !== null) throw new BoundError(refusal.why)
  const lengthOf = (step: number, phase: AveragedPhase) => ({
    iterations: options.schedule(step, phase),
    digestFrom: exchange === 'digest-first' ? firstByDigest(step, phase, statistics > 0) : Infinity,
  })
  /** In timeouts: as long as the agreement before may last, one for the gradient, and one for how far apart that began. */
  const beginningsOf = (step: number, phase: AveragedPhase): number => {
    if (phase === 'parameters') return roundsLength(lengthOf(step, 'gradient')) + 2
    return (step > 1 ? roundsLength(lengthOf(step - 1, 'parameters')) : 0) + 2
  }
  type Made = { readonly step: number; readonly phase: AveragedPhase; readonly agreement: Averaging }
  /** By step, by phase: every message asks, so no key is put together. */
  const made = new Map<number, Map<AveragedPhase, Made>>()
  const find = (step: number, phase: AveragedPhase) => made.get(step)?.get(phase)?.agreement
  return {
    find,
    of(step, phase) {
      const known = find(step, phase)
      if (known !== undefined) return known
      const { iterations, digestFrom } = lengthOf(step, phase)
      const agreement = createAveraging({
        protocol,
        synchrony,
        self,
        peers,
        maxFaulty,
        ...(quorum !== undefined && { quorum }),
        dimension: phase === 'metrics' ? METRICS_DIMENSION : dimension,
        grace,
        ledger,
        unsafe,
        step,
        phase,
        iterations,
        digestFrom,
        ...(synchrony === 'synchronous' && { beginnings: beginningsOf(step, phase) }),
        ...(phase === 'gradient' && gradientRule !== undefined && { firstRule: gradientRule }),
        ...(aggregate && { aggregate }),
        ...(discard && { discard }),
      })
      const ofStep = made.get(step) ?? new Map<AveragedPhase, Made>()
      made.set(step, ofStep.set(phase, { step, phase, agreement }))
      return agreement
    },
    all: () => [...made.values()].flatMap(phases => [...phases.values()]),
    dropBefore(step) {
      for (const of of made.keys()) if (of < step) made.delete(of)
    },
  }
}

/** The first iteration that exchanges digests: the one into which honest peers come with equal vectors, if any. */
function firstByDigest(step: number, phase: AveragedPhase, agreesOnStatistics: boolean): number {
  if (phase === 'metrics') return Infinity // short vectors
  const differ = phase === 'gradient' || (step === 1 && agreesOnStatistics)
  return differ ? 1 : 0
}
