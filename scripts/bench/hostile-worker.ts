/** One process of the hostile benchmark: an honest peer that exchanges, or a member that sends what it can. */
import { once } from 'node:events'
import { setPriority } from 'node:os'
import type { Message, Slot } from '../../agreement/message.ts'
import { encodeLinkFrame, encodeMessage, resumeWithoutMemory } from '../../node/codec/index.ts'
import { ignoredFrame } from '../../node/network/framing.ts'
import { countBuffersAsHeap, growHeapFor } from '../../node/network/memory.ts'
import type { Frame } from '../../node/ports.ts'
import { digestOf } from '../../node/signatures/index.ts'
import { type BenchMember, createExchanger, openNetwork, signing } from './members.ts'

export type Flood = 'silence' | 'wrong slots' | 'garbage' | 'requests'

export interface HostileAssignment extends BenchMember {
  readonly rounds: number
  /** Null: an honest peer. */
  readonly flood: Flood | null
}

export type HostileReport =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'finished'
      readonly roundsMs: readonly number[]
      readonly peakBytes: number
      readonly faults: number
    }

countBuffersAsHeap()
process.once('disconnect', () => process.exit())
const say = (report: HostileReport) => process.send!(report)
const [assignment] = (await once(process, 'message')) as [HostileAssignment]
const { self, seeds, dimension, rounds, flood } = assignment
growHeapFor(seeds.length, dimension)
const keys = signing(assignment)
const transport = await openNetwork(assignment)
if (flood === null) honest()
else hostile(flood)

function honest(): void {
  const roundsMs: number[] = []
  let begun = 0
  let faults = 0
  let peakBytes = 0
  const peer = createExchanger(assignment, {
    ...keys,
    protocol: 'mda',
    rounds,
    transport,
    storage: null,
    hooks: {
      output(output) {
        const nowMs = performance.now()
        if (output.kind === 'sealed') begun = nowMs
        if (output.kind === 'iterated') {
          roundsMs.push(nowMs - begun)
          peakBytes = Math.max(peakBytes, process.memoryUsage.rss())
        }
        if (output.kind === 'agreed') say({ kind: 'finished', roundsMs, peakBytes, faults })
      },
      fault() {
        faults++
      },
      failed: error => {
        throw error
      },
    },
  })
  say({ kind: 'ready' })
  process.once('message', () => peer.start())
}

/** Its machine is not the honest peers' own: what it costs itself must not count. */
function hostile(kind: Flood): void {
  setPriority(19)
  let sequence = 1
  const next = frames(kind)
  const pump = (to: number) => {
    for (let i = 0; i < 64; i++) {
      if (!transport.send(to, next(sequence))) return
      sequence++
    }
    setImmediate(pump, to)
  }
  say({ kind: 'ready' })
  process.once('message', () =>
    transport.start({
      connected(peer) {
        transport.send(peer, encodeLinkFrame(resumeWithoutMemory(99)))
        if (kind !== 'silence') pump(peer)
      },
      drained: peer => pump(peer),
      disconnected() {},
      frame: () => ignoredFrame,
      fault() {},
    }),
  )
}

function frames(kind: Flood): (sequence: number) => Frame {
  const vector = Float32Array.from({ length: dimension }, (_, i) => i)
  const digest = digestOf(vector)
  const slotAt = (iteration: number): Slot => ({ step: 1, phase: 'gradient', iteration, sender: self })
  const data = (sequence: number, message: Message) =>
    encodeLinkFrame({ kind: 'data', sequence }, [encodeMessage(message)])
  const wrong = slotAt(rounds - 1)
  const sealed = { vector, digest, signature: keys.signer.sign(wrong, digest) }
  switch (kind) {
    case 'silence':
    case 'garbage':
      return () => [Uint8Array.from({ length: 2000 }, () => Math.floor(256 * Math.random()))]
    case 'wrong slots':
      // Valid, signed, and for an exchange that is not there yet; in another's name every other time.
      return sequence =>
        data(sequence, {
          kind: 'vector',
          slot: sequence % 2 ? wrong : { ...wrong, sender: (self + 1) % 7 },
          sealed,
        })
    case 'requests':
      return sequence => data(sequence, { kind: 'request', slot: slotAt(sequence % rounds), digest })
  }
}
