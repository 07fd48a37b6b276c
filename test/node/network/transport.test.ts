/** The libp2p transport for real, on loopback. */
import test from 'ava'
import { createIdentity } from '../../../node/identity.ts'
import { isKind, membersOf, openPair, openPeer, text } from './support.ts'

test('two members connect, and frames come whole and in order', async t => {
  const [first, second] = await openPair(t)
  t.deepEqual(await first.until(isKind('connected')), { kind: 'connected', peer: 1 })
  t.deepEqual(await second.until(isKind('connected')), { kind: 'connected', peer: 0 })
  const chunk = new Uint8Array(4000).map((_, i) => i)
  t.true(first.transport.send(1, [Buffer.from('a'), chunk, Buffer.from('z')]))
  for (let i = 0; i < 50; i++) t.true(first.transport.send(1, text(`frame ${i}`)))
  t.true(second.transport.send(0, []))
  const last = await second.until(report => report.kind === 'frame' && report.bytes.toString() === 'frame 49')
  const frames = second.reports
    .filter(isKind('frame'))
    .map(report => (report.kind === 'frame' ? report.bytes : Buffer.alloc(0)))
  t.deepEqual(frames[0], Buffer.concat([Buffer.from('a'), chunk, Buffer.from('z')]))
  t.deepEqual(
    frames.slice(1).map(String),
    Array.from({ length: 50 }, (_, i) => `frame ${i}`),
  )
  t.is(second.reports.at(-1), last)
  const empty = await first.until(isKind('frame'))
  t.is(empty.kind === 'frame' ? empty.bytes.length : -1, 0)
})
