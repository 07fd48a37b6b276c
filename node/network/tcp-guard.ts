/** TCP whose connections are watched from their first byte on: libp2p's own handshake runs within the boundary, too. */
import type { Server, Socket } from 'node:net'
import type { Listener, MultiaddrConnection, Transport, Upgrader } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import type { Multiaddr } from '@multiformats/multiaddr'
import { endpointOf } from './endpoint.ts'
import { writeTogether } from './tcp-writes.ts'

type TcpComponents = Parameters<ReturnType<typeof tcp>>[0]

export function guardedTcp(
  options: Parameters<typeof tcp>[0],
  watch: (socket: MultiaddrConnection) => void,
): (components: TcpComponents) => Transport {
  return components => {
    const transport = tcp(options)(components)
    const { createListener, dial } = transport
    transport.createListener = given =>
      withoutZones(createListener.call(transport, { ...given, upgrader: watching(given.upgrader, watch) }))
    transport.dial = (address, given) =>
      dial.call(transport, address, {
        ...given,
        ...zonedHost(address),
        upgrader: watching(given.upgrader, watch),
      })
    return transport
  }
}

/**
 * libp2p's TCP leaves the zone out of what it dials, and the system refuses a link-local address without one; but its
 * options go before the address.
 */
function zonedHost(address: Multiaddr): object {
  const host = endpointOf(String(address))?.host
  return host?.includes('%') ? { host } : {}
}

/** libp2p's TCP drops a socket whose address has a zone, because no multiaddr can be made of it. */
function withoutZones(listener: Listener): Listener {
  const { server } = listener as Listener & { readonly server?: Server }
  server?.prependListener('connection', (socket: Socket) => {
    const [plain, zone] = socket.remoteAddress?.split('%') ?? []
    if (zone !== undefined) Object.defineProperty(socket, 'remoteAddress', { value: plain })
  })
  return listener
}

function watching(upgrader: Upgrader, watch: (socket: MultiaddrConnection) => void): Upgrader {
  const watched: Pick<Upgrader, 'upgradeInbound' | 'upgradeOutbound'> = {
    upgradeInbound(socket: MultiaddrConnection, options: Parameters<Upgrader['upgradeInbound']>[1]) {
      writeTogether(socket)
      watch(socket)
      return upgrader.upgradeInbound(socket, options)
    },
    upgradeOutbound(socket: MultiaddrConnection, options: Parameters<Upgrader['upgradeOutbound']>[1]) {
      writeTogether(socket)
      watch(socket)
      return upgrader.upgradeOutbound(socket, options)
    },
  }
  return Object.assign(Object.create(upgrader) as Upgrader, watched)
}
