/**
 * Gossip as a whole: who hears whom, what liars are told, what is left out; and a checker over whole runs, that no honest
 * vector moves farther than its rule allows, whatever the liars say.
 */
import test from 'ava'
import { aggregator } from '../../../agreement/rules/registry.ts'
import { distance, type Vector } from '../../../agreement/vector.ts'
import type { Attack } from '../../../learning/attacks/attack.ts'
import { attackNamed } from '../../../learning/attacks/registry.ts'
import { createGossip, type GossipOptions } from '../../../learning/gossip/gossip.ts'
import { drawGraph, drawPulls } from '../../../learning/gossip/graph.ts'
import { type GossipRule, gossipRuleNamed, overNeighbourhood } from '../../../learning/gossip/rules.ts'
import { equalWeights, metropolisWeights } from '../../../learning/gossip/weights.ts'
import { beyondBound, boundedRules, heaviest } from '../../../node/checkers/gossip-bounds.ts'
import { gossipRuleOf } from '../../../node/cohort/gossip-names.ts'

const ring = drawGraph({ kind: 'ring' }, 6, 1)

/** Peer `i` pulls towards the point `(i, i²)`. */
const base: GossipOptions = {
  rule: overNeighbourhood(aggregator('mean')),
  peers: 6,
  maxFaulty: 0,
  neighboursAt: () => ring,
  weightsOf: metropolisWeights,
  liars: [],
  attack: null,
  start: new Float32Array(2),
  gradient: async (peer, { parameters }) => ({
    gradient: Float32Array.of(parameters[0]! - peer, parameters[1]! - peer ** 2),
    loss: ((parameters[0]! - peer) ** 2 + (parameters[1]! - peer ** 2) ** 2) / 2,
  }),
  rate: () => 1,
  batch: () => 1,
  box: null,
  momentum: 0,
  clip: null,
  weightDecay: 0,
  steps: 10,
  seed: 3,
}

async function ended(options: GossipOptions, steps: number) {
  const gossip = createGossip(options)
  for (let step = 0; step < steps; step++) await gossip.step()
  return gossip
}

test('a peer’s next vector is the rule’s, of its own descent and its neighbours’', async t => {
  const { parameters, sent } = await ended(base, 1)
  t.deepEqual(parameters[0], Float32Array.of((0 + 1 + 5) / 3, (0 + 1 + 25) / 3))
  t.deepEqual(parameters[3], Float32Array.of((2 + 3 + 4) / 3, (4 + 9 + 16) / 3))
  t.deepEqual([...sent], [2, 2, 2, 2, 2, 2])
  const boxed = await ended({ ...base, box: { low: -2, high: 2 } }, 1)
  t.deepEqual(boxed.parameters[3], Float32Array.of(2, 2))
})

test('momentum is each peer’s own', async t => {
  const lonely = { ...base, neighboursAt: () => ring.map(() => []), momentum: 0.5 }
  const { parameters } = await ended(lonely, 2)
  // m₁ = ½g₁, θ₁ = ½p; m₂ = ½m₁ + ½g₂ = −½p, θ₂ = p.
  t.deepEqual(parameters[2], Float32Array.of(2, 4))
})

test('a rule that goes by losses is told them, of the peer’s own data and of a batch that it has not descended along', async t => {
  const asked: (readonly number[])[] = []
  const told: (readonly number[])[] = []
  const judging: GossipRule = {
    name: 'judge',
    judged: ({ own, others }) => [others[1]!, own],
    combine: ({ own, losses }) => {
      told.push(losses!)
      return own
    },
  }
  const gradient: GossipOptions['gradient'] = (peer, request) => {
    asked.push([peer, request.step, request.batch, request.parameters[0]!])
    return base.gradient(peer, request)
  }
  const options = { ...base, gradient, batch: (step: number) => 10 * step }
  await ended({ ...options, rule: judging }, 1)
  // Peer 1 has descended to (1, 1), and hears (0, 0) and (2, 4).
  const ofPeer = asked.filter(([peer]) => peer === 1)
  t.deepEqual(ofPeer, [
    [1, 1, 10, 0],
    [1, 2, 20, 2],
    [1, 2, 20, 1],
  ])
  t.deepEqual(told[1], [(1 + 3 ** 2) / 2, 0])
  asked.length = 0
  await ended(options, 1)
  t.is(asked.length, 6, 'other rules cost no gradients')
})

test('ubar: lies that are near but lose more are not taken, over a whole run; liars try the rule without losses', async t => {
  const away: Attack = {
    ...attackNamed('random'),
    rushing: true,
    from: 'honest',
    forge: ({ honest, rule }) => {
      t.true(rule(honest).every(Number.isFinite))
      return honest[0]!.map(value => value + 0.02)
    },
  }
  const complete = drawGraph({ kind: 'complete' }, 7, 1)
  const options: GossipOptions = {
    ...base,
    peers: 7,
    maxFaulty: 2,
    neighboursAt: () => complete,
    liars: [5, 6],
    attack: away,
    rate: () => 0.1,
    gradient: async (peer, { step, parameters }) => ({
      gradient: parameters.map((value, c) => value - 1 + Math.sin(7 * peer + 3 * step + c) / 2),
      loss: distance(parameters, Float32Array.of(1, 1)),
    }),
  }
  const { name, judged, combine } = gossipRuleNamed('ubar', {})
  const farthest = async (rule: GossipRule) => {
    const { parameters } = await ended({ ...options, rule }, 40)
    return Math.max(...parameters.slice(0, 5).map(vector => distance(vector, Float32Array.of(1, 1))))
  }
  const [judges, blind] = [
    await farthest({ name, judged: judged!, combine }),
    await farthest({ name, combine }),
  ]
  t.true(judges < blind / 2, `${judges}, without losses ${blind}`)
})

test('with random pulls each step has other neighbours', async t => {
  const heard: number[] = []
  const spying: GossipRule = {
    name: 'spy',
    combine: ({ own, others }) => {
      heard.push(...others.map(other => other[0]!))
      return own
    },
  }
  const pulls = {
    ...base,
    rule: spying,
    neighboursAt: (step: number) => drawPulls(2, 6, 9, step),
    weightsOf: equalWeights,
  }
  await ended(pulls, 3)
  t.deepEqual(
    heard,
    [1, 2, 3].flatMap(step => drawPulls(2, 6, 9, step).flat()),
  )
})

test('an attack that looks is told what the peer has that it lies to; another sends the same to all', async t => {
  const seen: [number, number[], number][] = []
  const looking: Attack = {
    name: 'look',
    did: 'looked',
    rushing: true,
    perRecipient: false,
    from: 'honest',
    forge({ recipient, honest, peers, slot }) {
      t.is(slot.phase, 'parameters')
      seen.push([recipient, honest.map(vector => vector[0]!), peers])
      return honest[0]!
    },
  }
  const liars = [3, 5]
  await ended({ ...base, liars, attack: looking }, 1)
  // Peer 4 has two liars for neighbours, which say the same.
  t.deepEqual(seen, [
    [0, [0, 1], 3],
    [2, [2, 1], 3],
    [4, [4], 3],
  ])
  const told: number[] = []
  const flat: Attack = {
    ...looking,
    rushing: false,
    forge: ({ recipient, honest, peers }) => {
      told.push(recipient, honest.length, peers)
      return honest[0]!
    },
  }
  await ended({ ...base, liars: [3], attack: flat }, 1)
  t.deepEqual(told, [-1, 5, 6])
})

test('a different lie to each where the attack can, made of what the liar itself would have sent', async t => {
  const { parameters } = await ended({ ...base, liars: [5], attack: attackNamed('equivocate') }, 1)
  // g·(1 − 2·recipient/5): the whole of 5 to peer 0, −3 to peer 4.
  t.is(parameters[0]![0], (0 + 1 + 5) / 3)
  t.is(parameters[4]![0], Math.fround((3 + 4 - 3) / 3))
})

test('what does not come or is malformed is left out, and is one liar fewer', async t => {
  const counts: [number, number, number][] = []
  const counting: GossipRule = {
    name: 'count',
    combine: ({ own, others, weights, maxFaulty }) => {
      counts.push([others.length, weights.length, maxFaulty])
      return own
    },
  }
  for (const name of ['silence', 'nan', 'wrong-length', 'huge']) {
    counts.length = 0
    const { sent } = await ended(
      { ...base, rule: counting, maxFaulty: 1, liars: [5], attack: attackNamed(name) },
      1,
    )
    const left = name === 'huge' ? [2, 2, 1] : [1, 1, 0]
    t.deepEqual(counts[0], left, name)
    t.deepEqual(counts[2], [2, 2, 1], name)
    t.is(sent[5], name === 'silence' ? 0 : 2)
    t.is(sent[0], 2)
  }
})

test('a peer that hears nobody keeps its own vector', async t => {
  const attack = attackNamed('silence')
  const pair = [[1], [0]]
  const { parameters } = await ended({ ...base, peers: 2, neighboursAt: () => pair, liars: [1], attack }, 1)
  t.deepEqual(parameters[0], Float32Array.of(0, 0))
})

test('numbers that overflow end the run, and the first honest peer of them is named', async t => {
  const far = createGossip({ ...base, rate: () => 1e38, start: Float32Array.of(1e5, 0) })
  t.is((await far.step()).diverged, 0)
  const lied = createGossip({ ...base, liars: [5], attack: attackNamed('huge'), rate: () => 1e30 })
  t.is((await lied.step()).diverged, null)
})

test('a liar must be a peer', t => {
  t.throws(() => createGossip({ ...base, liars: [6] }), { message: /liar 6 of 6 peers: expected 0 to 5/ })
})

/** The rule, with a checker before and behind it that knows which vectors are lies. */
function checked(rule: GossipRule, lies: ReadonlySet<Vector>, violated: (what: string) => void): GossipRule {
  return {
    ...rule,
    combine(around) {
      const { own, others, weights, maxFaulty, step, steps } = around
      const result = rule.combine(around)
      if (others.filter(other => lies.has(other)).length > maxFaulty)
        violated(`more than f lies in step ${step}`)
      const places = others.flatMap((other, place) => (lies.has(other) ? [] : [place]))
      const beyond = beyondBound(rule.name, {
        own,
        next: result,
        honest: places.map(place => others[place]!),
        weights: places.map(place => weights[place]!),
        delta: heaviest(weights, maxFaulty),
        used: others.length,
        maxFaulty,
        step,
        steps,
      })
      if (beyond !== null) violated(`step ${step}: ${beyond}`)
      return result
    },
  }
}

const ATTACKS = [
  'sign-flip',
  'gradient-reverse',
  'random',
  'little',
  'empire',
  'mimic',
  'equivocate',
  'huge',
  'search',
  'min-max',
  'drift',
  'silence',
]

for (const name of [...boundedRules, 'nnm+cwtm'])
  test(`${name}: over whole runs no honest vector moves farther than its guarantee, whatever the attack`, async t => {
    const graph = drawGraph({ kind: 'regular', degree: 6 }, 14, 2)
    const rule = gossipRuleOf(name)
    for (const attack of ATTACKS) {
      const lies = new Set<Vector>()
      const violations: string[] = []
      const { forge, ...rest } = attackNamed(attack)
      const watched: Attack = {
        ...rest,
        forge(sight) {
          // A copy, so that a mimic's vector is told from the honest one.
          const lie =
            forge({
              ...sight,
              rule: vectors =>
                rule.combine({
                  own: vectors[0]!,
                  others: vectors.slice(1),
                  weights: vectors.slice(1).map(() => 1 / 7),
                  maxFaulty: 1,
                  step: 1,
                  steps: 9,
                }),
            })?.slice() ?? null
          if (lie !== null) lies.add(lie)
          return lie
        },
      }
      const gossip = await ended(
        {
          ...base,
          peers: 14,
          maxFaulty: 2,
          neighboursAt: () => graph,
          liars: [12, 13],
          attack: watched,
          rule: checked(rule, lies, what => violations.push(what)),
          rate: () => 0.3,
        },
        8,
      )
      t.deepEqual(violations, [], attack)
      t.true(gossip.parameters.every(vector => vector.every(Number.isFinite)))
    }
  })

test('the checker notices where lies are taken at their word', async t => {
  const violations: string[] = []
  const lies = new Set<Vector>()
  const attack: Attack = {
    ...attackNamed('random'),
    from: 'nothing',
    forge: () => {
      const lie = Float32Array.of(1e4, 1e4)
      lies.add(lie)
      return lie
    },
  }
  const plain = { name: 'monna', combine: overNeighbourhood(aggregator('mean')).combine }
  await ended(
    { ...base, maxFaulty: 1, liars: [5], attack, rule: checked(plain, lies, what => violations.push(what)) },
    1,
  )
  t.true(violations.length >= 2, violations.join())
})

test('a liar that searches lies to each peer against that peer’s own vectors, though all hear as many', async t => {
  const lies = new Map<number, Vector>()
  const alone: Vector[] = []
  const named = attackNamed('little-tuned')
  const watched: Attack = {
    ...named,
    forge(sight) {
      const lie = named.forge(sight)!
      lies.set(sight.recipient, lie)
      alone.push(attackNamed('little-tuned').forge({ ...sight, shared: new Map() })!)
      return lie
    },
  }
  const rule = overNeighbourhood(aggregator('cwmed'))
  await ended({ ...base, rule, maxFaulty: 1, liars: [3], attack: watched }, 1)
  t.deepEqual([...lies.keys()], [2, 4])
  t.deepEqual([...lies.values()], alone)
  t.notDeepEqual(lies.get(2), lies.get(4))
})

test('the rule that a liar is told is the one that the peer applies to the lie, weights and all', async t => {
  const graph = drawGraph({ kind: 'erdos-renyi', probability: 0.7 }, 9, 2)
  for (const rule of [
    gossipRuleNamed('clipped-gossip', {}),
    overNeighbourhood(aggregator('monna')),
    overNeighbourhood(aggregator('nnm+cwtm')),
  ]) {
    const foreseen = new Map<number, Vector>()
    const named = attackNamed('search')
    const attack: Attack = {
      ...named,
      forge(sight) {
        const lie = named.forge(sight)!
        foreseen.set(sight.recipient, sight.rule([...sight.honest, lie]))
        return lie
      },
    }
    // The liar stands in the middle of its neighbours' lists.
    const options = { ...base, rule, peers: 9, neighboursAt: () => graph, maxFaulty: 1, liars: [4], attack }
    const { parameters } = await ended(options, 1)
    t.true(foreseen.size > 2)
    for (const [peer, vector] of foreseen)
      for (const [i, value] of vector.entries())
        t.true(Math.abs(parameters[peer]![i]! - value) < 1e-4, `${rule.name}, peer ${peer}`)
  }
})
