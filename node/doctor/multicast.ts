/**
 * Whether mDNS works on this machine: one instance asks, another answers, with the packets and the port that peers use.
 * If a firewall, or a machine without a network, drops the packets, no answer is heard.
 */
import { mdns } from '@libp2p/mdns'
import { multiaddr } from '@multiformats/multiaddr'
import { createIdentity } from '../cohort/identity.ts'

type Voice = ReturnType<ReturnType<typeof mdns>>
type Components = Parameters<ReturnType<typeof mdns>>[0]

interface MulticastOptions {
  readonly timeoutMs: number
  /** For tests: UDP ports of the instance that asks and of the one that answers. */
  readonly ports?: readonly [number, number]
}

const INTERVAL_MS = 300
const MDNS_PORT = 5353

/** True once the answer has been heard; false if it was not heard in time. */
export async function hearsItself({
  timeoutMs,
  ports = [MDNS_PORT, MDNS_PORT],
}: MulticastOptions): Promise<boolean> {
  const { id } = createIdentity()
  // A separate service name: no peer answers, and none is disturbed.
  const serviceTag = `_concord-${id.slice(-8).toLowerCase()}._udp.local`
  const asking = voice(serviceTag, ports[0], [])
  const answering = voice(serviceTag, ports[1], [`/ip4/127.0.0.1/tcp/1/p2p/${id}`])
  const { promise, resolve } = Promise.withResolvers<boolean>()
  asking.addEventListener('peer', ({ detail }) => {
    if (detail.id.toString() === id) resolve(true)
  })
  const timer = setTimeout(() => resolve(false), timeoutMs)
  try {
    for (const each of [answering, asking]) await (each as Startable).start?.()
    return await promise
  } catch {
    return false
  } finally {
    clearTimeout(timer)
    for (const each of [asking, answering]) await (each as Startable).stop?.()
  }
}

interface Startable extends Voice {
  start?(): Promise<void>
  stop?(): Promise<void>
}

/** libp2p's own mDNS, with only as much of libp2p around it as it needs. */
function voice(serviceTag: string, port: number, addresses: readonly string[]): Voice {
  const silent = Object.assign(() => {}, { enabled: false, trace() {}, error() {}, newScope: () => silent })
  const components = {
    addressManager: { getAddresses: () => addresses.map(address => multiaddr(address)) },
    logger: { forComponent: () => silent },
  } as unknown as Components
  return mdns({ serviceTag, interval: INTERVAL_MS, port })(components)
}
