/** What the calculators of theorems refuse. */

/** A constant is outside the range in which a theorem is stated. `message` names it. */
export class TheoremError extends Error {
  override readonly name = 'TheoremError'
  readonly code = 'THEOREM'
}

/** Numbers by the name that the paper gives them. */
type Named = Readonly<Record<string, number>>

/** @throws TheoremError unless each number is above 0 and finite */
export function checkPositive(numbers: Named): void {
  refuseUnless(numbers, value => value > 0 && value < Infinity, 'a number above 0')
}

/** @throws TheoremError unless each number is at least 0 and finite */
export function checkNotNegative(numbers: Named): void {
  refuseUnless(numbers, value => value >= 0 && value < Infinity, 'a number from 0')
}

/** @throws TheoremError unless `n` and `f` are whole, `n ≥ 1` and `0 ≤ f < n/2` */
export function checkMinorityFaulty(n: number, f: number): void {
  refuseUnless({ n }, value => Number.isInteger(value) && value >= 1, 'a whole number from 1')
  const most = Math.ceil(n / 2) - 1
  refuseUnless(
    { f },
    value => Number.isInteger(value) && value >= 0 && value <= most,
    `a whole number from 0 to ${most}, fewer than half of n = ${n}`,
  )
}

/** @throws TheoremError unless each number is valid */
export function refuseUnless(numbers: Named, valid: (value: number) => boolean, expected: string): void {
  for (const [name, value] of Object.entries(numbers))
    if (!valid(value)) throw new TheoremError(`${name} is ${value}; expected ${expected}`)
}
