/** Syncs share writes, and after the first error, whosever it is, all report it. */
import test from 'ava'
import { createFlusher } from '../../../node/storage/flusher.ts'

const asked = (flusher: ReturnType<typeof createFlusher>) =>
  new Promise<Error | undefined>(resolve => flusher.sync(resolve))

test('syncs asked for meanwhile share the next write', async t => {
  let writes = 0
  const flusher = createFlusher(async () => void writes++, String as never)
  await Promise.all([asked(flusher), asked(flusher), asked(flusher)])
  t.is(writes, 1)
  await asked(flusher)
  t.is(writes, 2)
})

test('what a caller does badly when its sync is over stops the syncs of all, and never their answers', async t => {
  const flusher = createFlusher(
    async () => {},
    error => error as Error,
  )
  flusher.sync(() => {
    throw new Error('mine')
  })
  t.is((await asked(flusher))?.message, 'mine')
  t.is((await asked(flusher))?.message, 'mine')
  await flusher.idle()
})
