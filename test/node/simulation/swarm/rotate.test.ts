/** Liars by turns: at most the faulty peers lie, other ones in each exchange, and each of them in some. */
import test from 'ava'
import { rotate } from '../../../../node/simulation/swarm/attacks.ts'

const own = Float32Array.of(1)
const honest = [0, 1, 2, 4, 6]

test('the faulty peers lie, are silent and follow the protocol by turns', t => {
  const attack = rotate({ peers: 8, maxFaulty: 3, honest })
  const did = (sender: number, step: number, phase: 'gradient' | 'parameters') => {
    const slot = { step, phase, iteration: 0, sender }
    const said = attack.forge({
      slot,
      recipient: 0,
      peers: 8,
      maxFaulty: 3,
      own,
      honest: [],
      random: () => 0,
      rule: () => own,
      shared: new Map(),
    })
    return said === null ? 'silent' : said[0] === 1 ? 'true' : 'lie'
  }
  const exchanges = [1, 2, 3, 4].flatMap(step =>
    (['gradient', 'parameters'] as const).map(phase => [3, 5, 7].map(liar => did(liar, step, phase))),
  )
  for (const [i, exchange] of exchanges.entries()) {
    if (i > 0) t.notDeepEqual(exchange, exchanges[i - 1])
    t.true(exchange.filter(what => what === 'silent').length <= 1)
  }
  for (const place of [0, 1, 2])
    t.deepEqual([...new Set(exchanges.map(exchange => exchange[place]))].sort(), ['lie', 'silent', 'true'])
})

test('a lie tells each peer what that peer holds itself, where all honest vectors are seen', t => {
  const attack = rotate({ peers: 8, maxFaulty: 3, honest })
  const vectors = honest.map(peer => Float32Array.of(peer))
  const lies = [3, 5, 7].map(sender => {
    const slot = { step: 1, phase: 'gradient', iteration: 0, sender } as const
    const who = { slot, recipient: 4, peers: 8, maxFaulty: 3 }
    const sight = { ...who, own, honest: vectors, random: () => 0, rule: () => own, shared: new Map() }
    return attack.forge(sight)?.[0] ?? null
  })
  t.true(lies.includes(4))
})
