/** How a vector is bound to a slot: rounded first, so that what is signed is what its receivers decode and average. */
import type { Sealed, Slot } from '../../agreement/message.ts'
import { type Precision, roundedTo } from '../../agreement/precision.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { Signer } from './authority.ts'
import { digestOf } from './digest.ts'

export function sealed(sign: Signer['sign'], slot: Slot, given: Vector, precision: Precision): Sealed {
  const vector = roundedTo(given, precision)
  const digest = digestOf(vector, precision)
  const signature = sign(slot, digest)
  return { vector, digest, signature, ...(precision !== 'f32' && { precision }) }
}
