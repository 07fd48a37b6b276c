/** Results of rules as the floats of a file. */
import { isFloat, type NumberType, viewOf, writeNumbers } from '../../learning/data/number-type.ts'
import { FileError } from './error.ts'

/**
 * @param out room for exactly these numbers
 * @param what is written, for messages
 * @throws FileError unsupported: the type is none of floats, or its largest number is too small
 */
export function writeFloats(out: Uint8Array, values: Float32Array, type: NumberType, what: string): void {
  const name = typeName(type)
  if (!isFloat(type))
    throw new FileError(
      'unsupported',
      `${what} would be ${name}, but what a rule gives is not whole; expected floats`,
    )
  const bad = writeNumbers(viewOf(out), values, type)
  if (bad !== null)
    throw new FileError(
      'unsupported',
      `${what}: number ${bad} is ${values[bad]}, more than ${name} holds; write it in 32 bits`,
    )
}

/** As NumPy says it: `float16`, `bfloat16`, `int64`. */
function typeName({ kind, bytes }: NumberType): string {
  return kind === 'bool' ? kind : `${kind}${bytes * 8}`
}
