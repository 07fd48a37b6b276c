/**
 * This machine's network interfaces as mDNS needs them. A question goes out of one interface only, so each interface is
 * asked on separately, and in each IP family.
 */
import { BlockList } from 'node:net'
import type { NetworkInterfaceInfo } from 'node:os'

/** An interface in one IP family. */
export interface LocalInterface {
  /** As the system calls it, `eth0`. */
  readonly name: string
  readonly family: 'ip4' | 'ip6'
  /** Loopback: only this machine is behind it. */
  readonly isInternal: boolean
  /** All of its addresses in this family, at least one; the ones that need no zone come first. */
  readonly addresses: readonly string[]
  /** The zone that a link-local IPv6 address needs: a name, or on Windows a number. */
  readonly zone: string
  /** Another text after every change that needs a new socket. */
  readonly key: string
  /** Whether a packet from this source has come in here, as far as its address tells. */
  isSource(source: string): boolean
}

type Listed = NodeJS.Dict<NetworkInterfaceInfo[]>

/** @param listed as `os.networkInterfaces()` returns them: those that are up */
export function localInterfaces(listed: Listed): readonly LocalInterface[] {
  return Object.entries(listed).flatMap(([name, all = []]) =>
    (['IPv4', 'IPv6'] as const).flatMap(family => {
      const own = all.filter(info => info.family === family)
      return own.length === 0 ? [] : [interfaceOf(name, own)]
    }),
  )
}

function interfaceOf(name: string, own: readonly NetworkInterfaceInfo[]): LocalInterface {
  const { family: version, internal: isInternal, mac } = own[0]!
  const family = version === 'IPv4' ? 'ip4' : 'ip6'
  const addresses = own
    .map(({ address }) => address)
    .sort((a, b) => Number(needsZone(a)) - Number(needsZone(b)))
  const scope = own.map(info => (info.family === 'IPv6' ? info.scopeid : 0)).find(id => id > 0)
  const networks = new BlockList()
  const type = family === 'ip4' ? 'ipv4' : 'ipv6'
  for (const { address, cidr } of own)
    networks.addSubnet(address, Number(cidr?.split('/')[1] ?? (family === 'ip4' ? 32 : 128)), type)
  return {
    name,
    family,
    isInternal,
    addresses,
    zone: process.platform === 'win32' && scope !== undefined ? String(scope) : name,
    key: [name, mac, scope, ...addresses].join(' '),
    isSource(source) {
      const [host = '', zone] = source.split('%')
      if (zone !== undefined) return zone === name || zone === String(scope)
      return networks.check(host, type)
    },
  }
}

/** Whether an address means something only together with the interface that it is reached through. */
export function needsZone(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/i.test(address)
}

/** Whether the machine has given itself this address, because nobody else gave it one. */
export function isSelfAssigned(address: string): boolean {
  return address.startsWith('169.254.')
}
