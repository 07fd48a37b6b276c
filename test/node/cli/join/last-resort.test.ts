/** A defect that reaches the process of a peer: it syncs its journal, says what to report, and may be restarted. */
import { EventEmitter } from 'node:events'
import test from 'ava'
import { DEFECT_EXIT_CODE, installLastResort } from '../../../../node/cli/join/last-resort.ts'
import { versionOf } from '../../../../node/daemon/version.ts'
import { start } from '../concord.ts'
import { place } from '../places.ts'

/** A stand-in for the process: the reports that it got, and its exit code. */
function onHost(syncJournal: () => Promise<void>) {
  const { promise: ended, resolve } = Promise.withResolvers<number>()
  const host = Object.assign(new EventEmitter(), { exit: resolve })
  const warned: string[] = []
  const told: (readonly [string, string])[] = []
  const resort = installLastResort({
    cohortId: 'c0ffee'.repeat(10),
    terminal: { warn: line => void warned.push(line) },
    tell: (sentence, stack) => void told.push([sentence, stack]),
    host,
  })
  resort.guard(syncJournal)
  return { host, ended, warned, told, resort }
}

for (const name of ['uncaughtException', 'unhandledRejection'])
  test(`an ${name} ends the process with its own code, and says what to report`, async t => {
    let synced = 0
    const { host, ended, warned, told } = onHost(async () => void synced++)
    const defect = new Error('oops')
    host.emit(name, defect)
    host.emit(name, new Error('and another, while it ends'))
    t.is(await ended, DEFECT_EXIT_CODE)
    t.is(synced, 1)
    t.is(told.length, 1)
    const [sentence, stack] = told[0]!
    t.is(stack, defect.stack!)
    for (const part of ['oops', 'is on the disk', `concord/${versionOf()}`, 'cohort c0ffeec0ffee'])
      t.true(sentence.includes(part), part)
    t.deepEqual(warned, [`concord: ${sentence}\n${stack}`])
  })

test('a journal that cannot be synced is reported, and does not keep the process alive', async t => {
  const { host, ended, told } = onHost(() => {
    throw new Error('the disk is full')
  })
  host.emit('uncaughtException', 'no error at all')
  t.is(await ended, DEFECT_EXIT_CODE)
  t.true(told[0]![0].includes('could not be synced (the disk is full)'))
})

test('a log that fails too does not keep the process alive', async t => {
  const { promise: ended, resolve } = Promise.withResolvers<number>()
  const host = Object.assign(new EventEmitter(), { exit: resolve })
  const broken = () => {
    throw new Error('closed')
  }
  installLastResort({ cohortId: 'c0ffee', terminal: { warn: broken }, tell: broken, host })
  host.emit('uncaughtException', new Error('oops'))
  t.is(await ended, DEFECT_EXIT_CODE)
})

test('it leaves the process as it was once it is disposed of', t => {
  const { host, resort } = onHost(async () => {})
  resort.dispose()
  t.is(host.listenerCount('uncaughtException') + host.listenerCount('unhandledRejection'), 0)
})

test('a real peer ends in this way, with the stack in its log, and goes on when it is started again', async t => {
  const { cohortPath, identityPaths } = await place(t)
  const join = ['join', '--cohort', cohortPath, '--identity', identityPaths[0]!, '--no-mdns', '--log', 'json']
  const planted = new URL('defect.ts', import.meta.url)
  const peer = start(join, { NODE_OPTIONS: `--import ${planted}` })
  t.teardown(() => peer.kill('SIGKILL'))
  await peer.until(/"event":"listening"/)
  peer.kill('SIGUSR2')
  const { code, stdout, stderr } = await peer.ended
  t.is(code, DEFECT_EXIT_CODE, stderr)
  t.regex(
    stderr,
    /^concord: a defect of this program ended this peer: planted\. What it has signed is on the disk\./m,
  )
  t.regex(stdout, /"event":"failed".*planted/)
  t.regex(stdout, /"event":"defect","stack":\["Error: planted",.*defect\.ts/)
  const again = start(join)
  t.teardown(() => again.kill('SIGKILL'))
  await again.until(/"event":"listening"/)
})
