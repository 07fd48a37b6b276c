/** How near rules come to their λ (RESAM, Table 1), on families made for it: where λ cannot be lowered, and by how much it could. */
import test from 'ava'
import { aggregator } from '../../agreement/rules/index.ts'
import { distance, mean } from './naive/rules.ts'

const sizes = [
  [3, 1],
  [7, 2],
  [7, 3],
  [15, 5],
  [15, 7],
] as const

/** `‖R(x) − mean_S(x)‖` over λ times the diameter of S, which is the first `n − f` vectors. */
function share(name: string, family: readonly number[][], f: number, parameters = {}): number {
  const n = family.length
  const rule = aggregator(name, parameters)
  const output = Array.from(
    rule.aggregate(
      family.map(x => Float32Array.from(x)),
      f,
    ),
  )
  const honest = family.slice(0, n - f)
  const width = Math.max(...honest.flatMap(a => honest.map(b => distance(a, b))))
  return distance(output, mean(honest)) / (rule.resilience!(n, f, family[0]!.length) * width)
}

const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value)

test('Propositions 3 and 5: λ of MDA and of MeaMed is attained on a line at every n and f', t => {
  for (const [n, f] of sizes) {
    // The narrowest n − f, and the n − f nearest to the median, are the zeros and the lies.
    const family = [...times(n - 2 * f, [0]), ...times(f, [1]), ...times(f, [-0.9999])]
    for (const name of ['mda', 'meamed']) {
      const found = share(name, family, f)
      t.true(found > 0.999 && found <= 1 + 1e-6, `${name}, n = ${n}, f = ${f}: ${found} of λ`)
    }
  }
})

test('Proposition 4: λ of CwTM is attained on a line at every n and f', t => {
  for (const [n, f] of sizes) {
    const found = share('cwtm', [...times(n - 2 * f, [0]), ...times(f, [1]), ...times(f, [-5])], f)
    t.true(found > 0.999 && found <= 1 + 1e-6, `n = ${n}, f = ${f}: ${found} of λ`)
  }
})

test('Proposition 8: CwMed comes to (n − 1)/n of its λ on a line, for odd n', t => {
  for (const [n, f] of sizes) {
    const low = (n - 1) / 2
    const found = share('cwmed', [...times(low, [0]), ...times(n - f - low, [1]), ...times(f, [9])], f)
    t.true(Math.abs(found - (n - 1) / n) < 1e-6, `n = ${n}, f = ${f}: ${found} of λ`)
  }
})

/** The corners of a regular simplex with sides of length 1, one for each of so many vectors. */
const simplex = (count: number) =>
  Array.from({ length: count }, (_, i) =>
    Array.from({ length: count + 1 }, (_, j) => (i === j ? Math.SQRT1_2 : 0)),
  )

test('Proposition 6: Krum*, and Multi-Krum* with f vectors, come to nine tenths of their λ', t => {
  const shares = ([3, 6, 12, 24] as const).map(f => {
    // All honest vectors are 1 apart. The lies are √f from the first one only, on the far side of the others.
    const n = 2 * f + 1
    const honest = simplex(n - f)
    const others = mean(honest.slice(1))
    const away = honest[0]!.map((value, i) => value - others[i]!)
    const length = Math.hypot(...away)
    const reach = 0.999 * Math.sqrt(f)
    const lie = honest[0]!.map((value, i) => value + (reach * away[i]!) / length)
    const family = [...honest, ...times(f, lie)]
    const krum = share('krum', family, f)
    t.true(Math.abs(share('multi-krum', family, f, { m: f }) - krum) < 1e-5)
    return krum
  })
  t.true(shares.every(found => found <= 1) && shares[0]! > 0.75 && shares.at(-1)! > 0.9, shares.join(' '))
})

test('Proposition 7: GM comes to half of its λ', t => {
  const shares = ([3, 12, 25] as const).map(f => {
    // The honest on a simplex, the lies far above its middle.
    const n = 2 * f + 1
    const honest = simplex(n - f)
    const lie = mean(honest).map((value, i) => (i === n - f ? 1000 : value))
    return share('gm', [...honest, ...times(f, lie)], f)
  })
  t.true(shares.every(found => found <= 1) && shares.at(-1)! > 0.5, shares.join(' '))
})
