/** The scenarios that are kept as transcripts, by the name of their file. */
import type { AveragingInput } from '../../../agreement/averaging/averaging.ts'
import { createAveraging } from '../../../agreement/averaging/create.ts'
import type { ProtocolName } from '../../../agreement/bounds.ts'
import { type BroadcastInput, createBroadcast } from '../../../agreement/broadcast.ts'
import type { Message, SigningLedger } from '../../../agreement/message.ts'
import { NO_WATERMARK, type Storage } from '../../../node/ports.ts'
import { createJournal } from '../../../node/runtime/journal.ts'
import type { Journal } from '../../../node/runtime/journal-contract.ts'
import { type Conversation, converse, sealedText } from '../../transcript.ts'
import { seal, slotAt, testLedger } from '../harness.ts'

export const scenarios: Readonly<Record<string, () => string>> = {
  'broadcast-equivocator': broadcastEquivocator,
  'witness-that-waits': witnessThatWaits,
  'mda-straggler': mdaStraggler,
  'icwtm-counterexample': icwtmCounterexample,
  'mda-theorem-5': mdaTheorem5,
  'restart-same-bytes': restartSameBytes,
}

function broadcastEquivocator(): string {
  const options = { slot: slotAt(3), peers: 4, maxFaulty: 1, dimension: 2 }
  const peers = [0, 1, 2].map(self => createBroadcast({ ...options, self, ledger: testLedger() }))
  const talk = converse<BroadcastInput>(
    'Reliable broadcast among 4 peers; the author, 3, is faulty and says two things',
    [...peers, null],
  )
  const [a, b] = [seal(Float32Array.of(1, 2)), seal(Float32Array.of(9, 9))]
  const slot = slotAt(3)
  const echo = (digest: string): Message => ({ kind: 'echo', slot, digest, signature: a.signature })
  talk.note('3 sends one vector to 0 and 1, another one to 2.')
  for (const [to, sealed] of [a, a, b].entries()) talk.tell(3, to, { kind: 'vector', slot, sealed })
  talk.note(
    'Two echoes of the first are no quorum of 3; 3 adds its own, for 0 only. Echoes carry the signature: proof.',
  )
  talk.deliver({ kind: ['echo'] })
  talk.tell(3, 0, echo(a.digest))
  talk.note(
    '0 alone is ready, and one READY is less than f + 1. 3 tells 1 that it is ready too: 1 joins, then 2.',
  )
  talk.deliver({ kind: ['ready'] })
  talk.tell(3, 1, { kind: 'ready', slot, digest: a.digest })
  talk.deliver({ kind: ['ready'] })
  talk.note('2 must deliver what it does not hold, and asks one that echoed it.')
  talk.input(2, { kind: 'timer' }, 'is woken')
  talk.deliver({})
  return talk.text()
}

function averagingPeer(
  protocol: ProtocolName,
  n: number,
  self: number,
  extra: { iterations: number; grace?: boolean },
  ledger: SigningLedger = testLedger(),
) {
  return createAveraging({
    protocol,
    synchrony: 'asynchronous',
    self,
    peers: n,
    maxFaulty: 1,
    dimension: 1,
    step: 1,
    phase: 'gradient',
    grace: false,
    unsafe: true,
    ledger,
    ...extra,
  } as const)
}

function take(talk: Conversation<AveragingInput>, peer: number, x: number): void {
  talk.input(peer, { kind: 'vector', vector: Float32Array.of(x) }, `takes [${x}]`)
}

function witnessThatWaits(): string {
  const n = 4
  const peers = Array.from({ length: n }, (_, self) => averagingPeer('rb-tm', n, self, { iterations: 1 }))
  const talk = converse<AveragingInput>(
    'RB-TM among 4 peers: 2 has n − f vectors, and waits for witnesses',
    peers,
  )
  talk.note('0 and 1 hold 0, 2 holds 1. 3 is faulty: it broadcasts 1, and will lie in its report.')
  for (const [peer, x] of [0, 0, 1, 1].entries()) take(talk, peer, x)
  talk.note('The links hold back what would let 0 and 1 deliver 3, and 2 deliver 0.')
  talk.deliver({ kind: ['vector', 'echo'] }, 'folded')
  talk.deliver({ kind: ['ready'], to: [3] }, 'folded')
  talk.deliver({ kind: ['ready'], to: [0, 1], about: [0, 1, 2] }, 'folded')
  talk.deliver({ kind: ['ready'], to: [2], about: [1, 2, 3] }, 'folded')
  talk.note(
    '3 tells everyone that it has just what they have. 0 and 1 are each other’s witnesses, and go on.',
  )
  for (const to of [0, 1]) talk.tell(3, to, { kind: 'report', slot: slotAt(3), peers: [0, 1, 2] })
  talk.tell(3, 2, { kind: 'report', slot: slotAt(3), peers: [1, 2, 3] })
  talk.deliver({ kind: ['report'], to: [0, 1], from: [0, 1] })
  talk.note(
    '2 has n − f vectors: 0 1 1, whose trimmed middle is 1, as far from 0 as ever. But it has only two witnesses,\nitself and 3: the reports of 0 and 1 list the vector of 0, which is not here. So it waits.',
  )
  talk.deliver({ kind: ['report'], to: [2], from: [0, 1] })
  talk.note('The vector of 0 comes, two more witnesses with it, and 2 shares n − f vectors with 0 and 1.')
  talk.deliver({ kind: ['ready'], to: [2], about: [0] })
  return talk.text()
}

function mdaStraggler(): string {
  const n = 7
  const peers = Array.from({ length: n }, (_, self) =>
    averagingPeer('mda', n, self, { iterations: 2, grace: self === 0 }),
  )
  const talk = converse<AveragingInput>('MDA among 7 peers, f = 1: 6 is slow, 0 gives it a grace', peers)
  for (let peer = 0; peer < 6; peer++) take(talk, peer, peer)
  talk.note('q = 6 vectors are in everywhere. 1 to 5 go on at once; 0 asks for a little time.')
  talk.deliver({ iteration: 0 }, 'folded')
  talk.note(
    '6 begins, and its vector comes within the grace of 0: nobody is missing, so 0 need not wait longer. The subset\nstill has q − f = 5 of the 7 vectors. To the others it is late, and of no use.',
  )
  take(talk, 6, 9)
  talk.deliver({ from: [6], iteration: 0 })
  talk.note('Everything that 6 missed was kept for it: it runs through both iterations.')
  talk.deliver({ to: [6] })
  talk.note('And the rest. 0 asks for a grace again, and all come within it.')
  talk.deliver({ iteration: 1 }, 'folded')
  return talk.text()
}

/** Faulty peer 4 tells everyone `lie(peer)`; then what is let through, and only that. */
function iteration(talk: Conversation<AveragingInput>, r: number, lie: (peer: number) => number): void {
  for (const to of [0, 1, 2, 3])
    talk.tell(4, to, { kind: 'vector', slot: slotAt(4, r), sealed: seal(Float32Array.of(lie(to))) })
  for (const to of [0, 1]) talk.deliver({ from: [0, 1, 2], to: [to], iteration: r })
  for (const to of [2, 3]) talk.deliver({ from: [1, 2, 3], to: [to], iteration: r })
}

function icwtmCounterexample(): string {
  const peers = [0, 1, 2, 3].map(self => averagingPeer('icwtm', 5, self, { iterations: 2 }))
  const talk = converse<AveragingInput>(
    'ICwTM at n = 4f + 1 = 5: the paper’s bound, and nothing ever contracts',
    [...peers, null],
  )
  talk.note(
    '0 and 1 hold 0, 2 and 3 hold 1. 4 is faulty and tells everyone the value of its own half. Of the other half\neveryone hears one; that one is the only value that differs, and is trimmed.',
  )
  for (const [peer, x] of [0, 0, 1, 1].entries()) take(talk, peer, x)
  const own = (peer: number) => (peer < 2 ? 0 : 1)
  talk.note('Iteration 0')
  iteration(talk, 0, own)
  talk.note('Iteration 1')
  iteration(talk, 1, own)
  return talk.text()
}

function mdaTheorem5(): string {
  const peers = [0, 1, 2, 3].map(self => averagingPeer('mda', 5, self, { iterations: 2 }))
  const talk = converse<AveragingInput>('MDA at n = 6f − 1 = 5: the family of Theorem 5 does not contract', [
    ...peers,
    null,
  ])
  talk.note(
    '0 and 1 hold −1, 2 and 3 hold 1. Of the other half everyone hears one; 4 tells each its own extreme, −2 + 1/f or\n2 − 1/f. The narrowest q − f = 3 of 4 vectors leave the other half out.',
  )
  for (const [peer, x] of [-1, -1, 1, 1].entries()) take(talk, peer, x)
  const extreme = (peer: number) => (peer < 2 ? -1 : 1)
  talk.note('Iteration 0')
  iteration(talk, 0, extreme)
  talk.note('Iteration 1')
  iteration(talk, 1, extreme)
  return talk.text()
}

function restartSameBytes(): string {
  const disk = createDisk()
  const open = () =>
    createJournal({
      storage: disk.open(),
      sign: () => Uint8Array.of(1),
      limits: { peers: 4, dimension: 1, stepsMax: 9, iterationsMax: 9 },
      compactEverySteps: 9,
    })
  const others = [1, 2, 3].map(self => averagingPeer('mda', 4, self, { iterations: 1 }))
  const first = open()
  const talk = converse<AveragingInput>(
    'A peer that crashes and comes back with another vector says what it said before',
    [averagingPeer('mda', 4, 0, { iterations: 1 }, recording(first)), ...others],
  )
  talk.note('What 0 is about to send is on its disk first. 1 hears it, then 0 crashes.')
  take(talk, 0, 1)
  talk.deliver({ to: [1] })
  const again = open()
  talk.note(
    `0 restarts and finds in its journal: ${again.messages().map(described).join('; ')}.\nIt computed something else this time; bound is bound, and 1 sees a resend, not an equivocation.`,
  )
  talk.replace(0, averagingPeer('mda', 4, 0, { iterations: 1 }, recording(again)))
  take(talk, 0, 5)
  talk.deliver({ from: [0] })
  return talk.text()
}

function described(message: Message): string {
  return message.kind === 'vector' ? `vector ${sealedText(message.sealed)}` : message.kind
}

/** Records and syncs a message before it is sent, as the driver does. */
function recording(journal: Journal): SigningLedger {
  return {
    seal(slot, vector) {
      const sealed = journal.seal(slot, vector)
      journal.record({ kind: 'vector', slot, sealed })
      journal.sync(() => {})
      return sealed
    },
    sealedFor: slot => journal.sealedFor(slot),
    bind: (kind, slot, value) => journal.bind(kind, slot, value),
  }
}

function createDisk(): { open: () => Storage } {
  let records: Uint8Array[] = []
  return {
    open: () => ({
      recovered: [...records],
      watermark: NO_WATERMARK,
      append: record => void records.push(record),
      rewrite: (next, rest) => {
        records = [next, ...rest]
      },
      sync: (_, done) => done(),
    }),
  }
}
