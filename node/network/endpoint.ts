/** The endpoint of a multiaddr: the host, the port, and whether TCP or QUIC is spoken there. */

export interface Endpoint {
  readonly family: 'ip4' | 'ip6' | 'dns' | 'dns4' | 'dns6'
  /** A link-local address has its zone at the end, `fe80::1%eth0`, as the system's functions take it. */
  readonly host: string
  readonly port: number
  readonly over: 'tcp' | 'quic'
}

const FORM =
  /^(?:\/ip6zone\/([^/]+))?\/(ip4|ip6|dns|dns4|dns6)\/([^/]+)\/(?:tcp\/(\d+)|udp\/(\d+)\/quic-v1)(?=\/|$)/

/** Null if the address is of another kind. */
export function endpointOf(address: string): Endpoint | null {
  const [, zone, family, host, tcp, udp] = FORM.exec(address) ?? []
  if (family === undefined || host === undefined) return null
  return {
    family: family as Endpoint['family'],
    host: zone === undefined ? host : `${host}%${zone}`,
    port: Number(tcp ?? udp),
    over: tcp === undefined ? 'quic' : 'tcp',
  }
}

/** `/ip4/192.168.1.5/tcp/4001` or `/ip4/192.168.1.5/udp/4001/quic-v1`. */
export function addressOf({ family, host, port, over }: Endpoint): string {
  const [plain, zone] = host.split('%')
  const prefix = zone === undefined ? '' : `/ip6zone/${zone}`
  return `${prefix}/${family}/${plain}/${over === 'tcp' ? `tcp/${port}` : `udp/${port}/quic-v1`}`
}

/** Whether any of these addresses uses QUIC. */
export function usesQuic(addresses: readonly string[]): boolean {
  return addresses.some(address => endpointOf(address)?.over === 'quic')
}
