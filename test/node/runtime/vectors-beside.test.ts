/** A journal whose vectors stand beside its log: the same answers, little memory, and no place used too early. */
import test from 'ava'
import type { Message } from '../../../agreement/message.ts'
import type { Storage } from '../../../node/ports.ts'
import { createJournal } from '../../../node/runtime/journal.ts'
import type { Journal } from '../../../node/runtime/journal-contract.ts'
import { digestOf } from '../../../node/signatures/index.ts'
import { createDisk } from '../../../node/simulation/disk.ts'
import { createWorld } from '../../../node/simulation/world.ts'

const DIMENSION = 5
const limits = { peers: 4, dimension: DIMENSION, stepsMax: 100, iterationsMax: 3 }

function disk(vectorsApart = true) {
  const world = createWorld()
  const made = createDisk({ after: world.after, syncMs: () => 1, vectorsApart })
  const sync = (journal: Journal) => {
    journal.sync(error => {
      if (error !== undefined) throw error
    })
    world.runSync()
  }
  return { ...made, sync }
}

const on = (storage: Storage | null, near = 2): Journal =>
  createJournal({ storage, sign: () => Uint8Array.of(7), limits, compactEverySteps: 4, near })

/** The same storage, with a count of the reads of places beside the log. */
function counting(storage: Storage) {
  let reads = 0
  const vectors = (bytes: number) => {
    const places = storage.vectors!(bytes)!
    return {
      ...places,
      read(...place: Parameters<typeof places.read>) {
        reads++
        places.read(...place)
      },
    }
  }
  return { storage: { ...storage, vectors }, reads: () => reads }
}

const slot = (step: number, phase: 'gradient' | 'parameters' = 'gradient', sender = 0) =>
  ({ step, phase, iteration: 0, sender }) as const

const of = (...first: number[]) => Float32Array.from({ length: DIMENSION }, (_, i) => first[i] ?? 0)

/** Says a vector in both phases of a step and keeps one of another peer, then ends the step. */
function live(journal: Journal, step: number, forgetBefore: number): Message[] {
  const said: Message[] = []
  for (const phase of ['gradient', 'parameters'] as const) {
    const own = slot(step, phase)
    const message: Message = { kind: 'vector', slot: own, sealed: journal.seal(own, of(step, phase.length)) }
    journal.record(message)
    said.push(message)
    const vector = of(-step, phase.length)
    const sealed = { vector, digest: digestOf(vector), signature: Uint8Array.of(1) }
    const other = journal.holding({ kind: 'vector', slot: slot(step, phase, 2), sealed })
    if (other.kind !== 'vector') throw new Error('a vector stays one')
    journal.keep(other)
  }
  journal.checkpoint({ step: step + 1, parameters: of(step, 1, 2), momentum: of(0, step) }, forgetBefore)
  return said
}

/** Without what this peer knows of its own disk. */
const shown = (messages: readonly Message[]) =>
  messages.map(message => {
    if (!('sealed' in message)) return message
    const { vector, isSound, ...rest } = message.sealed
    return { ...message, sealed: { ...rest, vector: [...vector] } }
  })

test('after a restart it says the same as a journal whose vectors stand in its records', t => {
  for (let steps = 1; steps <= 12; steps++) {
    const [apart, inside] = [disk(true), disk(false)]
    for (const each of [apart, inside]) {
      const journal = on(each.open())
      for (let step = 1; step <= steps; step++) {
        live(journal, step, step - 3)
        each.sync(journal)
      }
      each.crash(() => 0)
    }
    const [a, b] = [on(apart.open()), on(inside.open())]
    t.is(a.lost, null)
    t.deepEqual(a.recovered, b.recovered, `${steps} steps`)
    // A compaction writes what is kept in another order than it was said; an inline log holds older steps until then.
    const kept = (message: { readonly slot: { readonly step: number } }) => message.slot.step >= steps - 3
    t.deepEqual(shown(a.messages().filter(kept)), shown(b.messages().filter(kept)))
    t.deepEqual(
      shown(a.kept().filter(kept)).map(({ slot: s }) => s),
      shown(b.kept().filter(kept)).map(({ slot: s }) => s),
    )
    const [past, same] = [a.history(), b.history()]
    for (const step of past.keys()) t.deepEqual(past.get(step), same.get(step))
    t.true([...past.keys()].includes(steps + 1))
  }
})

test('only the newest stay in memory, and the others are read when they are asked for', t => {
  const made = disk()
  const { storage, reads } = counting(made.open())
  const journal = on(storage, 4)
  const said = [1, 2, 3].flatMap(step => {
    const messages = live(journal, step, 0)
    made.sync(journal)
    return messages
  })
  t.is(reads(), 0)
  const vectors = said.map(message => message.kind === 'vector' && [...message.sealed.vector])
  t.deepEqual(
    vectors,
    [1, 2, 3].flatMap(step => [
      [step, 8, 0, 0, 0],
      [step, 10, 0, 0, 0],
    ]),
  )
  t.true(reads() <= 4, 'an older vector may still be known to the garbage collector')
})

test('a vector that comes again after a restart leaves the memory for its old place', t => {
  const made = disk()
  const before = on(made.open())
  live(before, 1, 1)
  made.sync(before)
  made.crash(() => 0)
  const { storage, reads } = counting(made.open())
  const journal = on(storage)
  const vector = of(-1, 'gradient'.length)
  const again = journal.holding({
    kind: 'vector',
    slot: slot(1, 'gradient', 2),
    sealed: { vector, digest: digestOf(vector), signature: Uint8Array.of(1) },
  })
  if (again.kind !== 'vector') throw new Error('a vector stays one')
  journal.keep(again)
  const earlier = reads()
  t.deepEqual([...again.sealed.vector], [...vector])
  t.is(reads(), earlier + 1)
})

test('a place that is used again was forgotten on the disk first, whatever a crash leaves', t => {
  for (const [name, keep] of [
    ['nothing', () => 0],
    ['half', (count: number) => count >> 1],
    ['all', (count: number) => count],
  ] as const) {
    const made = disk()
    let journal = on(made.open())
    for (let step = 1; step <= 30; step++) {
      live(journal, step, step - 2)
      if (step % 3 !== 0) made.sync(journal)
      if (step % 5 !== 0) continue
      made.crash(keep)
      journal = on(made.open())
      t.is(journal.lost, null, `${name}, step ${step}`)
      t.true(journal.recovered!.step > step - 3)
    }
  }
})

test('a vector that the disk has changed is memory that is lost, and it is said', t => {
  for (const fraction of [0.85, 0.9, 0.95, 0.999]) {
    // the places stand behind the log
    const made = disk()
    const journal = on(made.open())
    for (let step = 1; step <= 3; step++) live(journal, step, 0)
    made.sync(journal)
    made.crash(() => 0)
    t.is(on(made.open()).lost, null)
    made.crash(() => 0)
    made.flip(fraction) // behind the log: in the places
    const after = on(made.open())
    t.regex(after.lost ?? '', /1 of the \d+ vectors/, `${fraction}`)
    t.is(after.recovered, null)
    t.false(after.record({ kind: 'vector', slot: slot(3), sealed: after.seal(slot(3), of(9)) }))
    t.is(after.completeFrom(4), 4)
  }
})

test('an older copy frees nothing that messages under way may need', t => {
  const made = disk()
  const journal = on(made.open(), 0)
  const said = live(journal, 1, 0)
  made.sync(journal)
  journal.outdated(5)
  made.sync(journal)
  for (const message of said) t.is(message.kind === 'vector' && message.sealed.vector.length, DIMENSION)
  const after = on(made.open())
  t.deepEqual(after.messages(), [])
  t.is(after.completeFrom(1), 5)
})

test('a vector that can no longer be read is told before it throws', t => {
  const made = disk()
  const first = on(made.open())
  live(first, 1, 0)
  made.sync(first)
  made.crash(() => 0)
  const storage = made.open()
  const places = storage.vectors!(4 * DIMENSION)!
  let isBroken = false
  const failures: Error[] = []
  const journal = createJournal({
    storage: {
      ...storage,
      vectors: () => ({
        ...places,
        read(place, at, into) {
          if (isBroken) throw new Error('EIO')
          places.read(place, at, into)
        },
      }),
    },
    sign: () => Uint8Array.of(7),
    limits,
    compactEverySteps: 4,
    failed: error => void failures.push(error),
  })
  isBroken = true
  const [kept] = journal.kept() // nothing has read it since the start
  t.throws(() => kept!.sealed.vector, { code: 'storage-damaged', message: /Check the disk/ })
  t.is(failures.length, 1)
})

test('another model’s vectors in the same place are refused, and nothing is overwritten', t => {
  const made = disk()
  const journal = on(made.open())
  live(journal, 1, 0)
  made.sync(journal)
  made.crash(() => 0)
  const storage = made.open()
  const other = { ...limits, dimension: DIMENSION + 1 }
  t.throws(
    () => createJournal({ storage, sign: () => Uint8Array.of(7), limits: other, compactEverySteps: 4 }),
    { code: 'JOURNAL_UNREADABLE', message: /d = 5, and this model has d = 6/ },
  )
})
