/**
 * What a member learns without the others: as many steps as the cohort takes, from the same start, along its own gradients
 * on its own share, with the same batches, decay, clipping and momentum. What the cohort reaches beyond that is its gain.
 */
import { isFiniteVector, type Vector } from '../agreement/vector.ts'
import type { BatchSize } from './batch-size.ts'
import type { Box } from './box.ts'
import { descended } from './descent.ts'
import { gradientNumber, localStart, localStep } from './local-steps.ts'
import type { Oracle } from './oracle.ts'
import type { OwnGradientOptions } from './own-gradient.ts'
import type { StepSize } from './step-size.ts'

export interface AloneOptions extends OwnGradientOptions {
  readonly steps: number
  readonly rate: StepSize
  readonly batch: BatchSize
  /** Null or absent: no projection. */
  readonly box?: Box | null
  /** Absent: one. */
  readonly localSteps?: number
  /** The step whose parameters count, before it is taken; null or absent: those after the last. */
  readonly outputStep?: number | null
}

/** @returns its parameters at the end; null if they are not finite */
export async function learnAlone(
  oracle: Pick<Oracle, 'gradient'>,
  start: Vector,
  options: AloneOptions,
): Promise<Vector | null> {
  const { steps, rate, batch, box = null, localSteps = 1, outputStep = null } = options
  let parameters = start
  let momentum: Vector | null = null
  for (let step = 1; step <= steps; step++) {
    if (step === outputStep) return parameters
    const eta = rate(step)
    let local = localStart(parameters, momentum)
    while (local.done < localSteps) {
      const { gradient } = await oracle.gradient({
        step: gradientNumber(step, local.done, localSteps),
        parameters: local.parameters,
        batch: batch(step),
      })
      local = localStep(local, gradient, local.done + 1 === localSteps, {
        momentum: options.momentum,
        clip: options.clip,
        weightDecay: options.weightDecay,
        statistics: options.statistics ?? 0,
        rate: eta,
        box,
      })
    }
    momentum = local.momentum
    parameters = descended(parameters, local.sum!, eta, box)
    if (!isFiniteVector(parameters)) return null
  }
  return parameters
}
