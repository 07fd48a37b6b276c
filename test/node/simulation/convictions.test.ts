/** A conviction outlives restarts, and a peer that has lost its memory of it is shown the proof again. */
import test from 'ava'
import type { PeerIndex } from '../../../agreement/protocol.ts'
import { attackNamed } from '../../../learning/attacks/registry.ts'
import type { LearningCheckers } from '../../../node/checkers/learning.ts'
import { calmConditions } from '../../../node/simulation/conditions.ts'
import {
  createLearningCluster,
  type LearningCluster,
} from '../../../node/simulation/swarm/learning/cluster.ts'
import {
  drawLearningScenario,
  type LearningScenario,
} from '../../../node/simulation/swarm/learning/scenario.ts'

const LIAR = 6
const honest = [0, 1, 2, 3, 4, 5]

/** Seven peers of RB-TM. Two may be faulty; one is, and equivocates. */
function scenario(): LearningScenario {
  const drawn = drawLearningScenario(1)
  const { quorum: _, ...cohort } = drawn.cohort
  const peers = honest.length + 1
  return {
    ...drawn,
    cohort: {
      ...cohort,
      protocol: 'rb-tm',
      synchrony: 'asynchronous',
      faults: 2,
      steps: 12,
      schedule: 'practical',
      graceMs: 0,
      iterations: { gradient: 1, parameters: 1 },
      members: Array.from({ length: peers }, (_, i) => ({ name: `p${i}`, id: `${i}`, addresses: [] })),
    },
    dimension: 2,
    centres: Array.from({ length: peers }, (_, i) => Float32Array.of(i, -i)),
    byzantine: { peers: [LIAR], attack: attackNamed('equivocate') },
    conditions: { ...calmConditions, syncMs: 2, calmAtMs: 0 },
  }
}

interface Watched {
  readonly cluster: LearningCluster
  /** By honest peer: the peers that it was connected with, in this order. */
  readonly met: Map<PeerIndex, PeerIndex[]>
  /** `by told peer`. */
  readonly shown: string[]
}

/** The cohort, running until `done`. */
function run(): Watched & { until(done: () => boolean): boolean } {
  const met = new Map<PeerIndex, PeerIndex[]>(honest.map(peer => [peer, []]))
  const shown: string[] = []
  const checkers: LearningCheckers = {
    output() {},
    received() {},
    accused() {},
    lostDisk() {},
    lostUnsaid() {},
    began() {},
    sent() {},
    end() {},
    connected: (peer, other) => void met.get(peer)!.push(other),
    shown: (peer, from, { slot }) => void shown.push(`${from} shows ${peer} ${slot.sender}`),
  }
  const cluster = createLearningCluster(scenario(), checkers)
  for (let peer = 0; peer <= LIAR; peer++) cluster.begin(peer)
  return {
    cluster,
    met,
    shown,
    until: done => cluster.world.runSync({ maxTimeMs: 60_000, until: done }).reason === 'done',
  }
}

const convicted = (cluster: LearningCluster, peer: PeerIndex) => cluster.peers[peer]?.status().convicted ?? []
const allConvict = (cluster: LearningCluster) => honest.every(peer => convicted(cluster, peer).includes(LIAR))

test('a peer that restarts stays cut off from the peers that it has convicted, from the first moment on', t => {
  const { cluster, met, until } = run()
  t.true(until(() => allConvict(cluster)))
  // A peer that has shown its proof has it on its disk.
  t.true(until(() => cluster.world.nowMs() > 200))
  cluster.crash(0, 0)
  met.get(0)!.length = 0
  cluster.begin(0)
  t.true(until(() => met.get(0)!.length >= honest.length - 1))
  t.deepEqual(convicted(cluster, 0), [LIAR])
  t.true(until(() => cluster.results[0] !== null))
  t.false(met.get(0)!.includes(LIAR))
})

test('peers that have the proof show it to a peer that has lost its disk', t => {
  const { cluster, shown, until } = run()
  t.true(until(() => allConvict(cluster) && cluster.isSeenBeyond([], 0)))
  cluster.crash(0, 0)
  cluster.disks[0]!.lose()
  shown.length = 0
  cluster.begin(0)
  t.deepEqual(convicted(cluster, 0), [])
  t.true(until(() => convicted(cluster, 0).includes(LIAR)))
  t.true(until(() => honest.slice(1).every(peer => shown.includes(`${peer} shows 0 ${LIAR}`))))
  t.true(
    until(() => cluster.results[0] !== null),
    'and it counts towards f as before',
  )
})

test('a peer keeps nothing for a peer that it has cut off, then or later', t => {
  const { cluster, until } = run()
  const keptFor = (peer: PeerIndex, other: PeerIndex) =>
    cluster.peers[peer]?.status().links[other]?.keptMessages ?? null
  t.true(until(() => allConvict(cluster)))
  t.deepEqual(new Set(honest.map(peer => keptFor(peer, LIAR))), new Set([0]))
  t.true(until(() => honest.every(peer => cluster.results[peer] !== null)))
  t.deepEqual(new Set(honest.map(peer => keptFor(peer, LIAR))), new Set([0]))
  t.true(keptFor(0, 1)! > 0, 'it keeps messages for the others')
})
