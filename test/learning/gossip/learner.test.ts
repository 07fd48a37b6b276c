/** Gossip without a clock, of the machine alone: whatever happens in which order, honest peers go on, within the rule's bound. */
import test from 'ava'
import { aggregator } from '../../../agreement/rules/registry.ts'
import { checkHeard, checkWithoutClock } from '../../../learning/gossip/conditions.ts'
import { drawGraph, type Neighbours } from '../../../learning/gossip/graph.ts'
import { createGossipLearn } from '../../../learning/gossip/learner.ts'
import { type GossipRule, gossipRuleNamed, overNeighbourhood } from '../../../learning/gossip/rules.ts'
import type { Learn, LearnOutput } from '../../../learning/learn-contract.ts'
import { type RandomStream, randomStream } from '../../../learning/random.ts'
import { beyondBound, heaviest } from '../../../node/checkers/gossip-bounds.ts'
import { seal, testLedger } from '../../agreement/harness.ts'
import { distance } from './naive.ts'
import { drawFaulty, runWorld, type WorldEnd, type WorldOptions } from './small-world.ts'

const rules: readonly GossipRule[] = [
  overNeighbourhood(aggregator('monna')),
  gossipRuleNamed('clipped-gossip', {}),
]

function drawGraphs(random: RandomStream, maxFaulty: number, seed: number): Neighbours {
  const least = Math.max(2, 4 * maxFaulty + 1)
  const peers = least + 2 + random.integer(6)
  if (random.integer(3) === 0) return drawGraph({ kind: 'complete' }, peers, seed)
  const degree = Math.min(peers - 1, least + random.integer(3))
  const isOdd = (degree * peers) % 2 === 1
  return drawGraph({ kind: 'regular', degree: degree + (isOdd ? 1 : 0) }, peers, seed)
}

function drawWorld(seed: number): WorldOptions {
  const random = randomStream(seed, 'small-world')
  const maxFaulty = random.integer(3)
  const graph = drawGraphs(random, maxFaulty, seed)
  const faulty = drawFaulty(graph, maxFaulty, random)
  const honest = [...graph.keys()].filter(peer => !faulty.has(peer))
  const kept = 2 + random.integer(3)
  return {
    graph,
    faulty,
    restarting: new Set(honest.filter(() => random.integer(5) === 0)),
    speeds: graph.map(() => (random.integer(5) === 0 ? 0.02 : 1)),
    maxFaulty,
    rule: rules[random.integer(rules.length)]!,
    steps: 3 + random.integer(8),
    grace: random.integer(2) === 0,
    window: { ahead: 1 + random.integer(3), kept, past: kept },
    random,
  }
}

/** What is wrong with how a world ended; empty: nothing. */
function violations(options: WorldOptions, end: WorldEnd): readonly string[] {
  const { graph, faulty, maxFaulty, rule, steps } = options
  const wrong = [
    ...end.stuck.map(peer => `peer ${peer} is stuck`),
    ...end.twice.map(slot => `two vectors for ${slot}`),
    ...end.blamed.map(peer => `honest peer ${peer} is blamed`),
    ...end.offGraph.map(pair => `${pair} is no edge`),
  ]
  for (const { peer, step, own, next, used, around } of end.mixed) {
    const neighbours = graph[peer]!
    const where = `peer ${peer}, step ${step}`
    if (!used.every(other => neighbours.includes(other))) wrong.push(`${where}: used a stranger`)
    if (around === null) {
      if (distance(next, own) > 0) wrong.push(`${where}: alone, it moved`)
      continue
    }
    if (used.length < neighbours.length - maxFaulty) wrong.push(`${where}: used ${used.length} vectors only`)
    if (around.others.length !== used.length) wrong.push(`${where}: ${around.others.length} vectors`)
    const places = used.flatMap((other, place) => (faulty.has(other) ? [] : [place]))
    const beyond = beyondBound(rule.name, {
      own,
      next,
      honest: places.map(place => around.others[place]!),
      weights: places.map(place => around.weights[place]!),
      delta: heaviest(around.weights, maxFaulty),
      used: used.length,
      maxFaulty,
      step,
      steps,
    })
    if (beyond !== null) wrong.push(`${where}: ${beyond}`)
  }
  return wrong
}

test('500 worlds: honest peers finish, sign one vector a slot, blame no honest peer, and move within the bound of their rule', t => {
  const seen = { alone: 0, few: 0, all: 0, restarted: 0 }
  for (let seed = 1; seed <= 500; seed++) {
    const options = drawWorld(seed)
    checkWithoutClock(options.graph, options.maxFaulty)
    checkHeard(options.graph, options.maxFaulty, options.rule)
    const end = runWorld(options)
    t.deepEqual(violations(options, end), [], `seed ${seed}`)
    for (const { peer, used } of end.mixed)
      if (used.length === 0) seen.alone++
      else seen[used.length < options.graph[peer]!.length ? 'few' : 'all']++
    seen.restarted += options.restarting.size
  }
  t.true(
    Object.values(seen).every(count => count > 100),
    JSON.stringify(seen),
  )
})

const NEIGHBOURS = [1, 2, 3, 4, 5]

/** Peer 0 with five neighbours, at its first step. */
function beginning(grace = true): Learn {
  return createGossipLearn({
    self: 0,
    neighbours: NEIGHBOURS,
    weights: NEIGHBOURS.map(() => 1 / 6),
    rule: overNeighbourhood(aggregator('mean')),
    maxFaulty: 1,
    dimension: 1,
    grace,
    ledger: testLedger(),
    steps: 60,
    rate: () => 1,
    momentum: 0,
    clip: null,
    weightDecay: 0,
    batch: () => 1,
    start: { step: 1, parameters: new Float32Array(1), momentum: null },
    window: { ahead: 1, kept: 4, past: 4 },
  })
}

/** The same with its own vector said. */
function speaking(grace = true): Learn {
  const learn = beginning(grace)
  learn.input({ kind: 'start' })
  learn.input({ kind: 'gradient', step: 1, gradient: Float32Array.of(-6) })
  return learn
}

const says = (learn: Learn, from: number, value: number, step = 1) =>
  learn.receive(from, {
    kind: 'vector',
    slot: { step, phase: 'parameters', iteration: 0, sender: from },
    sealed: seal(Float32Array.of(value)),
  })

const timersIn = ({ outputs }: ReturnType<Learn['input']>) =>
  outputs.flatMap(output => (output.kind === 'timer' ? [output] : []))

test('a peer descends, says so to its neighbours, and mixes what deg − f of them say, after a grace for the rest', t => {
  const learn = speaking()
  t.deepEqual(learn.status(), { step: 1, phase: 'parameters', computing: false, waitingFor: NEIGHBOURS })
  for (const peer of [1, 2, 3]) t.deepEqual(says(learn, peer, 0).outputs, [])
  const [timer] = timersIn(says(learn, 5, 0))
  t.is(timer!.timer.purpose, 'grace')
  t.deepEqual(learn.status().waitingFor, [4])
  const { outputs } = learn.input(timer!)
  t.like(outputs, [
    { kind: 'iterated', used: [1, 2, 3, 5] },
    { kind: 'averaged', vector: Float32Array.of(6 / 5) },
    { kind: 'stepped', state: { step: 2 } },
    { kind: 'need-gradient', step: 2 },
  ])
  t.is(learn.currentStep(), 2)
})

test('all neighbours are waited for no longer than they take', t => {
  const learn = speaking()
  for (const peer of [1, 2, 3, 4]) says(learn, peer, 0)
  const { outputs } = says(learn, 5, 0)
  t.like(outputs[0], { kind: 'iterated', used: NEIGHBOURS })
})

test('where too few vectors will come, a peer waits a while for more, and then learns alone', t => {
  const learn = speaking()
  for (const peer of [1, 2, 3]) says(learn, peer, 0)
  const [timer] = timersIn(learn.input({ kind: 'missed', peer: 4 }))
  t.is(timer!.timer.purpose, 'payload', 'the one that says so may be a liar')
  t.deepEqual(learn.status().waitingFor, [5])
  const { outputs } = learn.input(timer!)
  t.like(outputs, [
    { kind: 'iterated', used: [], vector: Float32Array.of(6) },
    { kind: 'averaged' },
    { kind: 'stepped' },
    { kind: 'need-gradient' },
  ])
  const early = speaking()
  for (const peer of [1, 2, 3]) says(early, peer, 0)
  early.input({ kind: 'missed', peer: 4 })
  t.like(says(early, 5, 0).outputs[0], { kind: 'iterated', used: [1, 2, 3, 5] }, 'enough have come after all')
  early.input({ kind: 'gradient', step: 2, gradient: Float32Array.of(0) })
  t.deepEqual(early.status().waitingFor, NEIGHBOURS, 'what is missed in a step is missed in that one')
})

test('what a stranger to the peer says is its fault, and counts for nothing', t => {
  const learn = speaking()
  for (const peer of [1, 2, 3]) says(learn, peer, 0)
  const { faults, outputs } = says(learn, 7, 1e9)
  t.like(faults, [{ peer: 7, kind: 'wrong-author' }])
  t.deepEqual(outputs, [])
})

test('a second vector for a slot is proof; too early a one, or an agreement’s, is a fault', t => {
  const learn = speaking()
  says(learn, 1, 0)
  t.deepEqual(says(learn, 1, 0).faults, [], 'the same again')
  t.like(says(learn, 1, 1).faults, [
    { peer: 1, kind: 'equivocation', evidence: { slot: { step: 1, sender: 1 } } },
  ])
  t.like(says(learn, 2, 0, 3).faults, [{ kind: 'out-of-range' }])
  t.like(says(learn, 2, Number.NaN).faults, [{ kind: 'not-finite' }])
  const slot = { step: 1, phase: 'gradient', iteration: 0, sender: 2 } as const
  t.like(learn.receive(2, { kind: 'vector', slot, sealed: seal(Float32Array.of(1)) }).faults, [
    { kind: 'unexpected-kind' },
  ])
})

/** What a peer says that comes back to neighbours of which no step is held by enough, and one waits for it at step 2. */
function comingBack(memory: Memory) {
  const learn = beginning()
  const steps = [2, 20, 30, 40, 50]
  let [timer] = timersIn(learn.input({ kind: 'start', memory }))
  return {
    learn,
    /** The question is answered. */
    answered: () =>
      NEIGHBOURS.flatMap(
        from =>
          learn.receive(from, {
            kind: 'position',
            slot: { step: steps[from - 1]!, phase: 'state', iteration: 0, sender: from },
            oldest: Math.max(1, steps[from - 1]! - 4),
            completeFrom: from === 1 ? 1 : 2,
            seen: null,
          }).outputs,
      ),
    /** Time is over, and it asks again. */
    asksAgain() {
      ;[timer] = timersIn(learn.input(timer!))
    },
  }
}

type Memory = 'unconfirmed' | 'lost'
const begins = (outputs: readonly LearnOutput[]) => outputs.some(({ kind }) => kind === 'need-gradient')

test('a peer that comes back where no step is held by enough goes on where it was: others may wait for it there', t => {
  const { learn, answered, asksAgain } = comingBack('unconfirmed')
  for (let asked = 1; asked <= 2; asked++) {
    t.false(begins(answered()), `asked ${asked} times`)
    asksAgain()
  }
  t.true(begins(answered()))
  t.is(learn.currentStep(), 1)
})

test('a peer that has lost its memory never goes on alone, as it may have spoken: it says that nobody need wait for it', t => {
  const { answered, asksAgain } = comingBack('lost')
  const silent = (outputs: readonly LearnOutput[]) => outputs.filter(({ kind }) => kind === 'silent')
  for (let asked = 1; asked <= 6; asked++) {
    const outputs = answered()
    t.false(begins(outputs), `asked ${asked} times`)
    const [said] = silent(outputs) as { readonly completeFrom: number }[]
    t.is((said?.completeFrom ?? 0) > 2, asked > 2, `asked ${asked} times`)
    asksAgain()
  }
})

test('numbers that overflow are the run’s divergence', t => {
  const learn = speaking()
  for (const peer of NEIGHBOURS) says(learn, peer, 0)
  const { outputs, messages } = learn.input({
    kind: 'gradient',
    step: 2,
    gradient: Float32Array.of(Infinity),
  })
  t.like(outputs, [{ kind: 'diverged', divergence: { step: 2, of: 'gradient' } }])
  t.deepEqual(messages, [])
  t.is(learn.status().phase, 'diverged')
})
