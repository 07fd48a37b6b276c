/** The socket of mDNS on one interface: it sends out of that interface, and hears what comes in there. */
import { createSocket } from 'node:dgram'
import type { LocalInterface } from './interfaces.ts'

const MDNS_PORT = 5353
const GROUPS = { ip4: '224.0.0.251', ip6: 'ff02::fb' } as const
/** RFC 6762, section 11. */
const TTL = 255

export interface MdnsSocket {
  /** To everybody on this interface. */
  send(bytes: Uint8Array): void
  /** Nothing is called any more. */
  close(): void
}

export interface SocketEvents {
  /** From now on packets can be sent and are heard. */
  ready(): void
  /** Sources on other networks are left out: a system may hand each socket what came in on any interface. */
  heard(bytes: Uint8Array, source: string): void
  /** Something cannot be done on this interface; the socket may still be good for the rest. */
  trouble(error: NodeJS.ErrnoException): void
}

export type OpenSocket = (local: LocalInterface, events: SocketEvents) => MdnsSocket

/** @param port another one than mDNS's only for tests */
export function openMdnsSocket(local: LocalInterface, events: SocketEvents, port = MDNS_PORT): MdnsSocket {
  const { family } = local
  const group = GROUPS[family]
  // Bound to the address of the interface, a socket would hear nothing that is sent to a group.
  const [type, anywhere, at] =
    family === 'ip4'
      ? (['udp4', '0.0.0.0', local.addresses[0]!] as const)
      : (['udp6', '::', `::%${local.zone}`] as const)
  const socket = createSocket({ type, reuseAddr: true, ipv6Only: family === 'ip6' })
  let isOpen = true
  const trouble = (error: unknown): void => {
    if (isOpen) events.trouble(error as NodeJS.ErrnoException)
  }
  socket.on('error', trouble)
  socket.on('message', (bytes, { address }) => {
    if (isOpen && local.isSource(address)) events.heard(bytes, address)
  })
  socket.bind({ port, address: anywhere }, () => {
    if (!isOpen) return
    try {
      socket.addMembership(group, at)
      socket.setMulticastInterface(at)
      socket.setMulticastTTL(TTL)
      socket.setMulticastLoopback(true)
    } catch (error) {
      return trouble(error)
    }
    events.ready()
  })
  return {
    send(bytes) {
      // The address of the group needs no look-up, so that errors come to the callback alone.
      if (isOpen) socket.send(bytes, port, group, error => error && trouble(error))
    },
    close() {
      if (!isOpen) return
      isOpen = false
      socket.close()
    },
  }
}
