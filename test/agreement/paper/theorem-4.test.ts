/** collaborative-learning §5.2, Theorem 4: no averaging constant below (h + 2f − q)/h, and f/h under synchrony. */
import test from 'ava'
import { bounds, type ProtocolName, peersNeeded } from '../../../agreement/bounds.ts'
import { diameter, distance, type Vector } from '../../../agreement/vector.ts'
import { family, type Iterated } from './families.ts'
import { runLockstep } from './lockstep.ts'
import { meanOf, type Setting } from './scene.ts'

const AGREEMENT = 6

/**
 * Equation 158 and after it: q − 2f honest peers hold 0, the others 1. The faulty act like zeros, and the first q − f
 * honest hear nobody else but them: for all that they can tell the ones are the faulty, so zeros must stay zeros
 * (Lemma 14), and everyone must end near 0 although the mean is (h + 2f − q)/h. Synchronous: f ones, nobody delayed.
 */
function quasiUnanimous({ n, f, synchrony }: Setting): { inputs: Vector[]; attack: Iterated; zeros: number } {
  const h = n - f
  const zeros = synchrony === 'synchronous' ? h - f : h - 2 * f
  const heard = synchrony === 'synchronous' ? h : h - f
  const first = Array.from({ length: heard }, (_, peer) => peer)
  const attack: Iterated = vectors =>
    vectors.map((_, peer) => ({
      hears: peer < heard ? first : [...first.slice(0, heard - 1), peer],
      lies: Array.from({ length: f }, () => vectors[0]!),
    }))
  return { inputs: family([0, zeros], [1, h - zeros]), attack, zeros }
}

const cases: readonly (readonly [ProtocolName, Setting['synchrony'], number, number])[] = (
  ['mda', 'cva', 'icwtm'] as const
).flatMap(protocol =>
  (['asynchronous', 'synchronous'] as const).flatMap(synchrony =>
    [1, 2, 3].flatMap(f => {
      const least = peersNeeded(protocol, f, synchrony)!
      return [
        [protocol, synchrony, least, f],
        [protocol, synchrony, least + 5, f],
      ] as const
    }),
  ),
)

for (const [protocol, synchrony, n, f] of cases)
  test(`Theorem 4, ${synchrony}: ${protocol} at n = ${n}, f = ${f} obeys quasi-unanimity, and so has C ≥ the lower bound`, t => {
    const setting = { n, f, d: 1, synchrony }
    const { inputs, attack, zeros } = quasiUnanimous(setting)
    const query = { protocol, peers: n, maxFaulty: f, synchrony, dimension: 1 }
    const { iterations, averagingConstant, lowerBound } = bounds(query)
    const run = runLockstep({
      protocol,
      setting,
      inputs,
      attack,
      iterations: iterations.tight![AGREEMENT - 1]!,
    })
    const out = run.at(-1)!
    for (const vector of out.slice(0, zeros)) t.is(vector[0], 0, 'who sees q − f zeros must answer 0')
    t.true(diameter(out) <= 1 / 2 ** AGREEMENT)
    const moved = distance(meanOf(out), meanOf(inputs))
    t.is(lowerBound, synchrony === 'synchronous' ? f / (n - f) : (2 * f) / (n - f))
    t.true(moved >= lowerBound! - 1 / 2 ** AGREEMENT, `${moved}, and the theorem says ${lowerBound}`)
    t.true(moved <= averagingConstant! + 1e-6, `${moved}, and C is ${averagingConstant}`)
  })

/** So ICwTM cannot be beaten in one dimension: its C (Theorem 8, Remark 3) is the lower bound there. */
test('Theorem 4 is attained: in one dimension C of ICwTM is the lower bound', t => {
  for (const synchrony of ['asynchronous', 'synchronous'] as const)
    for (const [n, f] of [
      [6, 1],
      [16, 3],
      [40, 5],
    ] as const) {
      const query = { protocol: 'icwtm', peers: n, maxFaulty: f, synchrony, dimension: 1 } as const
      const { averagingConstant, lowerBound } = bounds(query)
      t.true(Math.abs(averagingConstant! - lowerBound!) < 1e-12)
    }
})

test('no protocol claims a constant below the lower bound', t => {
  for (const protocol of ['mda', 'cva', 'icwtm', 'rb-tm'] as const)
    for (const synchrony of ['asynchronous', 'synchronous'] as const)
      for (let f = 1; f <= 5; f++)
        for (let n = 3 * f + 1; n <= 45; n++) {
          const query = { protocol, peers: n, maxFaulty: f, synchrony, dimension: 1 }
          const { feasible, averagingConstant, lowerBound } = bounds(query)
          if (!feasible) continue
          t.true(averagingConstant! >= lowerBound! - 1e-12, JSON.stringify(query))
        }
})
