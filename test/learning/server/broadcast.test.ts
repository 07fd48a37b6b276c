/** The peer-to-peer form of the server (approximate-byzantine-fault-tolerance, §1.4): equal estimates at all honest peers. */
import test from 'ava'
import { aggregator } from '../../../agreement/rules/registry.ts'
import type { Vector } from '../../../agreement/vector.ts'
import type { Attack } from '../../../learning/attacks/attack.ts'
import { attackNamed } from '../../../learning/attacks/registry.ts'
import { randomStream } from '../../../learning/random.ts'
import { BroadcastError } from '../../../learning/server/broadcast.ts'
import { createServer, type ServerOptions } from '../../../learning/server/server.ts'
import { digestOf } from '../../../node/signatures/digest.ts'

const D = 3

/** Worker `i` pulls towards a point of its own near (1, 2, 3). */
function options(n: number, f: number, attack: Attack | null, seed: number): ServerOptions {
  const points = Array.from({ length: n }, (_, worker) => {
    const random = randomStream(seed, 'point', worker)
    return Float32Array.from({ length: D }, (_, i) => i + 1 + 0.1 * random.normal())
  })
  return {
    rule: aggregator('cge'),
    workers: n,
    maxFaulty: f,
    liars: Array.from({ length: f }, (_, i) => (2 * i + seed) % n),
    attack,
    start: new Float32Array(D),
    gradients: async ({ parameters }, workers) =>
      workers.map(worker => ({
        gradient: points[worker]!.map((value, i) => parameters[i]! - value),
        loss: 0,
      })),
    rate: () => 0.3,
    batch: () => 1,
    averaging: 0,
    box: null,
    momentum: 0.5,
    clip: null,
    weightDecay: 0,
    seed,
  }
}

const ended = (vectors: readonly Vector[]) => vectors.map(vector => [...vector].join())

test('no liar, or one that says the same to all: the estimates of the server, to the bit', async t => {
  for (const [n, f] of [
    [4, 1],
    [7, 2],
  ] as const)
    for (const attack of [null, 'gradient-reverse', 'zero', 'little', 'label-flip', 'silence']) {
      const own = options(n, f, attack === null ? null : attackNamed(attack), 3)
      const [server, peers] = [createServer(own), createServer({ ...own, broadcast: { digestOf } })]
      for (let step = 0; step < 6; step++) {
        await server.step()
        const { traffic } = await peers.step()
        t.true(traffic!.rounds >= 3 + 3 * (f + 1) && traffic!.messages > 0)
      }
      const ends = ended(peers.estimates)
      t.is(ends.length, attack === null ? n : n - f)
      t.deepEqual([...new Set(ends)], ended([server.parameters]), `${attack}, n = ${n}`)
    }
})

/** Sends another vector to each, or nothing, and says the rest of its part to some only. */
const twoFaced: Attack = {
  name: 'two-faced',
  did: 'said something else to each',
  rushing: true,
  perRecipient: true,
  forge: ({ own, recipient, random }) =>
    random() < 0.2 ? null : own.map(value => value * (recipient % 2 === 0 ? 10 : -10)),
  say: (message, { random }) => (random() < 0.6 ? [message] : []),
}

test('§1.4: equal estimates at all honest peers, whatever liars say to each, with every way to count what is missing', async t => {
  let lied = 0
  for (const [n, f] of [
    [4, 1],
    [7, 2],
    [10, 3],
  ] as const)
    for (const missing of ['left-out', 'eliminated', 'zero'] as const)
      for (const attack of [
        twoFaced,
        ...['crash', 'omit', 'replay', 'forge', 'lie', 'refuse', 'equivocate'].map(name => attackNamed(name)),
      ])
        for (const seed of [1, 2, 3]) {
          const own = { ...options(n, f, attack, seed), missing }
          const peers = createServer({ ...own, broadcast: { digestOf } })
          for (let step = 0; step < 5; step++) t.true((await peers.step()).finite)
          t.is(new Set(ended(peers.estimates)).size, 1, `${attack.name}, n = ${n}, seed ${seed}`)
          const [first] = peers.estimates
          const error = Math.hypot(...first!.map((value, i) => value - (i + 1)))
          t.true(error < 3, `${error} away with ${attack.name}`)
          if (attack === twoFaced) lied++
        }
  t.is(lied, 27)
})

test('more liars than f can break the broadcast, and it says so rather than go on with two estimates', async t => {
  let broken = 0
  for (let seed = 1; seed <= 20; seed++) {
    // Both kings lie, and tell each of the two honest peers something else.
    const own = { ...options(4, 1, twoFaced, seed), liars: [0, 1] }
    const peers = createServer({ ...own, broadcast: { digestOf } })
    for (let step = 0; step < 10; step++)
      try {
        await peers.step()
        t.is(new Set(ended(peers.estimates)).size, 1)
      } catch (error) {
        t.true(error instanceof BroadcastError)
        t.regex((error as Error).message, /step \d+: .* expected at most 1 liar, and 4 peers or more, of 4/)
        broken++
        break
      }
  }
  t.true(broken > 10, `${broken} of 20`)
})

test('gradients of honest workers that are not finite are a divergence, with a server and without, however it counts what is missing', async t => {
  for (const missing of ['left-out', 'eliminated', 'zero'] as const)
    for (const broadcast of [undefined, { digestOf }]) {
      const own = { ...options(4, 1, attackNamed('zero'), 1), missing, ...(broadcast && { broadcast }) }
      const server = createServer({
        ...own,
        gradients: async ({ parameters }, workers) =>
          workers.map(() => ({ gradient: parameters.map(() => Number.NaN), loss: 0 })),
      })
      t.false((await server.step()).finite, `${missing}, ${broadcast ? 'broadcast' : 'server'}`)
    }
})

test('liars in turns would have no estimate: refused', t => {
  const own = { ...options(4, 1, attackNamed('zero'), 1), rotating: true, broadcast: { digestOf } }
  t.throws(() => createServer(own), { instanceOf: RangeError, message: /rotating liars with broadcast/ })
})
