/** One process of the bare exchange (exchange-bare.ts). */
import { randomBytes } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { noise } from '@chainsafe/libp2p-noise'
import { quic } from '@chainsafe/libp2p-quic'
import { yamux } from '@chainsafe/libp2p-yamux'
import type { Libp2p, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { decode, encode } from 'it-length-prefixed'
import { pipe } from 'it-pipe'
import { createLibp2p } from 'libp2p'
import { Uint8ArrayList } from 'uint8arraylist'
import { frameBytesMax } from '../../node/codec/index.ts'
import { addressOf, type Endpoint } from '../../node/network/endpoint.ts'
import { createNode } from '../../node/network/libp2p-node.ts'
import { countBuffersAsHeap, growHeapFor } from '../../node/network/memory.ts'

export type ToWorker =
  | {
      readonly kind: 'listen'
      readonly self: number
      readonly peers: number
      readonly dimension: number
      readonly rounds: number
      readonly over: Endpoint['over']
      readonly stock: boolean
    }
  | { readonly kind: 'connect'; readonly addresses: readonly string[] }
  | { readonly kind: 'exchange' }

export type FromWorker =
  | { readonly kind: 'listening'; readonly address: string }
  | { readonly kind: 'connected' }
  | { readonly kind: 'finished'; readonly roundsMs: readonly number[]; readonly cpuMs: number }

const PROTOCOL = '/concord-bench/1.0.0'

const say = (message: FromWorker) => process.send!(message)

/** The next message of the parent. */
const heard = <K extends ToWorker['kind']>(kind: K): Promise<Extract<ToWorker, { kind: K }>> =>
  new Promise(resolve => {
    const listener = (message: ToWorker): void => {
      if (message.kind !== kind) return
      process.off('message', listener)
      resolve(message as Extract<ToWorker, { kind: K }>)
    }
    process.on('message', listener)
  })

// Also when the parent is killed.
process.once('disconnect', () => process.exit())

const { self, peers, dimension, rounds, over, stock } = await heard('listen')
if (!stock) {
  countBuffersAsHeap()
  growHeapFor(peers, dimension)
}
const connect = heard('connect')
const exchange = heard('exchange')
const listen = [addressOf({ family: 'ip4', host: '127.0.0.1', port: 0, over })]
const node: Libp2p = stock
  ? await createLibp2p({
      addresses: { listen },
      transports: [over === 'tcp' ? tcp() : quic()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      // Seven neighbours at one address.
      connectionManager: { inboundConnectionThreshold: 100 },
    })
  : await createNode({
      seed: randomBytes(32),
      listen,
      quic: over === 'quic',
      mdns: false,
      frameBytesMax: frameBytesMax(dimension),
      members: peers,
      software: 'concord-bench',
      gater: {},
    })

const streams: Stream[] = []
/** Vectors received of each round: a fast peer may be a round ahead. */
const received = new Map<number, number>()
let wake: () => void = () => undefined

const allConnected = Promise.withResolvers<void>()
function take(stream: Stream): void {
  let round = 0
  pipe(
    stream,
    source => decode(source, { maxDataLength: 4 * dimension }),
    async frames => {
      for await (const frame of frames) {
        if (frame.byteLength !== 4 * dimension) throw new Error(`${frame.byteLength} bytes received`)
        received.set(round, (received.get(round) ?? 0) + 1)
        round++
        wake()
      }
    },
  ).catch(() => undefined)
  streams.push(stream)
  if (streams.length === peers - 1) allConnected.resolve()
}

await node.handle(PROTOCOL, stream => take(stream))
await node.start()
say({ kind: 'listening', address: String(node.getMultiaddrs()[0]) })
const { addresses } = await connect
for (const address of addresses.slice(self + 1)) take(await node.dialProtocol(multiaddr(address), PROTOCOL))
await allConnected.promise
say({ kind: 'connected' })

await exchange
const vector = new Uint8Array(randomBytes(4 * dimension))
const roundsMs: number[] = []
const cpuBefore = process.cpuUsage()
for (let round = 0; round < rounds; round++) {
  const start = performance.now()
  for (const stream of streams)
    stream.send(encode.single(new Uint8ArrayList(vector), { maxDataLength: vector.length }))
  while ((received.get(round) ?? 0) < peers - 1)
    await new Promise<void>(resolve => {
      wake = resolve
    })
  received.delete(round)
  roundsMs.push(performance.now() - start)
}
const { user, system } = process.cpuUsage(cpuBefore)
say({ kind: 'finished', roundsMs, cpuMs: (user + system) / 1000 })
