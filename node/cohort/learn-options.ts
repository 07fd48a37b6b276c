/** LEARN's options, from a cohort file. */
import type { PeerIndex } from '../../agreement/protocol.ts'
import { batchSize } from '../../learning/batch-size.ts'
import { type LearnOptions, type LearnWindow, windowOf } from '../../learning/learn-contract.ts'
import { createSchedule, type Schedule } from '../../learning/schedule.ts'
import { stepSize } from '../../learning/step-size.ts'
import { digestOf } from '../signatures/index.ts'
import { boundsQuery } from './bounds-query.ts'
import type { Cohort } from './cohort.ts'

/**
 * LEARN as the cohort file describes it, except where it starts.
 * @param room for how many steps this peer has room; absent: as usual
 */
export function learnOptions(
  cohort: Cohort,
  self: PeerIndex,
  dimension: number,
  room?: Pick<LearnWindow, 'ahead' | 'kept'>,
): Omit<LearnOptions, 'start' | 'ledger'> {
  const {
    protocol,
    synchrony,
    faults,
    quorum,
    unsafe,
    steps,
    evaluateEvery,
    exchange = 'whole',
    momentum,
    clip,
    weightDecay,
    precision,
    localSteps,
    gradientRule,
    rate,
    batch,
    output,
    seed,
  } = cohort
  return {
    protocol,
    synchrony,
    self,
    peers: cohort.members.length,
    maxFaulty: faults,
    ...(quorum !== undefined && { quorum }),
    dimension,
    grace: cohort.graceMs > 0,
    unsafe,
    schedule: scheduleOf(cohort, dimension),
    steps,
    ...(evaluateEvery !== undefined && { evaluateEvery }),
    rate: stepSize(cohort.stepSize.schedule, rate),
    momentum,
    clip,
    weightDecay,
    ...(precision !== undefined && { precision }),
    ...(localSteps !== undefined && { localSteps }),
    ...(gradientRule !== undefined && { gradientRule }),
    batch: batchSize(cohort.batchSchedule.schedule, batch),
    box: cohort.box === null ? null : { low: -cohort.box, high: cohort.box },
    outputStep: output === 'last' ? null : drawnStep(seed, steps),
    exchange,
    window: windowOf(protocol, exchange, room),
  }
}

/** Iterations of each averaging agreement of this cohort. */
export function scheduleOf(cohort: Cohort, dimension: number): Schedule {
  const { schedule, iterations, count } = cohort
  return createSchedule({
    ...boundsQuery(cohort),
    dimension,
    schedule,
    iterations,
    count,
  })
}

/** `* ~ U{1 … T}` from the shared seed (Algorithm 1, line 10; Remark 2): one mix of the seed's bits is enough. */
export function drawnStep(seed: number, steps: number): number {
  const mixed = Number.parseInt(
    digestOf(Float32Array.of(seed % 65536, Math.floor(seed / 65536))).slice(0, 12),
    16,
  )
  return 1 + (mixed % steps)
}
