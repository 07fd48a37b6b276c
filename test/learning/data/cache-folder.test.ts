/** The folder for what a user's processes share: where it is, and when it is not trusted. */
import { chmod, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { cachePlace, openCacheFolder } from '../../../learning/data/cache-folder.ts'

test('it is where the system keeps such files', t => {
  t.is(cachePlace({ HOME: '/home/ann' }, 'linux'), '/home/ann/.cache/concord')
  t.is(cachePlace({ HOME: '/home/ann', XDG_CACHE_HOME: '/fast' }, 'linux'), '/fast/concord')
  t.is(cachePlace({ HOME: '/home/ann', XDG_CACHE_HOME: 'relative' }, 'linux'), '/home/ann/.cache/concord')
  t.is(cachePlace({ HOME: '/Users/ann' }, 'darwin'), '/Users/ann/Library/Caches/concord')
  t.is(cachePlace({ HOME: 'nowhere' }, 'linux'), null)
})

// Windows keeps each user's files from the others without modes.
if (process.platform !== 'win32')
  test('it is made for its user alone, and one that others may write to is not used', async t => {
    const above = await mkdtemp(join(tmpdir(), 'concord-'))
    t.teardown(() => rm(above, { recursive: true }))
    const path = join(above, 'cache', 'concord')
    t.is(openCacheFolder(path), path)
    t.is((await stat(path)).mode & 0o777, 0o700)
    t.is(openCacheFolder(path), path, 'a second time')
    await chmod(path, 0o770)
    t.is(openCacheFolder(path), null)
    await symlink(above, join(above, 'cache', 'link'))
    t.is(openCacheFolder(join(above, 'cache', 'link')), null, 'a link may lead anywhere')
    await writeFile(join(above, 'file'), '')
    t.is(openCacheFolder(join(above, 'file', 'concord')), null)
    t.is(openCacheFolder(join(above, 'no', 'such', 'home', 'concord')), null, 'a home is not made')
    t.is(openCacheFolder(null), null)
  })
