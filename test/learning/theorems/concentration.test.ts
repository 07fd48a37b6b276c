/** byzantine-gradient-descent, Lemmas 6 and 7 and Theorem 6: how far means of samples stray, on the regression of §4. */
import test from 'ava'
import { randomStream } from '../../../learning/random.ts'
import { regressionBounds } from '../../../learning/theorems/linear-regression.ts'

const [d, delta, trials] = [20, 0.1, 120]

/** The largest of so many draws. */
function worst(
  n: number,
  label: string,
  draw: (random: { normal(): number }, sum: number[]) => void,
): number {
  let largest = 0
  for (let trial = 0; trial < trials; trial++) {
    const random = randomStream(trial, label)
    const sum = new Array<number>(d).fill(0)
    for (let i = 0; i < n; i++) draw(random, sum)
    largest = Math.max(largest, Math.hypot(...sum) / n)
  }
  return largest
}

test('Lemma 6: the mean gradient at θ* of n samples is within 2∆₁ of 0, and not far within', t => {
  const n = 400
  const { delta1 } = regressionBounds({
    samples: n,
    groups: 1,
    maxFaulty: 0,
    dimension: d,
    alpha: 0.4,
    delta,
    radius: 10,
  })
  t.true(delta1 <= Math.SQRT2, 'the lemma’s condition, σ₁²/α₁')
  // ∇f(X, θ*) = −wζ.
  const found = worst(n, 'lemma 6', (random, sum) => {
    const noise = random.normal()
    for (let i = 0; i < d; i++) sum[i]! += random.normal() * noise
  })
  t.true(found <= 2 * delta1, `${found}, at most ${2 * delta1} with probability 1 − δ/3`)
  t.true(found > 0.15 * 2 * delta1, `${found} is ${found / (2 * delta1)} of the bound`)
})

test('Lemma 7: the mean of h at a fixed θ is within 2∆₁′ of its expectation, and not far within', t => {
  const n = 800
  // ∆₁′ is ∆₁ with σ₂ = √8 for σ₁ = √2 (eq. 25).
  const primed = Math.SQRT2 * Math.sqrt(8) * Math.sqrt((d * Math.log(6) + Math.log(3 / delta)) / n)
  t.true(primed <= 1, 'the lemma’s condition, σ₂²/α₂')
  // h(X, θ)/‖θ − θ*‖ = w⟨w, v⟩ with a unit vector v, whose expectation is v: here the first axis.
  const found = worst(n, 'lemma 7', (random, sum) => {
    const first = random.normal()
    sum[0]! += first * first - 1
    for (let i = 1; i < d; i++) sum[i]! += random.normal() * first
  })
  t.true(found <= 2 * primed, `${found}, at most ${2 * primed} with probability 1 − δ/3`)
  t.true(found > 0.08 * 2 * primed, `${found} is ${found / (2 * primed)} of the bound`)
})

test('Theorem 6: the tail of a sum of exponential variables, exactly, beside the bound', t => {
  // X − 1 of an Exp(1): E e^{λ(X−1)} = e^{−λ}/(1 − λ) ≤ e^{λ²} up to |λ| ≤ ½, so ν² = 2 and α = 2.
  for (let i = -50; i <= 50; i++) {
    const lambda = i / 100
    t.true(-lambda - Math.log(1 - lambda) <= lambda ** 2 + 1e-15)
  }
  for (const n of [1, 5, 20, 100]) {
    const [nu2, alpha] = [2 * n, 2]
    for (const over of [0.25, 0.5, 1, 2, 4]) {
      const far = over * n
      const bound = far <= nu2 / alpha ? -(far ** 2) / (2 * nu2) : -far / (2 * alpha)
      const tail = logGammaTail(n, n + far)
      t.true(tail <= bound, `n = ${n}, t = ${far}: log P = ${tail}, log of the bound ${bound}`)
      if (n === 100) t.true(bound < 0.3 * tail, 'the bound’s exponent is of the tail’s order')
    }
  }
})

/** `log P(Γ(n) ≥ x) = log Σ_{k < n} e^{−x} x^k/k!`. */
function logGammaTail(n: number, x: number): number {
  let term = 1
  let sum = 1
  for (let k = 1; k < n; k++) {
    term *= x / k
    sum += term
  }
  return Math.log(sum) - x
}
