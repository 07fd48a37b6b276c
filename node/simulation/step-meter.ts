/**
 * Measures the honest peers of a learning run at each step: their loss, how far apart they are, and whether each
 * averaging agreement kept its guarantees (collaborative-learning, §3.2).
 */
import type { Phase } from '../../agreement/message.ts'
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { LearnOutput } from '../../learning/learn-contract.ts'
import {
  type Agreement,
  brokenBetween,
  createMetricsBook,
  newAgreement,
  sawSealed,
} from '../checkers/guarantees.ts'
import { contractionIn, measured, spreadOf } from '../checkers/measures.ts'
import { precisionOf } from '../codec/index.ts'
import type { Cohort } from '../cohort/cohort.ts'
import type { Onlooker } from './onlooker.ts'

/** A step that all honest peers have completed. */
export interface StepProgress {
  readonly step: number
  /** Mean over the honest peers of the loss on their batches. */
  readonly loss: number
  /** Null where the step was not measured. */
  readonly diameter: { readonly gradient: number; readonly parameters: number } | null
  /**
   * Of what the honest peers put into the agreement on gradients: `ζ²`, the mean squared distance from their mean, and
   * their diameter. Null where the step was not measured.
   */
  readonly heterogeneity: { readonly squared: number; readonly diameter: number } | null
}

const NOT_MEASURED = { diameter: null, heterogeneity: null }

interface StepMeterOptions {
  /** How many steps from one measured step to the next; 0: only the last is measured; absent: 1. */
  readonly measureEvery?: number
  readonly onStep?: (progress: StepProgress) => void
  /** All `‖x_j − x_k‖²`, where some are known; absent: computed each time. */
  readonly distances?: (vectors: readonly Vector[]) => Float64Array
  readonly onlooker?: Pick<Onlooker, 'contracted' | 'stepped'> | null
}

export interface StepMeter {
  readonly steps: readonly StepProgress[]
  /** The guarantees that did not hold, in words. */
  violations(): readonly string[]
  loss(peer: PeerIndex, step: number, loss: number): void
  output(peer: PeerIndex, output: LearnOutput): void
  /** A peer will take part in no further step. */
  gone(peer: PeerIndex): void
}

interface OpenStep {
  readonly losses: Map<PeerIndex, number>
  readonly gradient: Agreement
  readonly parameters: Agreement
}

export function createStepMeter(
  cohort: Cohort,
  honest: readonly PeerIndex[],
  { measureEvery = 1, onStep, distances, onlooker = null }: StepMeterOptions = {},
): StepMeter {
  const steps: StepProgress[] = []
  const violations: string[] = []
  const open = new Map<number, OpenStep>()
  const metrics = createMetricsBook()
  /** By peer that still takes part: the last step that it has completed, or has skipped to catch up. */
  const past = new Map(honest.map(peer => [peer, 0]))
  const at = (step: number): OpenStep => {
    const entry = open.get(step) ?? newStep()
    open.set(step, entry)
    return entry
  }
  const complete = (step: number) => {
    const { losses, gradient, parameters } = at(step)
    open.delete(step)
    const isMeasured = step === cohort.steps || (measureEvery > 0 && step % measureEvery === 0)
    const measure = (phase: 'gradient' | 'parameters', agreement: Agreement) => {
      const inputs = measured([...agreement.inputs.values()], distances)
      const outputs = measured([...agreement.outputs.values()], distances)
      violations.push(...brokenBetween(cohort, step, phase, { ...agreement, inputs, outputs }))
      const isOwn = phase === 'gradient' && cohort.gradientRule !== undefined
      const contraction = contractionIn(cohort, inputs, outputs, agreement.iterations)
      onlooker?.contracted(step, phase, isOwn ? { ...contraction, bound: null } : contraction)
      return { inputs, diameter: outputs.diameter() }
    }
    const measuredOf = () => {
      const own = measure('gradient', gradient)
      const diameter = { gradient: own.diameter, parameters: measure('parameters', parameters).diameter }
      const heterogeneity = { squared: spreadOf(own.inputs), diameter: own.inputs.diameter() }
      return { diameter, heterogeneity }
    }
    const loss = sumOf(losses) / Math.max(1, losses.size)
    const progress: StepProgress = { step, loss, ...(isMeasured ? measuredOf() : NOT_MEASURED) }
    steps.push(progress)
    onStep?.(progress)
    onlooker?.stepped(step)
  }
  const settle = () => {
    while (past.size > 0 && steps.length < Math.min(...past.values())) complete(steps.length + 1)
  }
  const passed = (peer: PeerIndex, step: number) => {
    if (step <= (past.get(peer) ?? Infinity)) return
    past.set(peer, step)
    settle()
  }
  return {
    steps,
    violations: () => [...violations, ...metrics.broken(cohort)],
    loss: (peer, step, loss) => void at(step).losses.set(peer, loss),
    output(peer, output) {
      metrics.output(peer, output)
      if (output.kind === 'need-gradient') passed(peer, output.step - 1)
      if (output.kind === 'sealed' && output.slot.step > steps.length && isOfSteps(output.slot.phase)) {
        const { step, phase, iteration } = output.slot
        sawSealed(at(step)[phase], peer, iteration, output.vector, precisionOf(phase, cohort))
      }
      if (output.kind !== 'averaged' || output.step <= steps.length || !isOfSteps(output.phase)) return
      at(output.step)[output.phase].outputs.set(peer, output.vector)
      if (output.phase === 'parameters') passed(peer, output.step)
    },
    gone(peer) {
      past.delete(peer)
      settle()
    },
  }
}

function sumOf(losses: ReadonlyMap<PeerIndex, number>): number {
  return [...losses.values()].reduce((a, b) => a + b, 0)
}

function newStep(): OpenStep {
  return { losses: new Map(), gradient: newAgreement(), parameters: newAgreement() }
}

function isOfSteps(phase: Phase): phase is 'gradient' | 'parameters' {
  return phase === 'gradient' || phase === 'parameters'
}
