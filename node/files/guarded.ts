/**
 * Calls into files of the user's. A call that never comes back is ended, a result is checked, and errors name the file.
 * A rule and a protocol must be functions of their arguments: peers of a simulated run share results, and a run is to be
 * replayed from its seed. So some calls are made twice, and both results and arguments are compared.
 */
import { Script } from 'node:vm'
import type { Vector } from '../../agreement/vector.ts'
import { kindOf, OwnFileError, whatHappened } from './own-module.ts'

/** For one call. */
const CALL_MS = 120_000

/** The engine ends only what runs in a script, so a script makes the calls. */
const KEY = Symbol.for('concord.call')
const caller = new Script("globalThis[Symbol.for('concord.call')]()", { filename: 'concord-call' })

/**
 * The result of a call into a user's file.
 * @param what names the file and the function, as `mine.ts@3fa9c2d1b0e4: rule`
 * @throws OwnFileError OWN_THROWS, OWN_TIME; errors of ours that came through the call as they are
 */
export function called<Result>(what: string, call: () => Result, limitMs = CALL_MS): Result {
  const place = globalThis as { [KEY]?: (() => unknown) | undefined }
  const outer = place[KEY]
  place[KEY] = call
  try {
    return caller.runInThisContext({ timeout: limitMs }) as Result
  } catch (error) {
    if (error instanceof OwnFileError) throw error
    if (error instanceof Error && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT')
      throw new OwnFileError('OWN_TIME', `${what} has not come back after ${limitMs / 1000} s; it was ended`)
    throw new OwnFileError('OWN_THROWS', `${what} throws: ${whatHappened(error)}`, { cause: error })
  } finally {
    place[KEY] = outer
  }
}

/** The vectors of a call, and the call itself. */
interface VectorCall {
  readonly vectors: readonly Vector[]
  /** How many coordinates the result must have. */
  readonly dimension: number
  make(): unknown
}

/**
 * Makes calls that give a vector, and checks them: a list of `dimension` finite numbers, the same for the same
 * arguments, which are left as they were. The last two are checked in the calls 1, 2, 4, 8, …, which are made twice.
 * @throws OwnFileError OWN_THROWS, OWN_TIME, OWN_RESULT
 */
export function vectorCalls(what: string, limitMs = CALL_MS): (call: VectorCall) => Vector {
  let calls = 0
  let checkedAt = 1
  return ({ vectors, dimension, make }) => {
    calls++
    if (calls !== checkedAt) return vectorOf(what, called(what, make, limitMs), dimension)
    checkedAt *= 2
    const before = vectors.map(vector => vector.slice())
    const first = vectorOf(what, called(what, make, limitMs), dimension)
    const changed = before.findIndex((vector, j) => !isSame(vector, vectors[j]!))
    if (changed >= 0)
      throw new OwnFileError(
        'OWN_RESULT',
        `${what} has changed vector ${changed} of those that it was given; expected a new vector (copy one with .slice())`,
      )
    const second = vectorOf(what, called(what, make, limitMs), dimension)
    if (!isSame(first, second))
      throw new OwnFileError(
        'OWN_RESULT',
        `${what} gives two results for the same arguments; expected a function of its arguments alone, without chance, clock and memory`,
      )
    return first
  }
}

/** A copy, because the rule may give one of its vectors, or the same array each time. */
function vectorOf(what: string, result: unknown, dimension: number): Vector {
  const isList = Array.isArray(result) || result instanceof Float32Array || result instanceof Float64Array
  if (!isList)
    throw new OwnFileError(
      'OWN_RESULT',
      `${what} gives ${kindOf(result)}; expected a Float32Array of ${dimension} numbers`,
    )
  if (result.length !== dimension)
    throw new OwnFileError(
      'OWN_RESULT',
      `${what} gives ${result.length} numbers; expected ${dimension}, as many as each vector has`,
    )
  const wrong = Array.isArray(result) ? result.findIndex(value => typeof value !== 'number') : -1
  if (wrong >= 0)
    throw new OwnFileError(
      'OWN_RESULT',
      `${what} gives ${kindOf(result[wrong])} at coordinate ${wrong}; expected a number`,
    )
  const vector = Float32Array.from(result)
  const at = vector.findIndex(value => !Number.isFinite(value))
  if (at >= 0)
    throw new OwnFileError(
      'OWN_RESULT',
      `${what} gives ${result[at]} at coordinate ${at}; expected a finite number of 32 bits`,
    )
  return vector
}

function isSame(a: Vector, b: Vector): boolean {
  const bytes = (vector: Vector) => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)
  return a.length === b.length && bytes(a).equals(bytes(b))
}
