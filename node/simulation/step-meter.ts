/**
 * What the honest peers of a learning run have at each step: their loss, how far they are apart, and whether each
 * averaging agreement kept its word (protocols.md §2).
 */
import { averagingConstantOf, bounds, contractionOf } from '../../agreement/bounds.ts'
import type { AveragedPhase } from '../../agreement/message.ts'
import type { PeerIndex } from '../../agreement/protocol.ts'
import { diameter, type Vector } from '../../agreement/vector.ts'
import type { LearnOutput } from '../../learning/learn-contract.ts'
import { contractionBetween, meanShift, roundingOf } from '../checkers/measures.ts'
import type { Cohort } from '../cohort/cohort.ts'

/** A step that all honest peers have completed. */
export interface StepProgress {
  readonly step: number
  /** Mean over the honest peers of the loss on their batches. */
  readonly loss: number
  readonly diameter: { readonly gradient: number; readonly parameters: number }
}

export interface StepMeter {
  readonly steps: readonly StepProgress[]
  /** Guarantees that did not hold, in words. */
  readonly violations: readonly string[]
  loss(step: number, loss: number): void
  output(output: LearnOutput): void
}

interface Agreement {
  readonly inputs: Vector[]
  readonly outputs: Vector[]
  iterations: number
}

interface OpenStep {
  readonly losses: number[]
  readonly gradient: Agreement
  readonly parameters: Agreement
}

export function createStepMeter(
  cohort: Cohort,
  honest: readonly PeerIndex[],
  onStep?: (progress: StepProgress) => void,
): StepMeter {
  const steps: StepProgress[] = []
  const violations: string[] = []
  const open = new Map<number, OpenStep>()
  const at = (step: number): OpenStep => {
    const agreement = (): Agreement => ({ inputs: [], outputs: [], iterations: 0 })
    const entry = open.get(step) ?? { losses: [], gradient: agreement(), parameters: agreement() }
    open.set(step, entry)
    return entry
  }
  const complete = (step: number, { losses, gradient, parameters }: OpenStep) => {
    open.delete(step)
    violations.push(
      ...broken(cohort, step, 'gradient', gradient),
      ...broken(cohort, step, 'parameters', parameters),
    )
    const progress = {
      step,
      loss: losses.reduce((a, b) => a + b, 0) / Math.max(1, losses.length),
      diameter: { gradient: diameter(gradient.outputs), parameters: diameter(parameters.outputs) },
    }
    steps.push(progress)
    onStep?.(progress)
  }
  return {
    steps,
    violations,
    loss: (step, loss) => at(step).losses.push(loss),
    output(output) {
      if (output.kind === 'sealed' && output.slot.phase !== 'state') {
        const agreement = at(output.slot.step)[output.slot.phase]
        if (output.slot.iteration === 0) agreement.inputs.push(output.vector)
        agreement.iterations = Math.max(agreement.iterations, output.slot.iteration + 1)
      }
      if (output.kind !== 'averaged') return
      const entry = at(output.step)
      entry[output.phase].outputs.push(output.vector)
      if (entry.parameters.outputs.length === honest.length) complete(output.step, entry)
    },
  }
}

/** Agreement and averaging of one averaging agreement, over all its iterations, against what is guaranteed. */
function broken(
  cohort: Cohort,
  step: number,
  phase: AveragedPhase,
  { inputs, outputs, iterations }: Agreement,
): string[] {
  const { protocol, members, faults, synchrony } = cohort
  const query = { protocol, peers: members.length, faults, synchrony, dimension: outputs[0]!.length }
  // A peer that joined in between has no input: nothing is guaranteed against a start that is not known.
  if (iterations === 0 || inputs.length !== outputs.length || !bounds(query).feasible) return []
  const found: string[] = []
  const slack = roundingOf(inputs) * iterations
  const { before, after } = contractionBetween(protocol, inputs, outputs)
  const factor = contractionOf(query) ** iterations
  if (after > factor * before + slack)
    found.push(
      `step ${step}, ${phase}: the honest diameter went from ${before} to ${after}; at most a factor of ${factor} is guaranteed`,
    )
  const constant = averagingConstantOf(query)
  const shift = meanShift(inputs, outputs)
  if (constant !== null && shift > constant * diameter(inputs) + slack)
    found.push(
      `step ${step}, ${phase}: the honest mean moved by ${shift}; at most ${constant * diameter(inputs)} is guaranteed`,
    )
  return found
}
