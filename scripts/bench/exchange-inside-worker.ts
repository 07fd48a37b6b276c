/**
 * One process of the exchange as peers really do it (exchange.ts): the driver, the links, the codec, signatures and, if
 * requested, the log on disk, over the same libp2p transport. The protocol waits for all n vectors, and then sends its
 * own vector again, as a new one: the cost of a rule is the subject of another benchmark (bench rules).
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type Cohort, cohortId } from '../../node/cohort/cohort.ts'
import { identityFromSeed, publicKeyOf } from '../../node/cohort/identity.ts'
import { createNetwork } from '../../node/network/index.ts'
import { countBuffersAsHeap, growHeapFor } from '../../node/network/memory.ts'
import { createAgreementPeer } from '../../node/runtime/agreement-peer.ts'
import { systemClock } from '../../node/runtime/system-clock.ts'
import { createSigner, createVerifier, type Signer } from '../../node/signatures/index.ts'
import { openFileLog } from '../../node/storage/index.ts'

export interface Assignment {
  readonly self: number
  /** Private keys of all members: the parent makes them, this is a benchmark. */
  readonly seeds: readonly Uint8Array[]
  readonly cohort: Cohort
  readonly dimension: number
  readonly rounds: number
  readonly signed: boolean
  /** Directory of the log; null writes none. */
  readonly stateDirectory: string | null
}

export type Report =
  | { readonly kind: 'finished'; readonly roundsMs: readonly number[]; readonly cpuMs: number }
  | { readonly kind: 'ready' }

countBuffersAsHeap()
process.once('disconnect', () => process.exit())

const say = (report: Report) => process.send!(report)
const [assignment] = (await once(process, 'message')) as [Assignment]
const { self, seeds, cohort, dimension, rounds } = assignment
growHeapFor(seeds.length, dimension)
const seed = seeds[self]!
const id = cohortId(cohort)
const transport = await createNetwork({
  membership: { cohort, cohortId: id, self },
  seed,
  listen: cohort.members[self]!.addresses,
  mdns: false,
  dimension,
  software: 'concord-bench',
})
const keys = seeds.map(key => publicKeyOf(identityFromSeed(key).id))
const unsigned: Signer = { sign: () => new Uint8Array(64) }
const roundsMs: number[] = []
let begun = 0
let cpuBefore = process.cpuUsage()
const peer = createAgreementPeer({
  settings: {
    protocol: 'mean',
    synchrony: 'asynchronous',
    peers: seeds.length,
    maxFaulty: 0,
    dimension,
    iterations: rounds,
    graceMs: 0,
    timeoutMs: 1,
    payloadMs: 1,
    unsafe: false,
  },
  self,
  input: new Float32Array(randomBytes(4 * dimension).buffer.slice(0, 4 * dimension)).map((_, i) =>
    Math.sin(i + self),
  ),
  transport,
  clock: systemClock,
  storage: assignment.stateDirectory === null ? null : await openFileLog(assignment.stateDirectory),
  signer: assignment.signed ? createSigner(id, seed) : unsigned,
  verifier: assignment.signed ? createVerifier(id, keys) : { accepts: () => true, verify: () => true },
  incarnation: 1 + self,
  aggregate: (_protocol, { own }) => new Float32Array(own.buffer),
  hooks: {
    output(output) {
      const now = performance.now()
      if (output.kind === 'sealed') begun = now
      if (output.kind === 'sealed' && output.slot.iteration === 0) cpuBefore = process.cpuUsage()
      if (output.kind === 'iterated') roundsMs.push(now - begun)
      if (output.kind === 'agreed') finish()
    },
    fault: fault => {
      throw new Error(`peer ${fault.peer}: ${fault.kind} in a benchmark without faulty peers`)
    },
    failed: error => {
      throw error
    },
  },
})

function finish(): void {
  const { user, system } = process.cpuUsage(cpuBefore)
  say({ kind: 'finished', roundsMs, cpuMs: (user + system) / 1000 / rounds })
}

say({ kind: 'ready' })
await once(process, 'message')
peer.start()
