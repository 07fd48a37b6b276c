/** TCP whose connections are watched from their first byte on: libp2p's own handshake runs within the boundary, too. */
import type { MultiaddrConnection, Transport, Upgrader } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'

type TcpComponents = Parameters<ReturnType<typeof tcp>>[0]

export function guardedTcp(
  options: Parameters<typeof tcp>[0],
  watch: (socket: MultiaddrConnection) => void,
): (components: TcpComponents) => Transport {
  return components => {
    const transport = tcp(options)(components)
    const { createListener, dial } = transport
    transport.createListener = given =>
      createListener.call(transport, { ...given, upgrader: watching(given.upgrader, watch) })
    transport.dial = (address, given) =>
      dial.call(transport, address, { ...given, upgrader: watching(given.upgrader, watch) })
    return transport
  }
}

function watching(upgrader: Upgrader, watch: (socket: MultiaddrConnection) => void): Upgrader {
  const watched: Pick<Upgrader, 'upgradeInbound' | 'upgradeOutbound'> = {
    upgradeInbound(socket: MultiaddrConnection, options: Parameters<Upgrader['upgradeInbound']>[1]) {
      watch(socket)
      return upgrader.upgradeInbound(socket, options)
    },
    upgradeOutbound(socket: MultiaddrConnection, options: Parameters<Upgrader['upgradeOutbound']>[1]) {
      watch(socket)
      return upgrader.upgradeOutbound(socket, options)
    },
  }
  return Object.assign(Object.create(upgrader) as Upgrader, watched)
}
