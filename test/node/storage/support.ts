/** What the tests of a peer's memory share: folders, and a journal of a real log that is full of what binds. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Message } from '../../../agreement/message.ts'
import type { Storage } from '../../../node/ports.ts'
import { createJournal } from '../../../node/runtime/journal.ts'
import type { Journal } from '../../../node/runtime/journal-contract.ts'
import { openFileLog } from '../../../node/storage/index.ts'
import { logFiles } from '../../../node/storage/records.ts'

export const temporary = async (t: { teardown(fn: () => Promise<void>): void }): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'concord-log-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  return directory
}

let entries = 0

/** Each sync without a journal writes one record more. */
export const synced = (storage: Storage): Promise<void> => {
  const watermark = { entries: ++entries, step: 1 }
  return new Promise((resolve, reject) =>
    storage.sync(watermark, error => (error === undefined ? resolve() : reject(error))),
  )
}

export const bytes = (text: string) => new Uint8Array(Buffer.from(text))
export const texts = (storage: Storage) => storage.recovered.map(record => Buffer.from(record).toString())

const slot = (step: number, phase: 'gradient' | 'parameters', sender = 0) =>
  ({ step, phase, iteration: 0, sender }) as const

export function journalOn(storage: Pick<Storage, 'recovered' | 'watermark'> & Partial<Storage>): Journal {
  return createJournal({
    storage: { append() {}, rewrite() {}, sync: (_, done) => done(), ...storage },
    sign: () => new Uint8Array(64).fill(7),
    limits: { peers: 4, dimension: 2, stepsMax: 100, iterationsMax: 3 },
    compactEverySteps: 4,
  })
}

/** Both files as they were at one time, and what had been said by then. */
export interface Moment {
  readonly log: Buffer
  readonly mark: Buffer
  readonly said: readonly Message[]
}

/** Runs a peer's journal on real files, and keeps what they held after each sync. The last log has 60 records. */
export async function lifeOfAJournal(t: { teardown(fn: () => Promise<void>): void }): Promise<Moment[]> {
  const directory = await temporary(t)
  const storage = await openFileLog(directory)
  const journal = journalOn(storage)
  const said: Message[] = []
  const moments: Moment[] = []
  const settle = async () => {
    await new Promise<void>((resolve, reject) =>
      journal.sync(error => (error === undefined ? resolve() : reject(error))),
    )
    const [log, mark] = await Promise.all(
      [logFiles.log, logFiles.watermark].map(name => readFile(join(directory, name))),
    )
    moments.push({ log: log!, mark: mark!, said: [...said] })
  }
  const say = (message: Message) => {
    journal.record(message)
    said.push(message)
  }
  for (let step = 1; step <= STEPS; step++) {
    for (const phase of ['gradient', 'parameters'] as const) {
      const sealed = journal.seal(slot(step, phase), Float32Array.of(step, phase.length))
      say({ kind: 'vector', slot: slot(step, phase), sealed })
      await settle()
      const digest = `${step % 10}${phase.length % 10}`.padEnd(64, 'a')
      say({ kind: 'echo', slot: slot(step, phase, 2), digest, signature: new Uint8Array(64) })
      say({ kind: 'ready', slot: slot(step, phase, 2), digest })
      await settle()
    }
    journal.checkpoint({ step: step + 1, parameters: Float32Array.of(step, 1), momentum: null }, 0)
    await settle()
  }
  await storage.close()
  return moments.slice(0, -2)
}

/** Seven records a step: two vectors, two votes on each of two others' vectors, a checkpoint; the last three too many. */
const STEPS = 9

/** Says another thing in every slot in which something was said; those in which it may are what it would sign twice. */
export function saidTwice(journal: Journal, said: readonly Message[]): readonly Message[] {
  return said.filter(message => {
    if (message.kind === 'vector') {
      const sealed = journal.seal(message.slot, Float32Array.of(-1, -1))
      return sealed.digest !== message.sealed.digest && journal.record({ ...message, sealed })
    }
    if (message.kind !== 'echo' && message.kind !== 'ready') throw new Error('nothing else is said here')
    const digest = journal.bind(message.kind, message.slot, 'b'.repeat(64))
    return digest !== message.digest && journal.record({ ...message, digest })
  })
}
