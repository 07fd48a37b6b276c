/**
 * A simulated cohort under injected faults, one by one and all at once: the timeline reports them, the run can be
 * replayed, and all peers are back at the end.
 */
import test, { type ExecutionContext } from 'ava'
import { distance } from '../../../agreement/vector.ts'
import { attackNamed } from '../../../learning/attacks/registry.ts'
import type { ModelOracle } from '../../../learning/oracles/jax-oracle.ts'
import { createLearningCheckers } from '../../../node/checkers/learning.ts'
import { timelineLine } from '../../../node/cli/view/timeline.ts'
import type { Cohort } from '../../../node/cohort/cohort.ts'
import { defaultLinkLimits } from '../../../node/link/limits.ts'
import type { InjectedFault } from '../../../node/simulation/conditions.ts'
import { type SimulateOptions, type SimulationResult, simulate } from '../../../node/simulation/simulate.ts'
import { createLearningCluster } from '../../../node/simulation/swarm/learning/cluster.ts'
import { testCohort } from '../cohorts.ts'
import { smallCohort } from './small-cohort.ts'

const STEPS = 30

/** Each peer's loss is `½‖θ − x_j‖²`. */
function oracles({ members }: Cohort): readonly ModelOracle[] {
  return members.map((_, peer) => ({
    dimension: 2,
    initial: new Float32Array(2),
    parameters: [{ name: 'w', shape: [2] }],
    examples: 1,
    gradient: async ({ parameters }) => ({
      gradient: parameters.map((value, i) => value - (i === 0 ? peer : -peer)),
      loss: peer,
    }),
    evaluate: async () => ({ loss: 0, accuracy: null, metrics: null }),
    close: async () => {},
  }))
}

function run(
  injectedFaults: readonly InjectedFault[],
  changes: Partial<SimulateOptions> & { readonly cohort?: Cohort } = {},
): Promise<SimulationResult> {
  const { cohort = testCohort({ steps: STEPS }) } = changes
  return simulate({
    cohort,
    seed: 5,
    byzantine: { peers: [], attack: null },
    oracles: oracles(cohort),
    latencyMs: 5,
    gradientMs: 10,
    injectedFaults,
    ...changes,
  })
}

const from = (step: number, untilStep: number | null) => ({ at: { step }, untilStep })
const crash = (peer: number, step: number, untilStep: number | null): InjectedFault => ({
  kind: 'crash',
  peer,
  kept: 0,
  ...from(step, untilStep),
})

/** `event peers`, in order. */
const told = ({ timeline }: SimulationResult) => timeline.map(({ event, peers }) => `${event} ${peers}`)

/** All peers have learnt, and no guarantee was broken. */
function goesWell(t: ExecutionContext, result: SimulationResult): void {
  t.deepEqual(result.violations, [])
  t.deepEqual(result.stuck, [])
  for (const peer of result.honest)
    if (!result.gone.includes(peer)) t.not(result.parameters[peer], null, `peer ${peer}`)
  t.is(result.steps.length, STEPS, 'every step is accounted for')
}

test('without injected faults the timeline is empty', async t => {
  const result = await run([])
  goesWell(t, result)
  t.deepEqual(result.timeline, [])
  t.is((await run([])).trace, result.trace)
})

test('a peer that crashes comes back to the step in its journal, and catches up', async t => {
  const result = await run([crash(3, 5, 9)])
  goesWell(t, result)
  t.deepEqual(told(result), ['crash 3', 'restart 3', 'caught up 3'])
  const [died, back, level] = result.timeline
  t.is(died!.step, 5)
  t.is(died!.ownStep, null)
  t.is(back!.step, 9)
  t.true(back!.ownStep! >= 4 && back!.ownStep! <= 5, `it is back at step ${back!.ownStep}`)
  t.is(level!.by, 'messages')
  t.true(level!.virtualSeconds > back!.virtualSeconds)
})

test('a peer that was away for longer than links keep messages gets the parameters of others', async t => {
  // With a second iteration it has acknowledged part of the step to which it comes back, which the others forget.
  const cohort = testCohort({ steps: STEPS, iterations: { gradient: 2, parameters: 1 } })
  const result = await run([crash(3, 3, 28)], { cohort })
  goesWell(t, result)
  t.deepEqual(told(result), ['crash 3', 'restart 3', 'caught up 3'])
  t.is(result.timeline[2]!.by, 'parameters')
})

test('the others end without a peer that crashes for good', async t => {
  const result = await run([crash(3, 5, null)])
  goesWell(t, result)
  t.deepEqual(result.gone, [3])
  t.is(result.parameters[3], null)
  t.deepEqual(told(result), ['crash 3'])
})

test('at one step, faults end before others begin', async t => {
  const windows = [from(9, 12), from(5, 9)]
  const [crashes, partitions] = await Promise.all([
    run([crash(3, 9, 12), crash(3, 5, 9)]),
    run(windows.map(window => ({ kind: 'partition', side: [3], ...window }))),
  ])
  for (const result of [crashes!, partitions!]) goesWell(t, result)
  const order = (result: SimulationResult) => told(result).filter(line => !line.startsWith('caught up'))
  t.deepEqual(order(crashes!), ['crash 3', 'restart 3', 'crash 3', 'restart 3'])
  t.deepEqual(order(partitions!), ['partition 3', 'reconnect 3', 'partition 3', 'reconnect 3'])
  const [, , again, last] = partitions!.timeline.filter(({ event }) => event !== 'caught up')
  t.true(last!.ownStep! <= again!.ownStep! + 1, 'the second one cuts it off')
})

test('if too many peers are gone for good, the others wait, and the run ends and says for whom', async t => {
  const result = await run([crash(0, 5, null), crash(1, 5, null)])
  t.deepEqual(
    result.stuck.map(({ peer }) => peer),
    [2, 3, 4, 5, 6],
  )
  for (const { waitingFor } of result.stuck) t.true(waitingFor.includes(0) && waitingFor.includes(1))
})

test('a partition heals, and the peers inside catch up, though nobody tells them the step', async t => {
  const result = await run([{ kind: 'partition', side: [2], ...from(12, 20) }])
  goesWell(t, result)
  t.deepEqual(told(result), ['partition 2', 'reconnect 2', 'caught up 2'])
  t.true(result.timeline[1]!.ownStep! <= 13, 'it stood still meanwhile')
})

test('a partition that stops every peer still ends, because a standstill counts as steps', async t => {
  const result = await run([{ kind: 'partition', side: [0, 1, 2], ...from(12, 15) }])
  goesWell(t, result)
  const [cut, whole] = result.timeline
  t.is(whole!.step, 12, 'no peer could go on')
  t.deepEqual([cut!.standstills, whole!.standstills], [0, 3])
  t.regex(
    timelineLine(whole!, STEPS),
    /are connected again, at step 1[12] \(nobody could go on; 3 standstills counted as 3 steps\)$/,
  )
  t.notRegex(timelineLine(cut!, STEPS), /standstill/)
  const done = { ...cut!, event: 'caught up', step: STEPS + 1, ownStep: STEPS + 1, by: 'messages' } as const
  t.regex(timelineLine(done, STEPS), new RegExp(`^step ${STEPS}, .* kept for them, all steps done$`))
  const seconds = whole!.virtualSeconds - cut!.virtualSeconds
  t.true(seconds >= 3, `three steps, a second each at least: ${seconds}`)
})

test('if a partition names the larger side, the other peers are the ones that were away', async t => {
  const result = await run([{ kind: 'partition', side: [0, 1, 2, 3, 4, 5], ...from(12, 20) }])
  goesWell(t, result)
  t.is(told(result).at(-1), 'caught up 6')
})

test('a paused peer goes on where it was', async t => {
  const result = await run([{ kind: 'pause', peer: 4, ...from(6, 12) }])
  goesWell(t, result)
  t.deepEqual(told(result), ['pause 4', 'resume 4', 'caught up 4'])
})

test('a slow peer delays no peer that need not wait for it', async t => {
  const [fast, slow, all] = await Promise.all([
    run([]),
    run([{ kind: 'slow', peer: 4, factor: 50, ...from(6, 12) }]),
    run(Array.from({ length: 7 }, (_, peer) => ({ kind: 'slow', peer, factor: 50, ...from(6, 12) }))),
  ])
  goesWell(t, slow!)
  t.deepEqual(told(slow!), ['slow 4', 'full speed 4', 'caught up 4'])
  const [before, after] = [6, 12].map(
    step => slow!.timeline.find(entry => entry.step === step)!.virtualSeconds,
  )
  t.true(after! - before! < 0.5, `one gradient of it takes half a second; six steps took ${after! - before!}`)
  t.true(
    all!.virtualSeconds > fast!.virtualSeconds + 6 * 0.4,
    'all peers are slow for six steps of half a second',
  )
})

const everything: readonly InjectedFault[] = [
  crash(3, 5, 9),
  crash(5, 16, 19),
  { kind: 'partition', side: [0, 1], ...from(12, 15) },
  { kind: 'pause', peer: 2, ...from(20, 22) },
  { kind: 'slow', peer: 4, factor: 10, ...from(1, 25) },
]

test('a run with everything at once, over a wide area that loses frames, replays bit for bit', async t => {
  const changes: Partial<SimulateOptions> = {
    network: { kind: 'wan' },
    loss: 0.05,
    byzantine: { peers: [6], attack: attackNamed('equivocate') },
  }
  const [first, second] = await Promise.all([run(everything, changes), run(everything, changes)])
  goesWell(t, first!)
  t.is(second!.trace, first!.trace)
  t.deepEqual(second!.timeline, first!.timeline)
  t.not((await run(everything, { ...changes, seed: 6 })).trace, first!.trace)
  t.not((await run(everything, { ...changes, loss: 0 })).trace, first!.trace)
  t.not((await run(everything.slice(1), changes)).trace, first!.trace)
})

test('honest peers end close together, whatever happened to some of them', async t => {
  const { parameters } = await run(everything)
  for (const vector of parameters) t.true(distance(vector!, parameters[0]!) < 1)
})

test('the traffic of a peer before its crash counts', async t => {
  const [calm, crashed] = await Promise.all([run([]), run([crash(3, 28, 29)])])
  const sent = (result: SimulationResult) => result.bytesByPeer[3]!
  t.true(sent(crashed!) > 0.9 * sent(calm!), `${sent(crashed!)} of ${sent(calm!)} bytes`)
})

for (const [protocol, peers, faults] of [
  ['icwtm', 7, 1],
  ['rb-tm', 4, 1],
  ['mda', 7, 1],
] as const)
  test(`${protocol}: an honest peer crashes while a liar equivocates`, async t => {
    const cohort = testCohort({
      protocol,
      faults,
      steps: STEPS,
      members: testCohort().members.slice(0, peers),
    })
    const byzantine = { peers: [peers - 1], attack: attackNamed('equivocate') }
    const result = await run([crash(1, 5, 8), crash(2, 10, 12)], { cohort, byzantine })
    goesWell(t, result)
    t.is(result.timeline.filter(({ event }) => event === 'restart').length, 2)
  })

test('checkers look on through every incarnation, and find a peer that signs two vectors later', t => {
  const scenario = smallCohort({ protocol: 'mda', peers: 7, faults: 1, steps: 12, syncMs: 1 })
  const honest = [0, 1, 2, 3, 4, 5, 6]
  const found = new Set<string>()
  const checkers = createLearningCheckers(
    { ...scenario, linkLimits: defaultLinkLimits },
    honest,
    checker => void found.add(checker),
  )
  const cluster = createLearningCluster(scenario, {
    ...checkers,
    // From its second incarnation on, peer 2 sends peer 0 other vectors than the rest.
    received(peer, from, message) {
      const lies = from === 2 && peer === 0 && cluster.restarts() > 0 && message.kind === 'vector'
      const sealed = lies ? { ...message.sealed, digest: '00'.repeat(32) } : null
      checkers.received(peer, from, sealed === null ? message : ({ ...message, sealed } as typeof message))
    },
  })
  for (const peer of honest) cluster.begin(peer)
  const { world, peers } = cluster
  world.runSync({ maxTimeMs: 60_000, until: () => peers[2]!.status().step === 6 })
  t.deepEqual([...found], [])
  cluster.crash(2, 1)
  cluster.begin(2)
  world.runSync({ maxTimeMs: 60_000, until: () => found.size > 0 })
  t.deepEqual([...found], ['one vector a slot'])
})
