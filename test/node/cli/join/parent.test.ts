/** The parent of a peer's process gets all events, however busy it is when the peer ends. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import test from 'ava'
import { observedSteps } from '../../../../node/cli/join/parent.ts'

const EVENTS = 50
/** Together far more than a socket takes before its reader reads. */
const TEXT_LENGTH = 100_000

/** Its channel to the parent is a pipe that is read only later. */
const program = `
  const { parentProcess } = await import(${JSON.stringify(new URL('../../../../node/cli/join/parent.ts', import.meta.url).href)})
  const parent = parentProcess({ steps: 1, every: null })
  for (let i = 0; i < ${EVENTS}; i++) parent.tell({ kind: 'log', text: i + ' ' + 'x'.repeat(${TEXT_LENGTH}) })
  const left = parent.leave()
  process.stderr.write('leaving')
  await left`

test('the last events of a peer arrive at a parent that reads them late', async t => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_CHANNEL_FD: '3', NODE_CHANNEL_SERIALIZATION_MODE: 'json' },
  })
  t.teardown(() => child.kill('SIGKILL'))
  const ended = once(child, 'close')
  t.is(String((await once(child.stderr!, 'data'))[0]), 'leaving')
  const channel = child.stdio[3] as Readable
  let said = ''
  channel.setEncoding('utf8').on('data', text => {
    said += text
  })
  t.deepEqual(await ended, [0, null])
  const numbers = said
    .trimEnd()
    .split('\n')
    .map(line => Number.parseInt(JSON.parse(line).text, 10))
  t.deepEqual(
    numbers,
    Array.from({ length: EVENTS }, (_, i) => i),
  )
})

test('vectors travel at the first step and the last, and seldom in between where they are large', t => {
  const seen = (every: number | null, dimension: number) => {
    const isObserved = observedSteps({ steps: 12, every }, dimension)
    return Array.from({ length: 12 }, (_, i) => i + 1).filter(isObserved)
  }
  t.deepEqual(seen(null, 10), [])
  t.deepEqual(seen(4, 10), [1, 4, 8, 12])
  t.deepEqual(seen(1, 1_000_000), [1, 3, 6, 9, 12])
  t.deepEqual(seen(1, 11_700_000), [1, 12])
})
