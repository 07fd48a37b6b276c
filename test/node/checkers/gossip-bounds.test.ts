/** The bounds of the rules of gossip: what is just within them passes, what is just beyond is named. */
import test from 'ava'
import { beyondBound, boundedRules, heaviest, type Mix } from '../../../node/checkers/gossip-bounds.ts'

/** In the plane: own (3, 4), honest neighbours 2 away to the right and 3 below, and one lie. */
const mix = (x: number, y: number): Mix => ({
  own: Float32Array.of(3, 4),
  next: Float32Array.of(x, y),
  honest: [Float32Array.of(5, 4), Float32Array.of(3, 1)],
  weights: [0.2, 0.1],
  delta: 0.25,
  used: 3,
  maxFaulty: 1,
  step: 2,
  steps: 4,
})

/** By rule: the last point that it allows on some way out of its range. */
const last: Readonly<Record<string, readonly [number, number]>> = {
  monna: [6, 4],
  ubar: [4.5, 4],
  // 0.2 · 2 + 0.1 · 3 = 0.7, and √(0.25 · (0.2 · 4 + 0.1 · 9)) = √0.425.
  'clipped-gossip': [3, 4 - 0.7 - Math.sqrt(0.425)],
  // ½ · 0.3 · e^(−½) · 5.
  balance: [3 + 0.75 * Math.exp(-0.5), 4],
  cwtm: [5, 1],
}

test('each rule has a bound of its own', t => {
  t.deepEqual([...boundedRules].sort(), Object.keys(last).sort())
})

for (const [rule, [x, y]] of Object.entries(last))
  test(`${rule}: up to its bound and no farther`, t => {
    const away = (factor: number) => beyondBound(rule, mix(3 + factor * (x - 3), 4 + factor * (y - 4)))
    t.is(away(1), null)
    t.is(away(0.9), null)
    t.regex(away(1.001) ?? '', new RegExp(`^${rule.replace('+', '.')} brought it .* away`))
  })

test('a rule with a κ stays near the mean of as many honest vectors as there are without f', t => {
  // n = 4, f = 1: S are own and both honest, of mean (11/3, 3) and spread (8/3 + 6)/3; κ of CwTM is 6 · ½ · (1 + ½).
  const kappa = (8 / 3) * (4.5 + 1)
  const most = Math.sqrt((kappa * (8 / 3 + 6)) / 3)
  t.is(beyondBound('nnm+cwtm', mix(11 / 3 + most - 1e-3, 3)), null)
  t.regex(beyondBound('nnm+cwtm', mix(11 / 3 + most + 1e-3, 3)) ?? '', /^nnm\+cwtm brought it/)
})

test('nothing is said of a rule that nothing is known of, and a NaN is beyond every bound', t => {
  t.is(beyondBound('cge', mix(1e9, 0)), null)
  for (const rule of ['monna', 'clipped-gossip', 'balance', 'nnm+cwtm'])
    t.not(beyondBound(rule, mix(Number.NaN, 0)), null, rule)
})

test('the heaviest weights', t => {
  t.is(heaviest([0.1, 0.3, 0.2], 2), 0.5)
  t.is(heaviest([0.1], 0), 0)
})
