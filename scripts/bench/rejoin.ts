/**
 * `npm run bench -- rejoin`: a member comes with its key and an empty disk when the other six are through; from its
 * start to the others' parameters aggregated, over libp2p on loopback, all seven in this one process.
 */
import { randomBytes } from 'node:crypto'
import { type Cohort, cohortId } from '../../node/cohort/cohort.ts'
import { identityFromSeed, publicKeyOf } from '../../node/cohort/identity.ts'
import { createNetwork, type NetworkTransport } from '../../node/network/index.ts'
import { createPeer, type Peer } from '../../node/runtime/peer.ts'
import { systemClock } from '../../node/runtime/system-clock.ts'
import { createSigner, createVerifier } from '../../node/signatures/index.ts'
import { memoryStorage } from '../../node/storage/index.ts'
import type { BenchRow, RunBench } from './bench.ts'
import { benchCohort } from './exchange.ts'

const PEERS = 7
/** LeNet's: 1.7 MB. */
const DIMENSION = 431_080
/** One more than the others keep for a peer that begins at step 1. */
const STEPS = 18

export const run: RunBench = async ({ note }) => {
  const seeds = Array.from({ length: PEERS }, () => new Uint8Array(randomBytes(32)))
  const drawn = await benchCohort(seeds)
  const cohort: Cohort = { ...drawn, faults: 1, protocol: 'mda', steps: STEPS, graceMs: 0, momentum: 0 }
  const open: { peer: Peer; transport: NetworkTransport }[] = []
  const begin = async (self: number, onCaughtUp: () => void) => {
    const { promise: finished, resolve } = Promise.withResolvers<void>()
    const { peer, transport } = await seated(cohort, seeds, self, onCaughtUp, resolve)
    open.push({ peer, transport })
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
  await Promise.all(open.map(({ peer }) => new Promise<void>(resolve => peer.stop(resolve))))
  const row: BenchRow = {
    case: 'catching up, 1.7 MB, n = 7',
    ours_ms: caughtUpMs - startedMs,
    baseline: null,
    ratio: null,
    others: {},
  }
  return [row]
}

async function seated(
  cohort: Cohort,
  seeds: readonly Uint8Array[],
  self: number,
  onCaughtUp: () => void,
  onFinished: () => void,
) {
  const id = cohortId(cohort)
  const transport = await createNetwork({
    membership: { cohort, cohortId: id, self },
    seed: seeds[self]!,
    mdns: false,
    dimension: DIMENSION,
    listen: cohort.members[self]!.addresses,
    software: 'concord-bench',
  })
  const gradient = Float32Array.from({ length: DIMENSION }, (_, i) => Math.sin(i + self))
  const peer = createPeer({
    cohort,
    self,
    transport,
    clock: systemClock,
    storage: memoryStorage(),
    incarnation: 1 + self,
    initial: new Float32Array(DIMENSION),
    oracle: { gradient: (_, done) => void setImmediate(done, { gradient, loss: 0 }) },
    signer: createSigner(id, seeds[self]!),
    verifier: createVerifier(
      id,
      seeds.map(key => publicKeyOf(identityFromSeed(key).id)),
    ),
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
  return { peer, transport }
}
