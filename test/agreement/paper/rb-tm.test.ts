/** collaborative-learning §6: Theorems 6 and 7, and Theorem 4 for RB-TM, on the real protocol with its broadcasts. */
import test from 'ava'
import fc from 'fast-check'
import type { Averaging, AveragingInput, AveragingOutput } from '../../../agreement/averaging/averaging.ts'
import { createAveraging } from '../../../agreement/averaging/create.ts'
import { averagingConstantOf, bounds, iterationsFor, mostFaults } from '../../../agreement/bounds.ts'
import { squaredDistances } from '../../../agreement/kernels/index.ts'
import type { Message } from '../../../agreement/message.ts'
import type { Effects, Envelope } from '../../../agreement/protocol.ts'
import { leastDiameterSubset } from '../../../agreement/rules/subset.ts'
import { diameter, distance, type Vector } from '../../../agreement/vector.ts'
import { randomStream } from '../../../learning/random.ts'
import { type Flight, normals, runNetwork, seal, testLedger } from '../harness.ts'
import { family } from './families.ts'
import { meanOf } from './scene.ts'

interface Run {
  readonly f: number
  readonly iterations: number
  /** Of all n = 3f + 1 peers; the last f are faulty. Reliable broadcast leaves them one vector each. */
  readonly inputs: readonly Vector[]
  /** Authors for whose vectors a peer gets READY only when nothing else is left to come: they are delivered last. */
  readonly late: (peer: number) => readonly number[]
  readonly seed?: number
}

interface Result {
  /** The honest vectors at the start and after each iteration. */
  readonly vectors: readonly (readonly Vector[])[]
  /** By iteration, by honest peer: whose vectors were used. */
  readonly used: readonly (readonly (readonly number[])[])[]
}

/**
 * Faulty peers take part in the broadcasts, and lie in their reports: they claim to everyone exactly what it has, so
 * that their report is accepted at once. The schedule favours what is not late, and keeps to the seed's order.
 */
function run({ f, iterations, inputs, late, seed = 1 }: Run): Result {
  const n = 3 * f + 1
  const h = n - f
  const random = randomStream(seed, 'rb-tm')
  const ranks = new Map<Flight, number>()
  const rank = (flight: Flight) => {
    const held = ranks.get(flight) ?? urgency(flight, late) + random.uniform()
    ranks.set(flight, held)
    return held
  }
  const { outputs } = runNetwork<AveragingInput, AveragingOutput>({
    protocols: Array.from({ length: n }, (_, self) => peer({ f, iterations, inputs, late }, self)),
    inputs: self => ({ kind: 'vector', vector: inputs[self]! }),
    seed,
    timer: output => (output.kind === 'timer' ? { kind: 'timer', timer: output.timer } : null),
    schedule: flights =>
      flights.reduce((best, flight, i) => (rank(flight) < rank(flights[best]!) ? i : best), 0),
  })
  const ends = outputs
    .slice(0, h)
    .map(list => list.flatMap(output => (output.kind === 'iterated' ? [output] : [])))
  if (ends.some(list => list.length !== iterations)) throw new Error('a peer did not terminate')
  const rounds = Array.from({ length: iterations }, (_, r) => ends.map(list => list[r]!))
  return {
    vectors: [inputs.slice(0, h), ...rounds.map(round => round.map(end => end.vector))],
    used: rounds.map(round => round.map(end => end.used)),
  }
}

function urgency({ to, message }: Flight, late: Run['late']): number {
  const isLate = message.kind === 'ready' && late(to).includes(message.slot.sender)
  return 4 * message.slot.iteration + (isLate ? 2 : 0)
}

/** A faulty peer binds itself to its input in every iteration, whatever it computed. */
function peer({ f, iterations, inputs, late }: Run, self: number): Averaging {
  const n = 3 * f + 1
  const faulty = self >= n - f
  const ledger = testLedger()
  const options = { protocol: 'rb-tm', synchrony: 'asynchronous', self, peers: n, maxFaulty: f } as const
  const inner = createAveraging({
    ...options,
    dimension: inputs[0]!.length,
    iterations,
    step: 1,
    phase: 'gradient',
    grace: false,
    ledger: faulty ? { ...ledger, seal: () => seal(inputs[self]!) } : ledger,
  })
  if (!faulty) return inner
  const lie = (effects: Effects<Message, AveragingOutput>) => ({
    ...effects,
    messages: effects.messages.flatMap(lyingReports(n, f, late)),
  })
  return {
    ...inner,
    input: value => lie(inner.input(value)),
    receive: (from, message) => lie(inner.receive(from, message)),
  }
}

function lyingReports(n: number, f: number, late: Run['late']): (envelope: Envelope) => Envelope[] {
  const all = Array.from({ length: n }, (_, peer) => peer)
  return envelope => {
    const { message } = envelope
    if (message.kind !== 'report') return [envelope]
    return all.map(to => {
      const peers = all.filter(author => !late(to).includes(author)).slice(0, n - f)
      return { to, message: { ...message, peers } }
    })
  }
}

/** The worst for the witness technique: f + 1 hold 0 and f hold 1, the faulty say 1, and each half lacks the other. */
function twoSides(f: number): Pick<Run, 'f' | 'inputs' | 'late'> {
  const n = 3 * f + 1
  const faulty = Array.from({ length: f }, (_, i) => n - f + i)
  const zeros = Array.from({ length: f }, (_, i) => i)
  return {
    f,
    inputs: family([0, f + 1], [1, 2 * f]),
    late: peer => (peer <= f ? faulty : peer < n - f ? zeros : []),
  }
}

function shared(sets: readonly (readonly number[])[]): number {
  const pairs = sets.flatMap(a => sets.map(b => a.filter(peer => b.includes(peer)).length))
  return Math.min(...pairs)
}

/** §6.1 after Abraham, Amit and Dolev: any two honest peers use at least n − f common vectors, so everything halves. */
for (const f of [1, 2])
  test(`Theorem 6: with witnesses every iteration halves the diameter, and this is attained, f = ${f}`, t => {
    const { vectors, used } = run({ ...twoSides(f), iterations: 3 })
    for (const sets of used) t.true(shared(sets) >= 2 * f + 1, `two peers share ${shared(sets)} vectors only`)
    const widths = vectors.map(diameter)
    t.deepEqual(widths, [1, 1 / 2, 1 / 4, 1 / 8])
  })

test('Theorem 6: in every order of messages, n − f common vectors, halved ranges, outputs within the honest range', t => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 }), fc.nat(1e6), fc.boolean(), (f, seed, wild) => {
      const n = 3 * f + 1
      const random = randomStream(seed, 'late')
      const late = Array.from({ length: n }, () =>
        random.shuffle(Array.from({ length: n }, (_, i) => i)).slice(0, f),
      )
      const inputs = normals(seed, n, 2).map((vector, i) =>
        i >= n - f && wild ? vector.map(x => 9 * x) : vector,
      )
      const { vectors, used } = run({
        f,
        inputs,
        iterations: 2,
        seed,
        late: peer => late[peer]!.filter(i => i !== peer),
      })
      return (
        used.every(sets => shared(sets) >= n - f) &&
        vectors.slice(1).every((after, r) => halved(vectors[r]!, after))
      )
    }),
    { numRuns: 30 },
  )
  t.pass()
})

/** Every coordinate of `after` lies in the range of `before`, and spans at most half of it. */
function halved(before: readonly Vector[], after: readonly Vector[]): boolean {
  return Array.from(before[0]!, (_, i) => i).every(i => {
    const [old, next] = [before.map(vector => vector[i]!), after.map(vector => vector[i]!)]
    const [low, high] = [Math.min(...old), Math.max(...old)]
    const within = next.every(x => x >= low && x <= high)
    return within && Math.max(...next) - Math.min(...next) <= (high - low) / 2 + 1e-6
  })
}

/**
 * Equation 165 puts h for the factor between Δ₂^cw and Δ₂. Lemma 1's is min(2√h, √d), and 2√h > h up to h = 3; the
 * ceiling saves h = 3, and √(h − 1), which is the true factor (Lemma 1, sharper), saves all of them.
 */
test('Theorem 6: t + ⌈log₂ h⌉ iterations make AVG_t', t => {
  for (let h = 1; h <= 100; h++) t.true(Math.sqrt(h - 1) <= 2 ** Math.ceil(Math.log2(h)))
  const inputs = [
    [1, 1, 0],
    [-1, 0, 1],
    [0, -1, -1],
    [1, 1, 1],
  ].map(values => Float32Array.from(values))
  const query = {
    protocol: 'rb-tm',
    peers: 4,
    maxFaulty: 1,
    synchrony: 'asynchronous',
    dimension: 3,
  } as const
  for (const contraction of [1, 2])
    for (const lacking of [0, 1, 2]) {
      const iterations = iterationsFor(query, contraction, 'tight')!
      t.is(iterations, contraction + 2)
      const late = (peer: number) => (peer === 3 ? [] : peer === lacking ? [3] : [(peer + 1) % 3])
      const { vectors } = run({ f: 1, inputs, iterations, late })
      const [before, after] = [vectors[0]!, vectors.at(-1)!]
      t.true(diameter(after) <= diameter(before) / 2 ** contraction)
      t.true(distance(meanOf(after), meanOf(before)) <= averagingConstantOf(query)! * diameter(before))
    }
})

/**
 * Equation 158 with q = h = 2f + 1: one honest 0, 2f honest 1, and the faulty say 0. A peer that sees f + 1 zeros
 * outputs 0.
 */
test('Theorem 4: RB-TM obeys quasi-unanimity too, and ends (h + 2f − q)/h from the mean', t => {
  for (const f of [1, 2]) {
    const n = 3 * f + 1
    const inputs = [...family([0, 1], [1, 2 * f]), ...family([0, f])]
    const hidden = Array.from({ length: f }, (_, i) => f + 1 + i)
    const late = (peer: number) => (peer <= f ? hidden : [])
    const { vectors } = run({ f, inputs, iterations: 6, late })
    t.is(vectors.at(-1)![0]![0], 0)
    const { lowerBound, averagingConstant } = bounds({
      protocol: 'rb-tm',
      peers: n,
      maxFaulty: f,
      synchrony: 'asynchronous',
      dimension: 1,
    })
    t.is(lowerBound, (2 * f) / (2 * f + 1))
    const moved = distance(meanOf(vectors.at(-1)!), meanOf(inputs.slice(0, n - f)))
    t.true(moved >= lowerBound! - 1 / 32 && moved <= averagingConstant!, `${moved} of ${lowerBound}`)
  }
})

/** With n ≤ 3f, half of the honest and the faulty make up a quorum, and by Lemma 14 say whatever the faulty like. */
test('Theorem 7: at n ≤ 3f everything refuses, also unsafely', t => {
  for (const protocol of ['mda', 'cva', 'icwtm', 'rb-tm'] as const)
    for (const f of [1, 2, 3])
      for (let n = 2 * f + 1; n <= 3 * f; n++) {
        t.true(mostFaults(protocol, n, 'asynchronous') < f)
        const slot = {
          self: 0,
          dimension: 1,
          step: 1,
          phase: 'gradient',
          iterations: 1,
          grace: false,
        } as const
        const options = { protocol, peers: n, maxFaulty: f, synchrony: 'asynchronous', ...slot } as const
        for (const unsafe of [false, true])
          t.throws(() => createAveraging({ ...options, unsafe, ledger: testLedger() }), {
            name: 'BoundError',
          })
      }
})

test('Theorem 7: why. The only unanimous f of 2f vectors are those of the faulty, and no constant holds', t => {
  for (const f of [2, 3])
    for (const z of [5, -1e6]) {
      const half = family([0, f - 1], [0.1, 1])
      const received = [...half, ...family([z, f])]
      const chosen = leastDiameterSubset(squaredDistances(received), 2 * f, f).map(j => received[j]!)
      t.is(meanOf(chosen)[0], z)
      t.true(distance(meanOf(chosen), meanOf(half)) > 40 * diameter(half))
    }
})
