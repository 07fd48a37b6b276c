/** The doctor looks at the vectors beside a log as a peer that starts does. */
import { rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { examineMemory } from '../../../node/doctor/memory.ts'
import { createJournal } from '../../../node/runtime/journal.ts'
import { openFileLog } from '../../../node/storage/index.ts'
import { temporary } from '../storage/support.ts'

const limits = { peers: 4, dimension: 20_000, stepsMax: 100, iterationsMax: 1 }

test('vectors that are missing, cut short or changed are told, as far as the model is known', async t => {
  const directory = await temporary(t)
  const live = async () => {
    const storage = await openFileLog(directory)
    const journal = createJournal({ storage, sign: () => new Uint8Array(64), limits, compactEverySteps: 16 })
    const slot = { step: 1, phase: 'gradient', iteration: 0, sender: 0 } as const
    const vector = new Float32Array(limits.dimension).fill(1)
    journal.record({ kind: 'vector', slot, sealed: journal.seal(slot, vector) })
    journal.checkpoint({ step: 2, parameters: vector.map(x => 2 * x), momentum: null }, 0)
    await new Promise<void>((resolve, reject) =>
      journal.sync(error => (error === undefined ? resolve() : reject(error))),
    )
    const { lost } = journal
    await storage.close()
    return lost
  }
  t.is(await live(), null)
  const path = join(directory, 'peer.vectors')
  const causes = async (known = true) =>
    (await examineMemory(directory, known ? limits : null)).map(({ verdict, cause }) => cause ?? verdict)
  t.deepEqual(await causes(), ['ok'])
  t.deepEqual(await causes(false), ['ok'])
  await truncate(path, 100_000)
  t.deepEqual(await causes(), ['memory-lost'])
  t.deepEqual(await causes(false), ['ok'], 'the length of a vector is not known')
  await writeFile(path, Buffer.alloc(200_000))
  t.deepEqual(await causes(), ['memory-lost'])
  await rm(path)
  t.deepEqual(await causes(), ['memory-lost'])
  t.deepEqual(await causes(false), ['memory-lost'])
  t.regex((await live()) ?? '', /2 of the 2 vectors/)
})
