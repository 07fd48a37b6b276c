/** The guarantees of an averaging agreement within a learning run (collaborative-learning, §3.2), after the fact. */
import { averagingConstantOf, bounds, contractionOf, type ProtocolName } from '../../agreement/bounds.ts'
import type { AveragedPhase } from '../../agreement/message.ts'
import { type Precision, roundingErrorOf } from '../../agreement/precision.ts'
import type { PeerIndex } from '../../agreement/protocol.ts'
import { isCoordinateWise } from '../../agreement/protocols/registry.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { LearnOutput } from '../../learning/learn-contract.ts'
import { type BoundedCohort, boundsQuery } from '../cohort/bounds-query.ts'
import type { Cohort } from '../cohort/cohort.ts'
import { contractionBetween, type Measured, meanShift, meanShiftMax, measured } from './measures.ts'

/** The honest peers' vectors of one agreement, by peer, because a peer that comes back repeats its messages. */
export interface Agreement {
  readonly inputs: Map<PeerIndex, Vector>
  readonly outputs: Map<PeerIndex, Vector>
  iterations: number
  /** In an iteration after the first, rounding to the precision has moved no coordinate of an honest vector by more. */
  rounding: number
}

/** An honest peer has sealed its vector for an iteration. */
export function sawSealed(
  agreement: Agreement,
  peer: PeerIndex,
  iteration: number,
  vector: Vector,
  precision: Precision = 'f32',
): void {
  // The first iteration's is what the guarantees begin with, as it was rounded.
  if (iteration === 0) agreement.inputs.set(peer, vector)
  else agreement.rounding = Math.max(agreement.rounding, roundingErrorOf(vector, precision))
  agreement.iterations = Math.max(agreement.iterations, iteration + 1)
}

export function newAgreement(): Agreement {
  return { inputs: new Map(), outputs: new Map(), iterations: 0, rounding: 0 }
}

interface MetricsBook {
  /** An output of an honest peer. */
  output(peer: PeerIndex, output: LearnOutput): void
  /** The guarantees that did not hold, in words. */
  broken(cohort: CheckedCohort): readonly string[]
}

/** The agreements on metrics of a run. They run beside the steps, so they are judged at the end. */
export function createMetricsBook(): MetricsBook {
  const agreements = new Map<number, Agreement>()
  const at = (step: number): Agreement => {
    const agreement = agreements.get(step) ?? newAgreement()
    agreements.set(step, agreement)
    return agreement
  }
  return {
    output(peer, output) {
      if (output.kind === 'sealed' && output.slot.phase === 'metrics') {
        const { step, iteration } = output.slot
        sawSealed(at(step), peer, iteration, output.vector)
      }
      if (output.kind === 'averaged' && output.phase === 'metrics')
        at(output.step).outputs.set(peer, output.vector)
    },
    broken: cohort =>
      [...agreements].flatMap(([step, agreement]) => brokenGuarantees(cohort, step, 'metrics', agreement)),
  }
}

type CheckedCohort = BoundedCohort & Pick<Cohort, 'members' | 'gradientRule'>

/** Compares agreement and averaging of one averaging agreement, over all its iterations, with the guarantees. */
export function brokenGuarantees(
  cohort: CheckedCohort,
  step: number,
  phase: AveragedPhase,
  agreement: Agreement,
): string[] {
  const inputs = measured([...agreement.inputs.values()])
  const outputs = measured([...agreement.outputs.values()])
  return brokenBetween(cohort, step, phase, { ...agreement, inputs, outputs })
}

/** An agreement whose vectors are all there. */
interface MeasuredAgreement extends Pick<Agreement, 'iterations' | 'rounding'> {
  readonly inputs: Measured
  readonly outputs: Measured
}

/** As `brokenGuarantees`, of families that the caller measures too. */
export function brokenBetween(
  cohort: CheckedCohort,
  step: number,
  phase: AveragedPhase,
  { inputs, outputs, iterations, rounding }: MeasuredAgreement,
): string[] {
  const [from, to] = [inputs.vectors, outputs.vectors]
  const { protocol } = cohort
  if (iterations === 0 || to.length === 0 || from.length === 0) return []
  const query = { ...boundsQuery(cohort), dimension: to[0]!.length }
  if (!bounds(query).feasible) return []
  const found: string[] = []
  if (phase === 'metrics' && isCoordinateWise(protocol)) found.push(...outsideRange(step, inputs, outputs))
  // A peer that died has no output, and a peer that joined midway no input. No more is guaranteed without both.
  if (from.length !== to.length) return found
  // A rule of the cohort's choice in the first iteration contracts nothing (averaging/first-rule.ts).
  if (phase === 'gradient' && cohort.gradientRule !== undefined) return found
  // A pass over all vectors, for what rounding may add: only where it can decide.
  const exceeds = (value: number, bound: number) =>
    value > bound && value > bound + inputs.rounding() * iterations
  // agreement/precision.ts: what rounding between iterations may add, by coordinate and by vector.
  const byCoordinate = (iterations - 1) * rounding
  const byVector = Math.sqrt(query.dimension) * byCoordinate
  const { before, after } = widthsOf(protocol, inputs, outputs)
  const factor = contractionOf(query) ** iterations
  if (exceeds(after, factor * before + 2 * (isCoordinateWise(protocol) ? byCoordinate : byVector)))
    found.push(
      `step ${step}, ${phase}: the honest diameter went from ${before} to ${after}; at most a factor of ${factor} is guaranteed`,
    )
  const constant = averagingConstantOf(query)
  if (constant === null) return found
  const most = constant * inputs.diameter() + (1 + 2 * constant) * byVector
  const shift = meanShiftMax(inputs, outputs) <= most ? 0 : meanShift(inputs, outputs)
  if (exceeds(shift, most))
    found.push(
      `step ${step}, ${phase}: the honest mean moved by ${shift}; at most ${constant * inputs.diameter()} is guaranteed`,
    )
  return found
}

/** Δ₂ before and after, or Δ^cw of the coordinate that contracted least; vectors that are equal need no measure. */
function widthsOf(protocol: ProtocolName, inputs: Measured, outputs: Measured) {
  if (outputs.distinct().length === 1) return { before: 0, after: 0 }
  if (isCoordinateWise(protocol)) return contractionBetween(protocol, inputs, outputs)
  return { before: inputs.diameter(), after: outputs.diameter() }
}

/** No lie moves the cohort's figures beyond those of its honest members. */
function outsideRange(step: number, inputs: Measured, outputs: Measured): string[] {
  const { low, high } = inputs.range()
  const slack = inputs.rounding()
  const wrong = outputs
    .distinct()
    .flatMap(output => [...output.keys()].map(i => ({ i, value: output[i]! })))
    .find(({ i, value }) => !(value >= low[i]! - slack && value <= high[i]! + slack))
  return wrong === undefined
    ? []
    : [
        `step ${step}, metrics: figure ${wrong.i} became ${wrong.value}, where honest ones lie from ${low[wrong.i]} to ${high[wrong.i]}`,
      ]
}
