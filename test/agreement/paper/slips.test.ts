/** collaborative-learning: slips that are matters of arithmetic. docs/papers.md lists them. */
import test from 'ava'
import { contractionOf } from '../../../agreement/bounds.ts'

test('Lemma 12, last line: with the printed sign the exponent is above 0, and the bound above 1', t => {
  for (const [n, f] of [
    [7, 1],
    [13, 2],
    [100, 10],
  ] as const) {
    const epsilon = 1 - contractionOf({ protocol: 'mda', peers: n, maxFaulty: f, synchrony: 'asynchronous' })
    const printed = Math.exp((-Math.log(1 - epsilon) * Math.LN2) / epsilon)
    const meant = Math.exp((Math.log(1 - epsilon) * Math.LN2) / epsilon)
    t.true(printed > 1, `n = ${n}`)
    t.true(meant <= 0.5 && (1 - epsilon) ** Math.ceil(Math.LN2 / epsilon) <= 0.5, `n = ${n}`)
  }
})

test('Corollary 1 holds for q = h only, and there in order: for q = ¾h the ratio to the lower bound tends to 3/2 too', t => {
  // As the corollary takes it: ε of Assumption 5 with equality, q = (1 + ε)h/2 + (5 + 3ε)f/2.
  const ratio = (h: number, f: number, q: number) => {
    const epsilon = (2 * q - h - 5 * f) / (h + 3 * f)
    const constant = ((2 * f + h - q) * q + (q - 2 * f) * f) / (h * (q - f) * ((2 * epsilon) / (1 + epsilon)))
    return constant / ((h + 2 * f - q) / h)
  }
  const h = 1e7
  t.true(Math.abs(ratio(h, 1, h) - 1.5) < 1e-3, 'q = h: within a constant')
  t.true(Math.abs(ratio(h, 1, 0.75 * h) - 1.5) < 1e-3, 'eq. 157 would have 1')
  // As q falls to h/2 no constant is left, although f ≪ h and f ≪ q.
  t.true(ratio(h, 1, 0.505 * h) > 25)
})

test('Lemma 15: its factor is never below ¾ only with f ≥ 1', t => {
  const factor = (h: number, f: number) => 0.5 + Math.floor(h / 2) / (2 * (h - 2 * f))
  for (let f = 1; f <= 5; f++) for (let h = 4 * f + 1; h <= 60; h++) t.true(factor(h, f) >= 0.75)
  t.true(Math.abs(factor(3, 0) - 2 / 3) < 1e-12)
})
