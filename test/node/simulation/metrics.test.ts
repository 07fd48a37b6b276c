/** Agreed metrics in a whole cohort: what a liar claims does not move them, and a peer that comes late finishes all the same. */
import test from 'ava'
import type { Vector } from '../../../agreement/vector.ts'
import type { Attack } from '../../../learning/attacks/attack.ts'
import { METRICS_DIMENSION } from '../../../learning/evaluation/agreed.ts'
import { brokenGuarantees, newAgreement } from '../../../node/checkers/guarantees.ts'
import { createLearningCheckers } from '../../../node/checkers/learning.ts'
import { createLearningCluster } from '../../../node/simulation/swarm/learning/cluster.ts'
import type { LearningScenario } from '../../../node/simulation/swarm/learning/scenario.ts'
import { smallCohort } from './small-cohort.ts'

/** Claims these figures, and is honest otherwise. */
function claims(figure: number): Attack {
  return {
    name: 'claim',
    did: 'claimed other metrics',
    rushing: false,
    perRecipient: false,
    forge: ({ slot, own }) => (slot.phase === 'metrics' ? own.map(() => figure) : own),
  }
}

interface Figures {
  /** By step: the honest peers' own figures, and what each of them heard the cohort agree on. */
  readonly own: Map<number, Vector[]>
  readonly agreed: Map<number, Vector[]>
  readonly violations: string[]
}

function run(
  scenario: LearningScenario,
  during: (cluster: ReturnType<typeof createLearningCluster>) => void = () => {},
): Figures {
  const { cohort, byzantine } = scenario
  const honest = [...cohort.members.keys()].filter(peer => !byzantine.peers.includes(peer))
  const figures: Figures = { own: new Map(), agreed: new Map(), violations: [] }
  const put = (into: Map<number, Vector[]>, step: number, vector: Vector) =>
    into.set(step, [...(into.get(step) ?? []), vector])
  const checkers = createLearningCheckers(scenario, honest, (checker, detail) =>
    figures.violations.push(`${checker}: ${detail}`),
  )
  const cluster = createLearningCluster(scenario, {
    ...checkers,
    output(peer, output) {
      checkers.output(peer, output)
      if (output.kind === 'sealed' && output.slot.phase === 'metrics' && output.slot.iteration === 0)
        put(figures.own, output.slot.step, output.vector)
      if (output.kind === 'averaged' && output.phase === 'metrics')
        put(figures.agreed, output.step, output.vector)
    },
  })
  for (const peer of cohort.members.keys()) cluster.begin(peer)
  during(cluster)
  cluster.world.runSync({
    maxTimeMs: 100_000,
    until: () => honest.every(peer => cluster.results[peer] !== null),
  })
  checkers.end(cluster.results, peer => `peer ${peer} has not finished`)
  return figures
}

const cohort = { protocol: 'rb-tm', peers: 4, faults: 1, steps: 6, syncMs: 2, evaluateEvery: 2 } as const

for (const figure of [1, 1e30, -1e30])
  test(`a liar that claims ${figure} moves the cohort’s figures nowhere that honest members’ are not`, t => {
    const { own, agreed, violations } = run(
      smallCohort({ ...cohort, byzantine: { peers: [2], attack: claims(figure) } }),
    )
    t.deepEqual(violations, [])
    t.deepEqual([...agreed.keys()].sort(), [3, 5, 7])
    for (const [step, vectors] of agreed) {
      t.is(vectors.length, 3)
      for (const vector of vectors)
        for (let i = 0; i < METRICS_DIMENSION; i++) {
          const honest = own.get(step)!.map(each => each[i]!)
          t.true(vector[i]! >= Math.min(...honest) && vector[i]! <= Math.max(...honest))
        }
    }
  })

test('the same with the standard form, and with members that stay silent about their metrics', t => {
  const icwtm = { ...cohort, protocol: 'icwtm', peers: 6 } as const
  const silent: Attack = { ...claims(0), forge: ({ slot, own }) => (slot.phase === 'metrics' ? null : own) }
  for (const attack of [claims(1e30), silent]) {
    const { agreed, violations } = run(smallCohort({ ...icwtm, byzantine: { peers: [5], attack } }))
    t.deepEqual(violations, [])
    t.is(agreed.get(7)?.length, 5)
  }
})

test('a member that dies in the last agreement comes back to it, and all finish', t => {
  for (const protocol of ['mda', 'rb-tm'] as const) {
    let restarts = 0
    const figures = run(smallCohort({ ...cohort, protocol, peers: 7 }), cluster => {
      let died = false
      cluster.onSealed(peer => {
        if (died || peer !== 1 || cluster.peers[1]!.status().step !== 7) return
        died = true
        cluster.world.after(1, () => {
          cluster.crash(1, 0.5)
          cluster.world.after(500, () => {
            cluster.begin(1)
            restarts = cluster.restarts()
          })
        })
      })
    })
    t.is(restarts, 1)
    t.deepEqual(figures.violations, [], protocol)
    t.true(figures.agreed.get(7)!.length >= 7, protocol)
  }
})

test('the checker sees a figure outside the honest range, and that of rules without one only by distance', t => {
  const of = (protocol: 'rb-tm' | 'mda', output: number) => {
    const agreement = newAgreement()
    agreement.iterations = 1
    for (const peer of [0, 1, 2]) agreement.inputs.set(peer, Float32Array.of(peer / 10, 0))
    agreement.outputs.set(0, Float32Array.of(output, 0))
    const members = Array.from({ length: 7 }, (_, peer) => ({
      name: `${peer}`,
      id: `${peer}`,
      addresses: [],
    }))
    return brokenGuarantees(
      { protocol, members, faults: 1, synchrony: 'asynchronous' },
      3,
      'metrics',
      agreement,
    )
  }
  t.deepEqual(of('rb-tm', 0.2), [])
  t.regex(of('rb-tm', 0.21)[0]!, /^step 3, metrics: figure 0 became 0\.2/)
  t.regex(of('rb-tm', Number.NaN)[0]!, /became NaN/)
  t.deepEqual(of('mda', 0.21), [])
})
