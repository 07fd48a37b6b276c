/**
 * What every rule requires of its input, checked once: at least one vector, all of one length, all finite, and a number
 * of faults that the rule tolerates. A caller that has checked the vectors already (a peer does so on arrival) passes
 * `checked: true` and does not pay twice.
 */
import { isFiniteVector, type Vector } from '../vector.ts'
import { RuleError } from './error.ts'

/** Options of every rule. */
export interface RuleOptions {
  /** The caller knows that the vectors are of one length and finite: skips that pass over them. */
  readonly checked?: boolean
}

/** Throws a `RuleError` that names the first vector that does not fit. */
export function checkVectors(rule: string, vectors: readonly Vector[], options: RuleOptions = {}): void {
  const first = vectors[0]
  if (first === undefined) throw new RuleError('empty-input', `${rule}: got no vectors, needs at least 1`)
  if (options.checked) return
  for (const [j, vector] of vectors.entries()) {
    if (vector.length !== first.length) throw unequalLengths(rule, `vector ${j}`, vector.length, first.length)
    if (!isFiniteVector(vector)) throw notFinite(rule, `vector ${j}`, vector)
  }
}

/** Checks one more vector (CVA's own, a start) against the family's length. */
export function checkVector(rule: string, name: string, vector: Vector, length: number): void {
  if (vector.length !== length) throw unequalLengths(rule, name, vector.length, length)
  if (!isFiniteVector(vector)) throw notFinite(rule, name, vector)
}

/** Checks that `faults` is a whole number in `0 … most`; `bound` is the condition in words, as `2f < n`. */
export function checkFaults(rule: string, n: number, maxFaulty: number, most: number, bound: string): void {
  if (!Number.isInteger(maxFaulty) || maxFaulty < 0)
    throw new RuleError('too-many-faults', `${rule}: faults is ${maxFaulty}, must be a whole number from 0`)
  if (maxFaulty > most)
    throw new RuleError(
      'too-many-faults',
      `${rule}: ${maxFaulty} faults among ${n} vectors, needs ${bound}: at most ${Math.max(most, 0)} with ${n} vectors`,
    )
}

/** Checks that the faulty are fewer than half: `2f < n`. */
export function checkMinority(rule: string, n: number, maxFaulty: number): void {
  checkFaults(rule, n, maxFaulty, Math.ceil(n / 2) - 1, '2f < n')
}

/** Checks that a parameter is a whole number in `low … high`. */
export function checkWhole(rule: string, name: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high)
    throw new RuleError(
      'bad-parameter',
      `${rule}: ${name} is ${value}, must be a whole number from ${low} to ${high}`,
    )
}

/** Checks that a parameter is a number above 0 (infinity included). */
export function checkPositive(rule: string, name: string, value: number): void {
  if (!(value > 0))
    throw new RuleError('bad-parameter', `${rule}: ${name} is ${value}, must be a number above 0`)
}

function unequalLengths(rule: string, name: string, length: number, expected: number): RuleError {
  return new RuleError(
    'unequal-lengths',
    `${rule}: ${name} has ${length} coordinates, vector 0 has ${expected}`,
  )
}

function notFinite(rule: string, name: string, vector: Vector): RuleError {
  const i = vector.findIndex(value => !Number.isFinite(value))
  return new RuleError('not-finite', `${rule}: ${name} has ${vector[i]} at coordinate ${i}, must be finite`)
}
