/** Evidence: what proves equivocation proves it to anyone, and nothing else does. */
import test from 'ava'
import type { Message } from '../../../agreement/message.ts'
import type { Evidence, Fault } from '../../../agreement/protocol.ts'
import { cohortSchema } from '../../../node/cohort/cohort.ts'
import { identityFromSeed } from '../../../node/cohort/identity.ts'
import { evidenceFile, parseEvidence, proves, verifyEvidence } from '../../../node/evidence/evidence.ts'
import { createJournal } from '../../../node/runtime/journal.ts'
import { createReceiver } from '../../../node/runtime/receive.ts'
import { createSigner, createVerifier, ed25519 } from '../../../node/signatures/index.ts'

const seeds = [1, 2, 3, 4].map(i => new Uint8Array(32).fill(i))
const ID = 'ab'.repeat(32)
const verifier = createVerifier(
  ID,
  seeds.map(seed => ed25519.publicKey(seed)),
)
const slot = (sender: number) => ({ step: 3, phase: 'gradient', iteration: 0, sender }) as const

function evidence(accused = 2, signer = accused, digits: readonly string[] = ['aa', 'bb']): Evidence {
  const { sign } = createSigner(ID, seeds[signer]!)
  const [first, second] = digits.map(digit => {
    const digest = digit.repeat(32)
    return { digest, signature: sign(slot(accused), digest) }
  })
  return { slot: slot(accused), first: first!, second: second! }
}

const cohort = cohortSchema.parse({
  members: seeds.map((seed, i) => ({ name: `p${i}`, id: identityFromSeed(seed).id })),
  faults: 1,
  protocol: 'rb-tm',
  steps: 5,
  model: 'mlp',
  rate: 1,
  batch: 1,
  seed: 1,
})
const membership = { cohort, cohortId: ID, self: 0 }

test('two signatures of one author over one slot prove; anything less does not', t => {
  t.true(proves(evidence(), verifier))
  t.false(proves(evidence(2, 1), verifier), 'signed by another')
  t.false(proves(evidence(2, 2, ['aa', 'aa']), verifier), 'the same vector twice')
  t.false(proves({ ...evidence(), slot: { ...slot(2), step: 4 } }, verifier), 'another slot')
})

test('an evidence file is checked offline, with nothing but itself', t => {
  const file = parseEvidence(JSON.stringify(evidenceFile(evidence(), membership)))
  t.is(file.accused.name, 'p2')
  t.notThrows(() => verifyEvidence(file))
  const forged = { ...file, second: { ...file.second, signature: file.first.signature } }
  t.throws(() => verifyEvidence(forged), { code: 'EVIDENCE_INVALID', message: /second\.signature/ })
  t.throws(() => verifyEvidence({ ...file, second: file.first }), { message: /same vector/ })
  t.throws(() => verifyEvidence({ ...file, cohort: 'cd'.repeat(32) }), { message: /in this cohort/ })
  t.throws(() => parseEvidence('{"format": 1}'), { message: /format/ })
  t.throws(() => parseEvidence('nonsense'), { message: /not JSON/ })
})

function court() {
  const faults: Fault[] = []
  const convicted: number[] = []
  const reached: Message[] = []
  const journal = createJournal({
    storage: null,
    sign: () => new Uint8Array(),
    limits: { peers: 4, dimension: 1, stepsMax: 9, iterationsMax: 1 },
    compactEverySteps: 1,
  })
  const incoming = createReceiver({
    protocol: {
      receive(_, message) {
        reached.push(message)
        return { messages: [], outputs: [], faults: [] }
      },
    },
    verifier,
    journal,
    carry() {},
    fault: fault => faults.push(fault),
    hooks: {},
    convicted: ({ slot: { sender } }) => convicted.push(sender),
  })
  return { incoming, faults, convicted, reached }
}

test('a proof convicts once, from any peer, and the convicted is heard no more', t => {
  const { incoming, faults, convicted, reached } = court()
  const ready: Message = { kind: 'ready', slot: slot(1), digest: 'aa'.repeat(32) }
  incoming.take(2, { message: ready })
  t.is(reached.length, 1)
  for (const from of [1, 3]) incoming.take(from, { message: { kind: 'evidence', ...evidence() } })
  t.deepEqual(convicted, [2])
  t.deepEqual(
    faults.map(({ peer, kind }) => [peer, kind]),
    [[2, 'equivocation']],
  )
  incoming.take(2, { message: ready })
  t.is(reached.length, 1)
})

test('a false accusation is a fault of the accuser', t => {
  const { incoming, faults, convicted } = court()
  incoming.take(3, { message: { kind: 'evidence', ...evidence(2, 3) } })
  t.deepEqual(convicted, [])
  t.deepEqual(
    faults.map(({ peer, kind }) => [peer, kind]),
    [[3, 'bad-signature']],
  )
})
