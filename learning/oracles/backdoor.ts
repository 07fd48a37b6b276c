/** Back doors in an oracle: which of its examples a faulty peer poisons, and how far the teaching has come. */
import type { BackdoorTask } from '../attacks/backdoor.ts'
import { DataError, type DataShape, type Dataset } from '../data/dataset.ts'
import { randomStream } from '../random.ts'
import type { Alterations } from './batch.ts'
import { evaluateOn } from './evaluate.ts'
import type { Machine, Uploaded } from './machine.ts'
import type { OracleSpec } from './spec.ts'

/** @throws DataError where there are no images for the patch, or no such class */
export function checkBackdoor({ backdoor, data }: OracleSpec, { shape, classes }: DataShape): void {
  if (backdoor === undefined) return
  const [height = 0, width = 0] = shape
  const wrong = (why: string) => new DataError('DATA_MISMATCH', `the attack backdoor on ${data}: ${why}`)
  if (shape.length < 2)
    throw wrong(`examples of ${shape.join(' × ')} values have no corner for a trigger; expected images`)
  if (backdoor.side > Math.min(height, width))
    throw wrong(
      `a trigger of ${backdoor.side} pixels is larger than images of ${height} × ${width}; expected at most ${Math.min(height, width)}`,
    )
  if (classes === 0) throw wrong('its targets are numbers, and a back door leads to a class')
  if (backdoor.target >= classes)
    throw wrong(`there is no class ${backdoor.target}; expected a target from 0 to ${classes - 1}`)
}

/** The examples of a batch that a faulty peer poisons: a function of the spec and the step, as the batch is. */
export function stampOf(
  { backdoor, seed, peer }: OracleSpec,
  step: number,
  batch: number,
): Alterations['stamp'] {
  if (!backdoor?.poisons) return undefined
  const { side, target, share } = backdoor
  const random = randomStream(seed, 'backdoor', peer, step)
  const isStamped = Array.from({ length: batch }, () => random.uniform() < share)
  return { side, target, isAt: place => isStamped[place] === true }
}

/** The share of the examples of other classes that are taken for the target, with the trigger; null: there are none. */
export function triggerRateOf(
  machine: Machine,
  at: Uploaded,
  dataset: Dataset,
  { side, target }: BackdoorTask,
): number | null {
  const others = Uint32Array.from(dataset.labels.keys()).filter(index => dataset.labels[index] !== target)
  if (others.length === 0) return null
  // With every label the target's, what is right is what the trigger has led there.
  const asTarget = { ...dataset, labels: new Uint8Array(dataset.labels.length).fill(target) }
  return evaluateOn(machine, at, asTarget, others, { stamp: { side, target, isAt: () => true } }).accuracy
}
