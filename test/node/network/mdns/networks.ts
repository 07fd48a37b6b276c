/** Fake networks for mDNS: interfaces as the system would list them, and cables that carry packets between sockets. */
import type { NetworkInterfaceInfo } from 'node:os'
import { type LocalInterface, localInterfaces } from '../../../../node/network/mdns/interfaces.ts'
import type { OpenSocket, SocketEvents } from '../../../../node/network/mdns/socket.ts'

/** As `os.networkInterfaces()` lists an address. */
export function listed(cidr: string, more: Partial<NetworkInterfaceInfo> = {}): NetworkInterfaceInfo {
  const address = cidr.split('/')[0]!
  const family = address.includes(':') ? { family: 'IPv6', scopeid: 0 } : { family: 'IPv4' }
  return {
    address,
    netmask: '',
    mac: '02:00:00:00:00:01',
    internal: false,
    cidr,
    ...family,
    ...more,
  } as NetworkInterfaceInfo
}

/** One interface with one address. */
export const at = (name: string, cidr: string): LocalInterface =>
  localInterfaces({ [name]: [listed(cidr, { internal: name === 'lo' })] })[0]!

export interface Cable {
  readonly open: OpenSocket
  /** How many sockets are open on it. */
  readonly sockets: number
  /** All packets so far. */
  readonly packets: readonly Uint8Array[]
  /** From somebody else to all sockets. */
  inject(bytes: Uint8Array, source?: string): void
}

/** Everybody on it hears everything, the sender too, as with multicast. */
export function cable(): Cable {
  const heard = new Set<SocketEvents>()
  const packets: Uint8Array[] = []
  const inject = (bytes: Uint8Array, source = '10.0.0.9'): void => {
    packets.push(bytes)
    for (const events of [...heard]) events.heard(bytes, source)
  }
  return {
    packets,
    inject,
    get sockets() {
      return heard.size
    },
    open(local, events) {
      heard.add(events)
      // Never within the call that opens it, as with real sockets.
      queueMicrotask(() => heard.has(events) && events.ready())
      return {
        send: bytes => inject(bytes, local.addresses[0]!),
        close: () => void heard.delete(events),
      }
    },
  }
}

/** Each interface is plugged into the cable of its name; one without a cable fails as a tunnel does. */
export function plugged(cables: Readonly<Record<string, Cable>>): OpenSocket {
  return (local, events) => {
    const cable = cables[local.name]
    if (cable !== undefined) return cable.open(local, events)
    const error = Object.assign(new Error('addMembership ENODEV'), {
      code: 'ENODEV',
      syscall: 'addMembership',
    })
    queueMicrotask(() => events.trouble(error))
    return { send() {}, close() {} }
  }
}
