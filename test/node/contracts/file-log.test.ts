/** The log on disk keeps the contract of storage. */
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FileLog, openFileLog } from '../../../node/storage/index.ts'
import { storageContract } from './storage.ts'

storageContract('file log', async t => {
  const parent = await mkdtemp(join(tmpdir(), 'concord-log-'))
  const directory = join(parent, 'state')
  let log: FileLog | null = null
  t.teardown(async () => {
    await log?.close()
    await rm(parent, { recursive: true, force: true })
  })
  return {
    async open() {
      log = await openFileLog(directory)
      return log
    },
    // Closing writes nothing out, so unsynced records are lost, as in a crash.
    async crash() {
      await log?.close()
      log = null
    },
    passing: event => event,
    break: () => rename(directory, `${directory}-away`),
    async mend() {
      await rename(`${directory}-away`, directory)
      await mkdir(directory, { recursive: true })
    },
  }
})
