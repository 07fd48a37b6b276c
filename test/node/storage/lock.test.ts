/** The lock of a state directory: other containers, faster processes, and locks that say nothing. No time passes. */
import {
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { openFileLog } from '../../../node/storage/index.ts'
import { takeLock } from '../../../node/storage/lock.ts'
import type { LockWorld } from '../../../node/storage/lock-holder.ts'
import { bytes, synced, temporary } from './support.ts'

const lockIn = async (t: ExecutionContext) => join(await temporary(t), 'peer.log.lock')

/** Time passes only where somebody waits; `meanwhile` is what the others do by then. */
function aWorld(changes: Partial<LockWorld> = {}, meanwhile = (_waited: number) => {}) {
  let waited = 0
  const world: LockWorld = {
    place: 'here/boot-1/pid:[1]',
    isRunning: () => false,
    async delay(milliseconds) {
      waited += milliseconds
      meanwhile(waited)
    },
    every: () => () => {},
    ...changes,
  }
  return { world, waited: () => waited }
}

const OTHER = `${process.pid} 100 elsewhere/boot-1/pid:[2] 0123456789abcdef\n`
const OURS = '77 100 here/boot-1/pid:[1] 0123456789abcdef\n'

test('a lock of another container is held while it is touched, though its process id is ours', async t => {
  const path = await lockIn(t)
  writeFileSync(path, OTHER)
  const { world } = aWorld({}, waited => utimesSync(path, waited, waited))
  const { message } = (await t.throwsAsync(takeLock(path, world), { code: 'storage-locked' }))!
  t.regex(message, new RegExp(`process ${process.pid} on elsewhere, .*another machine or container`))
  t.is(readFileSync(path, 'utf8'), OTHER)
})

test('a lock of another container that nobody touches, or one that says nothing, is taken over after 15 s', async t => {
  for (const content of [OTHER, '', 'what is this']) {
    const path = await lockIn(t)
    writeFileSync(path, content)
    const { world, waited } = aWorld()
    const lock = await takeLock(path, world)
    t.is(waited(), 15_000)
    lock.release()
    t.deepEqual(readdirSync(join(path, '..')), [])
  }
})

test('an empty lock that somebody is about to fill in is not taken', async t => {
  const path = await lockIn(t)
  writeFileSync(path, '')
  const { world } = aWorld({}, waited => waited === 3_000 && writeFileSync(path, OTHER))
  await t.throwsAsync(takeLock(path, world), { code: 'storage-locked' })
  t.is(readFileSync(path, 'utf8'), OTHER)
})

test('a lock put in the place of a stale one by somebody faster is put back', async t => {
  const path = await lockIn(t)
  writeFileSync(path, OURS)
  const faster = OURS.replace('77', '78')
  const { world } = aWorld({
    isRunning(pid) {
      if (pid === 78) return true
      writeFileSync(`${path}.draft`, faster)
      renameSync(`${path}.draft`, path)
      return false
    },
  })
  await t.throwsAsync(takeLock(path, world), { code: 'storage-locked', message: /process 78 runs a peer/ })
  t.is(readFileSync(path, 'utf8'), faster)
  t.deepEqual(readdirSync(join(path, '..')), ['peer.log.lock'])
})

test('the holder touches its own lock, never the one that took its place, and finds out', async t => {
  const path = await lockIn(t)
  let touch = () => {}
  const { world } = aWorld({
    every(milliseconds, then) {
      t.is(milliseconds, 2_000)
      touch = then
      return () => {}
    },
  })
  const lock = await takeLock(path, world)
  utimesSync(path, 1, 1)
  touch()
  t.true(statSync(path).mtimeMs > 1_000)
  await t.notThrowsAsync(lock.check())
  writeFileSync(`${path}.draft`, OTHER)
  utimesSync(`${path}.draft`, 1, 1)
  renameSync(`${path}.draft`, path)
  touch()
  t.is(statSync(path).mtimeMs, 1_000)
  await t.throwsAsync(lock.check(), { code: 'storage-locked', message: /no longer this process's lock/ })
  lock.release()
  t.is(readFileSync(path, 'utf8'), OTHER)
})

test('a log whose lock is gone writes nothing more', async t => {
  const directory = await temporary(t)
  const log = await openFileLog(directory)
  await rm(join(directory, 'peer.log.lock'))
  const before = readFileSync(join(directory, 'peer.log'))
  log.append(bytes('one'))
  await t.throwsAsync(synced(log), { code: 'storage-locked' })
  t.deepEqual(readFileSync(join(directory, 'peer.log')), before)
  await log.close()
})

test('a lock of any size is read as far as locks go', async t => {
  const path = await lockIn(t)
  writeFileSync(path, OURS)
  truncateSync(path, 3 * 2 ** 30)
  const lock = await takeLock(path, aWorld().world)
  lock.release()
  t.deepEqual(readdirSync(join(path, '..')), [])
})
