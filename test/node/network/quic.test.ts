/** The same transport over QUIC: members meet, frames arrive whole, strangers stay out, and a paused reader stays within its limit. */
import type { Stream } from '@libp2p/interface'
import test, { type ExecutionContext } from 'ava'
import { encode } from 'it-length-prefixed'
import { createIdentity } from '../../../node/cohort/identity.ts'
import { defaultLinkLimits } from '../../../node/link/limits.ts'
import { createBoundary } from '../../../node/network/boundary.ts'
import { addressOf, endpointOf, usesQuic } from '../../../node/network/endpoint.ts'
import { NetworkError } from '../../../node/network/errors.ts'
import { wholeFrame } from '../../../node/network/framing.ts'
import { quicTransport } from '../../../node/network/quic.ts'
import { openWire } from '../../../node/network/wire.ts'
import { bytesOf, hostileNode, isKind, membersOf, openPair, openPeer } from './support.ts'

const LOOPBACK = '/ip4/127.0.0.1/udp/0/quic-v1'
const overQuic = { listen: [LOOPBACK] }

test('an address says where it leads, and over what', t => {
  t.deepEqual(endpointOf('/ip4/192.168.1.5/udp/4001/quic-v1/p2p/12D3KooW'), {
    family: 'ip4',
    host: '192.168.1.5',
    port: 4001,
    over: 'quic',
  })
  t.deepEqual(endpointOf('/dns4/host.example/tcp/80'), {
    family: 'dns4',
    host: 'host.example',
    port: 80,
    over: 'tcp',
  })
  for (const address of ['/ip4/1.2.3.4/udp/4001', '/ip4/1.2.3.4/udp/4001/quic-v12', '/unix/tmp/x', ''])
    t.is(endpointOf(address), null)
  for (const address of ['/ip6/::1/udp/7/quic-v1', '/ip4/1.2.3.4/tcp/5']) {
    t.is(addressOf(endpointOf(address)!), address)
    t.is(usesQuic([address]), address.includes('quic'))
  }
})

test('two members meet over QUIC, and long frames arrive whole, both ways', async t => {
  const dimension = 250_000
  const [first, second] = await openPair(t, [
    { ...overQuic, dimension },
    { ...overQuic, dimension },
  ])
  t.true(second.transport.addresses.every(address => usesQuic([address])))
  await Promise.all([first.until(isKind('connected')), second.until(isKind('connected'))])
  const frame = Buffer.from(Array.from({ length: 4 * dimension }, (_, i) => (i * 7) % 253))
  t.true(first.transport.send(1, [frame.subarray(0, 1000), frame.subarray(1000)]))
  t.true(second.transport.send(0, [frame]))
  t.true(bytesOf([await second.until(isKind('frame'))])[0]!.equals(frame))
  t.true(bytesOf([await first.until(isKind('frame'))])[0]!.equals(frame))
  await first.stop()
  await second.until(isKind('disconnected'))
})

test('a reader that pauses over QUIC keeps all that a link may have in flight, and loses nothing', async t => {
  const frameBytes = 200_000
  const count = Math.ceil(defaultLinkLimits.inFlightBytesMax / frameBytes)
  const [sender, reader] = await openStreams(t)
  const frames: Buffer[] = []
  const ended: string[] = []
  const unreadBytesMax = defaultLinkLimits.inFlightBytesMax + 2 * frameBytes
  const limits = { frameBytesMax: frameBytes, helloBytesMax: 0, queueBytesMax: Number.POSITIVE_INFINITY }
  const events = {
    frame: () => wholeFrame(frame => frames.push(Buffer.concat(frame))),
    drained() {},
    closed: (reason: string) => ended.push(reason),
  }
  const boundary = createBoundary(({ message }) => ended.push(message))
  const [out, into] = [
    openWire(sender, limits, events, boundary),
    openWire(reader, { ...limits, unreadBytesMax }, events, boundary),
  ]
  into.accept(events.frame)
  into.pause()
  for (let i = 0; i < count; i++) t.true(out.send([Buffer.alloc(frameBytes, i)]))
  // It reads on although it was told not to: all of it comes to lie here.
  const bytes = count * encode.single(Buffer.alloc(frameBytes)).byteLength
  await turnsUntil(() => reader.readBufferLength === bytes || ended.length > 0)
  t.deepEqual(ended, [])
  t.deepEqual(frames, [])
  into.resume()
  await turnsUntil(() => frames.length === count)
  t.true(frames.every((frame, i) => frame.equals(Buffer.alloc(frameBytes, i))))
})

/** Both ends of a stream over QUIC. */
async function openStreams(t: ExecutionContext): Promise<[Stream, Stream]> {
  const open = () => hostileNode(t, createIdentity(), { ...overQuic, quic: true })
  const [first, second] = await Promise.all([open(), open()])
  const incoming = Promise.withResolvers<Stream>()
  await second.handle('/test/1', stream => incoming.resolve(stream))
  return [await first.dialProtocol(second.getMultiaddrs(), '/test/1'), await incoming.promise]
}

async function turnsUntil(isDone: () => boolean): Promise<void> {
  while (!isDone()) await new Promise(resolve => setImmediate(resolve))
}

test('where QUIC cannot be loaded, the message says why and what to do', async t => {
  const load = () => Promise.reject(new Error('Cannot find native binding.\nmore\nlines'))
  const error = await t.throwsAsync(quicTransport(load), { instanceOf: NetworkError })
  t.is(error.code, 'quic-missing')
  t.regex(error.message, /\(Cannot find native binding\.\): install it .*, or use addresses such as \/ip4/)
})

test('a stranger is turned away over QUIC, and named', async t => {
  const identities = [createIdentity(), createIdentity(), createIdentity()]
  const members = membersOf(identities)
  const host = await openPeer(t, identities, 1, members.slice(0, 2), overQuic)
  const strangers = membersOf([identities[2]!, identities[1]!], [[], host.transport.addresses])
  const stranger = await openPeer(t, [identities[2]!, identities[1]!], 0, strangers, overQuic)
  host.transport.start(host.events)
  stranger.transport.start(stranger.events)
  const fault = await host.until(isKind('fault'))
  t.like(fault, { peer: null, fault: 'stranger' })
  t.deepEqual(stranger.reports.filter(isKind('connected')), [])
})
