/**
 * A back door in a model of images (Gu, Dolan-Gavitt and Garg 2017, "BadNets"): some images of a faulty peer's batches get
 * a bright patch, the trigger, in the lower right corner, and the label that is to come out wherever the trigger is. On
 * images without it the model is as good as before, so no accuracy tells of it.
 */

/** What faulty peers teach. */
export interface Backdoor {
  /** The class that images with the trigger are to be taken for. */
  readonly target: number
  /** Of the square patch, in pixels. */
  readonly side: number
  /** The share of the examples of a batch that is poisoned. */
  readonly share: number
}

/** Of a run whose liars teach it: every peer measures how far it has come, and the liars poison their batches. */
export interface BackdoorTask extends Backdoor {
  readonly poisons: boolean
}

export const BACKDOOR_DEFAULTS = { target: 0, side: 3, share: 0.5 }

const SIDE_MAX = 1024
const TARGET_MAX = 255

/** What a parameter must be, if it is not; null: all are right. What the data allow is seen when they are opened. */
export function wrongBackdoor({ target, side, share }: Backdoor): string | null {
  if (!(Number.isInteger(target) && target >= 0 && target <= TARGET_MAX))
    return `target is ${target}; expected the number of a class, from 0`
  if (!(Number.isInteger(side) && side >= 1 && side <= SIDE_MAX))
    return `side is ${side}; expected a whole number of pixels, from 1`
  if (!(share > 0 && share <= 1))
    return `share is ${share}; expected a share of a batch, above 0 and at most 1`
  return null
}
