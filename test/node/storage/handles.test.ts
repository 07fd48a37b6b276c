/** What could not be opened is let go of: no handle is left where the disk does not give a file back. */
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { openFileLog } from '../../../node/storage/index.ts'
import { WATERMARK_BYTES } from '../../../node/storage/watermark.ts'
import { temporary } from './support.ts'

test('a watermark that the disk does not give back leaves no handle open', async t => {
  const directory = await temporary(t)
  await (await openFileLog(directory)).close()
  const some = await open(join(directory, 'peer.mark'))
  const handles = Object.getPrototypeOf(some) as Pick<FileHandle, 'stat'> & {
    read(...of: unknown[]): Promise<unknown>
  }
  await some.close()
  const { stat, read } = handles
  t.teardown(() => Object.assign(handles, { stat, read }))
  /** Every file that is there already is looked at once it is open. */
  const opened = new Set<FileHandle>()
  let refused = 0
  Object.assign(handles, {
    stat(this: FileHandle, options: { bigint: false }) {
      opened.add(this)
      return stat.call(this, options)
    },
    async read(this: FileHandle, ...of: unknown[]) {
      if ((await this.stat()).size !== WATERMARK_BYTES) return read.apply(this, of)
      refused++
      throw new Error('EIO: i/o error, read')
    },
  })
  await t.throwsAsync(openFileLog(directory), { message: /EIO/ })
  t.is(refused, 1)
  t.true(opened.size >= 2, 'the log and the watermark')
  t.deepEqual(
    [...opened].map(({ fd }) => fd).filter(fd => fd !== -1),
    [],
    'a closed handle has no number',
  )
})
