/**
 * `npm run bench -- rejoin`: a member comes with its key and an empty disk when the other six are through; from its
 * start to the others' parameters aggregated, over libp2p on loopback, all seven in this one process.
 */
import type { Cohort } from '../../node/cohort/cohort.ts'
import type { Peer } from '../../node/runtime/peer.ts'
import type { BenchRow, RunBench } from './bench.ts'
import { type BenchMember, benchCohort, openLearner, ownVector } from './members.ts'

const PEERS = 7
/** LeNet's: 1.7 MB. */
const DIMENSION = 431_080
/** One more than the others keep for a peer that begins at step 1. */
const STEPS = 18

export const run: RunBench = async ({ note }) => {
  const { seeds, cohort: drawn } = await benchCohort(PEERS)
  const cohort: Cohort = { ...drawn, faults: 1, protocol: 'mda', steps: STEPS, graceMs: 0, momentum: 0 }
  const open: Peer[] = []
  const begin = async (self: number, onCaughtUp: () => void) => {
    const { promise: finished, resolve } = Promise.withResolvers<void>()
    const peer = await seated({ self, seeds, cohort, dimension: DIMENSION }, onCaughtUp, resolve)
    open.push(peer)
    return { peer, finished }
  }
  const others = await Promise.all(seeds.slice(1).map((_, i) => begin(i + 1, () => {})))
  for (const { peer } of others) peer.start()
  note(`six peers learn ${STEPS} steps of 1.7 MB`)
  await Promise.all(others.map(({ finished }) => finished))
  note('the seventh comes')
  let caughtUpMs = 0
  const late = await begin(0, () => {
    caughtUpMs = performance.now()
  })
  const startedMs = performance.now()
  late.peer.start()
  await late.finished
  await Promise.all(open.map(peer => new Promise<void>(resolve => peer.stop(resolve))))
  const row: BenchRow = {
    case: 'catching up, 1.7 MB, n = 7',
    ours_ms: caughtUpMs - startedMs,
    baseline: null,
    ratio: null,
    others: {},
  }
  return [row]
}

function seated(member: BenchMember, onCaughtUp: () => void, onFinished: () => void): Promise<Peer> {
  const gradient = ownVector(member)
  return openLearner(member, {
    oracle: { gradient: (_, done) => void setImmediate(done, { gradient, loss: 0 }) },
    hooks: {
      output(output) {
        if (output.kind === 'caught-up') onCaughtUp()
      },
      finished: onFinished,
      fault: fault => {
        throw new Error(`peer ${fault.peer}: ${fault.kind} in a benchmark without faulty peers`)
      },
      failed: error => {
        throw error
      },
    },
  })
}
