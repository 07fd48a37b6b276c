/** The boundary around what a connection runs: whatever throws in there ends that connection, and is heard of. */
import test from 'ava'
import { createBoundary } from '../../../node/network/boundary.ts'
import { wholeFrame } from '../../../node/network/framing.ts'
import type { TransportEvents } from '../../../node/ports.ts'
import { isFault, isKind, openPair, text } from './support.ts'

function recorded() {
  const failures: string[] = []
  return { failures, boundary: createBoundary(({ message }) => failures.push(message)) }
}
const failing = (word: string) => () => {
  throw new Error(word)
}

test('what throws inside is told, and comes no further', async t => {
  const { failures, boundary } = recorded()
  t.is(
    boundary.run(() => 7),
    7,
  )
  t.is(boundary.run(failing('at once')), undefined)
  boundary.around(failing('around'))()
  boundary.around(async () => failing('a promise')())()
  await new Promise(resolve => setImmediate(resolve))
  t.deepEqual(failures, ['at once', 'around', 'a promise'])
})

test('an end that throws itself is dropped: what it ends has ended', t => {
  const boundary = createBoundary(failing('closed already'))
  t.notThrows(() => boundary.run(failing('first')))
})

test('the listeners of an enclosed target run inside, are told once, and can be removed', t => {
  const { failures, boundary } = recorded()
  const target = new EventTarget()
  const heard: string[] = []
  let isOpen = true
  boundary.enclose(target, ({ type }) => isOpen || type === 'end')
  const listener = ({ type }: Event) => {
    heard.push(type)
    throw new Error(type)
  }
  target.addEventListener('word', listener)
  target.addEventListener('word', listener)
  target.addEventListener('end', { handleEvent: listener }, { once: true })
  target.dispatchEvent(new Event('word'))
  isOpen = false
  target.dispatchEvent(new Event('word'))
  target.dispatchEvent(new Event('end'))
  target.dispatchEvent(new Event('end'))
  isOpen = true
  target.removeEventListener('word', listener)
  target.dispatchEvent(new Event('word'))
  t.deepEqual(heard, ['word', 'end'])
  t.deepEqual(failures, ['word', 'end'])
})

/** What this peer is told of its connections; each of them may be where it fails. */
const places: Readonly<Record<string, Partial<TransportEvents>>> = {
  'the connection': { connected: failing('oops') },
  'the beginning of a frame': { frame: failing('oops') },
  'the end of a frame': { frame: () => wholeFrame(failing('oops')) },
  'the end of the connection': { disconnected: failing('oops') },
}
for (const [place, broken] of Object.entries(places))
  test(`a peer that fails at ${place} ends that connection, counts a fault, says so, and lives`, async t => {
    const [first, second] = await openPair(t, [], { 1: broken })
    await first.until(isKind('connected'))
    first.transport.send(1, text('a word'))
    if (place === 'the end of the connection') await first.stop()
    t.like(await second.until(isFault('exception')), {
      peer: 0,
      detail: 'its connection made this peer fail: oops',
    })
    if (place !== 'the end of the connection') await first.until(isKind('disconnected'))
    const said = second.log.lines.filter(({ text }) => text.includes('met a defect of this program'))
    t.is(said.length, 1)
  })
