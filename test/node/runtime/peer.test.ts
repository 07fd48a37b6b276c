/** A peer and its log: the log must be its own and of this cohort, and messages of others count only if signed. */
import test, { type ExecutionContext } from 'ava'
import type { PeerIndex } from '../../../agreement/protocol.ts'
import { type Cohort, cohortId } from '../../../node/cohort/cohort.ts'
import { publicKeyOf } from '../../../node/cohort/identity.ts'
import type { Timer } from '../../../node/ports.ts'
import { createJournal } from '../../../node/runtime/journal.ts'
import { createPeer, type Peer } from '../../../node/runtime/peer.ts'
import { createSigner, createVerifier, digestOf } from '../../../node/signatures/index.ts'
import { createDisk, type SimulatedDisk } from '../../../node/simulation/disk.ts'
import { createWorld } from '../../../node/simulation/world.ts'
import { testCohort } from '../cohorts.ts'

const OWN = Float32Array.of(1, 2)
const limits = { peers: 7, dimension: 2, stepsMax: 10, iterationsMax: 1 }
const slot = (sender: PeerIndex) => ({ step: 1, phase: 'gradient', iteration: 0, sender }) as const
const signerOf = (cohort: Cohort, peer: PeerIndex) =>
  createSigner(cohortId(cohort), new Uint8Array(32).fill(peer + 1))

/** A disk on which peer 0 of the first cohort has signed a vector, and kept one of peer 1 with this signature. */
function lived(cohort: Cohort, signatureOfOther: (digest: string) => Uint8Array): SimulatedDisk {
  const world = createWorld()
  const disk = createDisk({ after: world.after, syncMs: () => 0 })
  const journal = createJournal({
    storage: disk.open(),
    sign: signerOf(cohort, 0).sign,
    limits,
    compactEverySteps: 3,
  })
  journal.record({ kind: 'vector', slot: slot(0), sealed: journal.seal(slot(0), OWN) })
  const digest = digestOf(OWN)
  const sealed = { vector: OWN, digest, signature: signatureOfOther(digest) }
  journal.keep({ kind: 'payload', slot: slot(1), sealed })
  journal.sync(() => {})
  world.runSync({ maxTimeMs: 1000 })
  return disk
}

function start(
  t: ExecutionContext,
  cohort: Cohort,
  self: PeerIndex,
  disk: SimulatedDisk,
): { peer: Peer; faults: string[]; timers: Set<Timer> } {
  const faults: string[] = []
  const world = createWorld()
  /** The timers that would still keep the process alive. */
  const timers = new Set<Timer>()
  const after = (delayMs: number, callback: () => void): Timer => {
    const inner = world.after(delayMs, () => {
      timers.delete(timer)
      callback()
    })
    const cancel = () => {
      timers.delete(timer)
      inner.cancel()
    }
    const timer = { cancel }
    timers.add(timer)
    return timer
  }
  const peer = createPeer({
    cohort,
    self,
    initial: new Float32Array(2),
    oracle: { gradient: (_, done) => done({ gradient: OWN, loss: 0 }) },
    transport: {
      start: () => {},
      send: () => false,
      pause: () => {},
      resume: () => {},
      ban: () => t.fail('somebody was cut off'),
      stop: done => done(),
    },
    clock: { nowMs: world.nowMs, after },
    storage: disk.open(),
    signer: signerOf(cohort, self),
    verifier: createVerifier(
      cohortId(cohort),
      cohort.members.map(({ id }) => publicKeyOf(id)),
    ),
    incarnation: 2,
    hooks: {
      finished: () => {},
      failed: error => t.fail(error.message),
      fault: ({ kind }) => void faults.push(kind),
    },
  })
  return { peer, faults, timers }
}

const first = testCohort()
const signed = (digest: string) => signerOf(first, 1).sign(slot(1), digest)

test('a peer with a log of its own asks the others first whether they have seen more of it', t => {
  const { peer, faults } = start(t, first, 0, lived(first, signed))
  peer.start()
  const { phase, waitingFor } = peer.status()
  t.deepEqual([phase, waitingFor], ['catching-up', [1, 2, 3, 4, 5, 6]])
  t.deepEqual(faults, [])
})

test('a stopped peer waits for nothing any more, however long its waits were', t => {
  const { peer, timers } = start(t, first, 0, createDisk({ after: createWorld().after, syncMs: () => 0 }))
  peer.start()
  t.is(peer.status().phase, 'catching-up')
  t.true(timers.size > 0, 'it would ask again')
  peer.stop(() => {})
  t.is(timers.size, 0)
})

test('a log of another cohort or member is refused with a clear error', t => {
  const words = { code: 'JOURNAL_UNREADABLE', message: /another member, or to this one in another cohort/ }
  t.throws(() => start(t, testCohort({ rate: 0.2 }), 0, lived(first, signed)), words)
  t.throws(() => start(t, first, 1, lived(first, signed)), words)
})

test('kept messages of others count only if signed, and accuse nobody otherwise', t => {
  const { peer, faults } = start(
    t,
    first,
    0,
    lived(first, () => new Uint8Array(64)),
  )
  peer.start()
  t.deepEqual(peer.status().waitingFor, [1, 2, 3, 4, 5, 6])
  t.deepEqual(faults, [])
})
