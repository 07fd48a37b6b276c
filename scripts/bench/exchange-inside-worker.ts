/**
 * One process of the exchange as peers really do it (exchange.ts): the driver, the links, the codec, signatures and, if
 * requested, the log on disk, over the same libp2p transport. The protocol waits for all n vectors, and then sends its
 * own vector again, as a new one: the cost of a rule is the subject of other benchmarks (bench rules, bench mixing).
 */
import { once } from 'node:events'
import { aggregate } from '../../agreement/averaging/aggregate.ts'
import { countBuffersAsHeap, growHeapFor } from '../../node/network/memory.ts'
import { openFileLog } from '../../node/storage/index.ts'
import { type BenchMember, createExchanger, openNetwork, signing } from './members.ts'

export interface Assignment extends BenchMember {
  readonly rounds: number
  readonly signed: boolean
  /** Directory of the log; null writes none. */
  readonly stateDirectory: string | null
  /** The rule whose cost is measured, too: MDA, or one in front of the agreement; null: none is applied. */
  readonly rule: MeasuredRule | null
}

export type MeasuredRule = 'mda' | 'nnm+cwtm'

/** How many may lie, for the rule: the exchange itself waits for all. */
const RULE_FAULTS = 1

export type Report =
  | { readonly kind: 'finished'; readonly roundsMs: readonly number[]; readonly cpuMs: number }
  | { readonly kind: 'ready' }

countBuffersAsHeap()
process.once('disconnect', () => process.exit())

const say = (report: Report) => process.send!(report)
const [assignment] = (await once(process, 'message')) as [Assignment]
const { seeds, dimension, rounds, signed, stateDirectory, rule } = assignment
growHeapFor(seeds.length, dimension)
const transport = await openNetwork(assignment)
const unsigned: ReturnType<typeof signing> = {
  signer: { sign: () => new Uint8Array(64) },
  verifier: { accepts: () => true, verify: () => true },
}
const roundsMs: number[] = []
let begun = 0
let cpuBefore = process.cpuUsage()
const peer = createExchanger(assignment, {
  protocol: 'mean',
  rounds,
  ...(signed ? signing(assignment) : unsigned),
  transport,
  storage: stateDirectory === null ? null : await openFileLog(stateDirectory),
  aggregate(_protocol, { vectors, own }) {
    if (rule !== null)
      aggregate('mda', {
        vectors,
        own,
        maxFaulty: RULE_FAULTS,
        keep: vectors.length - 2 * RULE_FAULTS,
        ...(rule !== 'mda' && { firstRule: rule }),
      })
    return new Float32Array(own.buffer)
  },
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
