/**
 * Measures the honest peers of a learning run at each step: their loss, how far apart they are, and whether each
 * averaging agreement kept its guarantees (collaborative-learning, §3.2).
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
  /** The guarantees that did not hold, in words. */
  readonly violations: readonly string[]
  loss(peer: PeerIndex, step: number, loss: number): void
  output(peer: PeerIndex, output: LearnOutput): void
  /** A peer will take part in no further step. */
  gone(peer: PeerIndex): void
}

/** By peer, because a peer that comes back repeats its messages. */
interface Agreement {
  readonly inputs: Map<PeerIndex, Vector>
  readonly outputs: Map<PeerIndex, Vector>
  iterations: number
}

interface OpenStep {
  readonly losses: Map<PeerIndex, number>
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
  /** By peer that still takes part: the last step that it has completed, or has skipped to catch up. */
  const past = new Map(honest.map(peer => [peer, 0]))
  const at = (step: number): OpenStep => {
    const agreement = (): Agreement => ({ inputs: new Map(), outputs: new Map(), iterations: 0 })
    const entry = open.get(step) ?? { losses: new Map(), gradient: agreement(), parameters: agreement() }
    open.set(step, entry)
    return entry
  }
  const complete = (step: number) => {
    const { losses, gradient, parameters } = at(step)
    open.delete(step)
    violations.push(
      ...broken(cohort, step, 'gradient', gradient),
      ...broken(cohort, step, 'parameters', parameters),
    )
    const progress = {
      step,
      loss: [...losses.values()].reduce((a, b) => a + b, 0) / Math.max(1, losses.size),
      diameter: { gradient: diameterOf(gradient.outputs), parameters: diameterOf(parameters.outputs) },
    }
    steps.push(progress)
    onStep?.(progress)
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
    violations,
    loss: (peer, step, loss) => void at(step).losses.set(peer, loss),
    output(peer, output) {
      if (output.kind === 'need-gradient') passed(peer, output.step - 1)
      if (output.kind === 'sealed' && output.slot.phase !== 'state' && output.slot.step > steps.length) {
        const agreement = at(output.slot.step)[output.slot.phase]
        if (output.slot.iteration === 0) agreement.inputs.set(peer, output.vector)
        agreement.iterations = Math.max(agreement.iterations, output.slot.iteration + 1)
      }
      if (output.kind !== 'averaged' || output.step <= steps.length) return
      at(output.step)[output.phase].outputs.set(peer, output.vector)
      if (output.phase === 'parameters') passed(peer, output.step)
    },
    gone(peer) {
      past.delete(peer)
      settle()
    },
  }
}

function diameterOf(vectors: ReadonlyMap<PeerIndex, Vector>): number {
  return diameter([...vectors.values()])
}

/** Compares agreement and averaging of one averaging agreement, over all its iterations, with the guarantees. */
function broken(cohort: Cohort, step: number, phase: AveragedPhase, agreement: Agreement): string[] {
  const { iterations } = agreement
  const [inputs, outputs] = [[...agreement.inputs.values()], [...agreement.outputs.values()]]
  const { protocol, members, faults: maxFaulty, synchrony } = cohort
  // A peer that died has no output, and a peer that joined midway no input. Nothing is guaranteed without both.
  if (iterations === 0 || outputs.length === 0 || inputs.length !== outputs.length) return []
  const query = { protocol, peers: members.length, maxFaulty, synchrony, dimension: outputs[0]!.length }
  if (!bounds(query).feasible) return []
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
