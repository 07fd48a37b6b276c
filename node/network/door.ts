/**
 * The door for sockets that have not proved a member's key yet. Anyone may open such sockets, so anyone could take all
 * the room. Here nobody can take it all, and nobody can keep a member out for long.
 *
 * The door stands before libp2p. The limits of libp2p (connectionManager) count pending connections without asking
 * where they come from, and turn the newest away. Its allow list admits everything from an address, and members may
 * share an address with an attacker: one machine, one NAT. And under a flood the price of a socket matters: a socket
 * dropped as it comes from the listener costs a third of one that libp2p has already made a connection of.
 *
 * There are four waiting rooms (waiting-room.ts). Sockets from the known addresses of members and all other sockets
 * wait in separate rooms, so that strangers elsewhere take nothing from members; both rooms have limits. And sockets
 * without a first byte wait apart from those in a handshake: a member sends its first byte at once, so silent sockets
 * push out only each other.
 */
import { Server, type Socket } from 'node:net'
import type { Listener, MultiaddrConnection, Upgrader } from '@libp2p/interface'
import type { Libp2pInit } from 'libp2p'
import type { Clock } from '../ports.ts'
import { createTokenBuckets } from './connection-budget.ts'
import * as limits from './constants.ts'
import { sourceOf, sourceOfHost } from './sources.ts'
import { createWaitingRoom } from './waiting-room.ts'

export type TransportFactory = NonNullable<Libp2pInit['transports']>[number]

export interface DoorOptions {
  /** How many members the cohort has: all may come at once, and from one address. */
  readonly members: number
  readonly clock: Clock
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** Whether a member was ever known to be there. */
  readonly isKnown: (source: string) => boolean
  /** A socket was dropped, or not let in, for lack of room. */
  readonly crowded: (source: string) => void
}

/** Puts the door before the listeners of a transport whose connections still have to prove a key. */
type Door = (transport: TransportFactory) => TransportFactory

/** The most sockets that a listener may keep open: those that wait, and those of members. */
export function socketsMax(members: number): number {
  const waiting = limits.SILENT_SOCKETS_MAX + limits.HANDSHAKES_MAX + 2 * members
  return 2 * waiting + limits.CONNECTIONS_PER_MEMBER_MAX * members + limits.SOCKETS_CLOSING_MAX
}

export function createDoor(options: DoorOptions): Door {
  const [ofMembers, ofOthers] = [createHall(options), createHall(options)]
  const hallOf: HallOf = source => (options.isKnown(source) ? ofMembers : ofOthers)
  return transport => components => {
    const guarded = transport(components)
    const createListener = guarded.createListener.bind(guarded)
    guarded.createListener = listening => {
      const upgrader = limitHandshakes(listening.upgrader, hallOf)
      return holdSilent(createListener({ ...listening, upgrader }), hallOf, () => {
        for (const hall of [ofMembers, ofOthers]) hall.clear()
      })
    }
    return guarded
  }
}

/** The two rooms of sockets from known addresses, or of all others. */
interface Hall {
  /** Calls `spoken` once the socket has something to read, which is still there to be read then. */
  hold(socket: Socket, source: string, spoken: () => void): void
  /** Gives the result of `upgrade`. If there is none it rejects, and the listener closes the connection. */
  handshake(connection: MultiaddrConnection, source: string, upgrade: () => Promise<void>): Promise<void>
  /** Drops all silent sockets. */
  clear(): void
}

type HallOf = (source: string) => Hall

/** Made once: under a flood, an error with a stack of its own would cost as much as the socket that it ends. */
const crowdedOut = new Error('others want this room, too')
const tooOften = new Error(
  `more than ${limits.HANDSHAKES_PER_SECOND_MAX} handshakes a second from one source`,
)

function createHall({ members, clock, random, crowded }: DoorOptions): Hall {
  const silent = createWaitingRoom<Socket>(
    { perSource: limits.SILENT_SOCKETS_PER_SOURCE_MAX + members, total: limits.SILENT_SOCKETS_MAX + members },
    random,
  )
  const talking = createWaitingRoom<MultiaddrConnection>(
    { perSource: limits.HANDSHAKES_PER_SOURCE_MAX + members, total: limits.HANDSHAKES_MAX + members },
    random,
  )
  const handshakes = createTokenBuckets<string>(clock, {
    max: limits.HANDSHAKES_AT_ONCE_MAX + members,
    intervalMs: 1000 / limits.HANDSHAKES_PER_SECOND_MAX,
    keysMax: limits.SOURCES_COUNTED_MAX,
  })
  return {
    clear() {
      for (const socket of silent.guests()) socket.destroy()
    },
    hold(socket, source, spoken) {
      // Here it costs a third of what it costs once it has spoken and libp2p has made a connection of it.
      const isTooOften = !handshakes.has(source)
      const victim = silent.enter(socket, source)
      victim?.resetAndDestroy()
      if (isTooOften || victim !== null) crowded(source)
      if (isTooOften) {
        turnAway(socket, clock, () => silent.leave(socket))
        return
      }
      firstByte(socket, clock, hasSpoken => {
        silent.leave(socket)
        if (hasSpoken) spoken()
      })
    },
    async handshake(connection, source, upgrade) {
      if (!handshakes.take(source)) {
        crowded(source)
        throw tooOften
      }
      const victim = talking.enter(connection, source)
      if (victim !== null) {
        victim.abort(crowdedOut)
        crowded(source)
      }
      try {
        await upgrade()
      } catch (error) {
        if (isRefusal(error)) handshakes.charge(source, limits.HANDSHAKE_PRICE_REFUSED - 1)
        throw error
      } finally {
        talking.leave(connection)
      }
    },
  }
}

/** Whether a key was proved and is not let in: a stranger's, or that of a member with too many connections. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === 'ConnectionInterceptedError'
}

/**
 * Calls `done` with true once something can be read, and with false if the socket ends, or the time is over, before
 * that.
 */
function firstByte(socket: Socket, clock: Clock, done: (hasSpoken: boolean) => void): void {
  const timer = clock.after(limits.FIRST_BYTE_TIMEOUT_MS, () => socket.resetAndDestroy())
  const finish = (hasSpoken: boolean): void => {
    timer.cancel()
    socket.off('readable', readable).off('close', closed).off('error', ignore)
    done(hasSpoken)
  }
  const closed = (): void => finish(false)
  // A socket also becomes readable at its end; then it closes by itself.
  const readable = (): void => {
    if (socket.readableLength > 0) finish(true)
  }
  socket.on('readable', readable).on('close', closed).on('error', ignore)
}

/** Ends a socket without reading from it, but not at once. */
function turnAway(socket: Socket, clock: Clock, gone: () => void): void {
  const timer = clock.after(limits.TURNED_AWAY_AFTER_MS, () => socket.resetAndDestroy())
  const closed = (): void => {
    timer.cancel()
    gone()
  }
  if (socket.destroyed) closed()
  else socket.on('close', closed).on('error', ignore)
}

/** The only use of an error here: the socket closes after it. */
function ignore(): void {}

/** libp2p's own listener is called only for sockets that have begun to speak. */
function holdSilent(listener: Listener, hallOf: HallOf, clear: () => void): Listener {
  const server = serverOf(listener)
  const accept = server.listeners('connection') as ((socket: Socket) => void)[]
  server.removeAllListeners('connection')
  let isClosed = false
  server.on('connection', (socket: Socket) => {
    const { remoteAddress } = socket
    // It is gone already.
    if (remoteAddress === undefined) return void socket.destroy()
    const source = sourceOfHost(remoteAddress)
    hallOf(source).hold(socket, source, () => {
      // libp2p throws if it is called after its end.
      if (isClosed) socket.destroy()
      else for (const next of accept) next.call(server, socket)
    })
  })
  // A server is closed once its sockets are, and libp2p knows nothing of these.
  const close = listener.close.bind(listener)
  listener.close = () => {
    isClosed = true
    const closed = close()
    clear()
    return closed
  }
  return listener
}

/** The server is not part of the interface: a version that keeps it elsewhere must not go unnoticed. */
function serverOf(listener: Listener): Server {
  const { server } = listener as Listener & { readonly server?: unknown }
  if (server instanceof Server) return server
  throw new Error(
    'this version of @libp2p/tcp does not show its server, so that nothing would limit its sockets',
  )
}

type UpgradeInbound = Upgrader['upgradeInbound']

function limitHandshakes(upgrader: Upgrader, hallOf: HallOf): Upgrader {
  const upgradeInbound: UpgradeInbound = (connection, how) => {
    const source = sourceOf(connection.remoteAddr)
    const upgrade = () => upgrader.upgradeInbound(connection, how as Parameters<UpgradeInbound>[1])
    return hallOf(source).handshake(connection, source, upgrade)
  }
  return {
    upgradeInbound,
    upgradeOutbound: upgrader.upgradeOutbound.bind(upgrader),
    createInboundAbortSignal: upgrader.createInboundAbortSignal.bind(upgrader),
    getStreamMuxers: upgrader.getStreamMuxers.bind(upgrader),
    getConnectionEncrypters: upgrader.getConnectionEncrypters.bind(upgrader),
  }
}
