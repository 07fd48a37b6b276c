/** The source of a connection, as limits count it. */
import { isIPv6 } from 'node:net'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { PeerIndex } from '../../agreement/protocol.ts'
import { endpointOf } from './endpoint.ts'

/** The source that an address counts as; anything but an IP address stands for itself. */
export function sourceOf(address: Multiaddr | string): string {
  const text = String(address)
  return sourceOfHost(endpointOf(text)?.host ?? text)
}

/**
 * An IPv4 address, or the /64 network of an IPv6 address: a host with one address of it has all of them, so they count
 * as one. Link-local addresses share a network, and each counts for itself.
 */
export function sourceOfHost(host: string): string {
  if (!isIPv6(host)) return host
  const [plain = ''] = host.toLowerCase().split('%')
  if (/^fe[89ab]/.test(plain)) return plain
  const [head = '', tail] = plain.split('::')
  const groups = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length)
  const all = [...groups, ...Array.from({ length: zeros }, () => '0'), ...after]
  const network = all.slice(0, 4).map(group => group.replace(/^0+(?=.)/, ''))
  return `${network.join(':')}::/64`
}

/** The reason why a source is known as a member's. */
type Reason = 'cohort file' | 'announced' | 'met'

/** The known sources of members. It never holds more than the lists that it is given. */
interface KnownSources {
  /** Replaces the addresses known of this peer for this reason. */
  know(reason: Reason, peer: PeerIndex, addresses: readonly string[]): void
  has(source: string): boolean
}

export function createKnownSources(): KnownSources {
  const known = new Map<string, ReadonlySet<string>>()
  return {
    know: (reason, peer, addresses) => void known.set(`${reason} ${peer}`, new Set(addresses.map(sourceOf))),
    has(source) {
      for (const sources of known.values()) if (sources.has(source)) return true
      return false
    },
  }
}
