/** Turns the targets in files, which are numbers, into classes if they can be classes, otherwise into real values. */
import { DataError } from './dataset.ts'

const CLASSES_MAX = 256

interface Targets {
  readonly classes: number
  readonly labels: Uint8Array
  readonly values?: Float32Array
}

/**
 * Whole numbers from 0 on are classes; anything else makes all of them real.
 * @param isReal the file's type says that they are real
 */
function kindOf(targets: ArrayLike<number>, isReal: boolean): 'class' | 'real' {
  if (isReal) return 'real'
  for (let i = 0; i < targets.length; i++)
    if (!(Number.isInteger(targets[i]) && targets[i]! >= 0)) return 'real'
  return 'class'
}

/** @param classes of the training set; 0 for real targets. @throws DataError `DATA_LABEL`, naming the record */
export function targetsOf(targets: ArrayLike<number>, classes: number, where: string): Targets {
  if (classes === 0)
    return { classes, labels: new Uint8Array(targets.length), values: Float32Array.from(targets) }
  for (let record = 0; record < targets.length; record++) {
    const label = targets[record]!
    if (!(Number.isInteger(label) && label >= 0 && label < classes))
      throw new DataError(
        'DATA_LABEL',
        `${where}: record ${record} has label ${label}, expected a whole number from 0 to ${classes - 1}`,
      )
  }
  return { classes, labels: Uint8Array.from(targets) }
}

/** How many classes training targets have; 0 if they are real. @throws DataError `DATA_LABEL` for too many */
export function classesOf(targets: ArrayLike<number>, isReal: boolean, where: string): number {
  if (kindOf(targets, isReal) === 'real') return 0
  let most = 0
  for (let i = 0; i < targets.length; i++) most = Math.max(most, targets[i]!)
  if (most >= CLASSES_MAX)
    throw new DataError(
      'DATA_LABEL',
      `${where}: label ${most}, expected at most ${CLASSES_MAX} classes; write real targets with a decimal point`,
    )
  return Math.max(2, most + 1)
}
