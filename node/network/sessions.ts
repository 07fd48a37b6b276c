/**
 * The life of each pair: a connection comes up, the lower index opens a stream on it, both say hello, frames
 * flow, the stream ends and takes the connection with it, and the pair is wanted again.
 */
import type { Connection, Stream } from '@libp2p/interface'
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Membership } from '../cohort/cohort.ts'
import type { Clock, TransportEvents } from '../ports.ts'
import type { AddressBook } from './address-book.ts'
import * as limits from './constants.ts'
import { ignoredFrame } from './framing.ts'
import { handshake } from './handshake.ts'
import type { Hello } from './hello.ts'
import { abort, boundaryOf, type Offended, report } from './offences.ts'
import type { createCohortTally } from './other-cohorts.ts'
import type { PeerExchange } from './peer-exchange.ts'
import { isSameProcess, isTurnedAway, type ProcessId, type Refusals } from './process-tally.ts'
import type { Redial } from './redial.ts'
import { addressOf, notify } from './second-process.ts'
import type { Wire, WireLimits } from './wire.ts'

/** The state of the functions here; one for each transport. */
export interface Network extends Offended {
  readonly membership: Membership
  readonly hello: Hello
  readonly wireLimits: WireLimits
  readonly redial: Redial
  readonly book: AddressBook
  readonly peerExchange: PeerExchange
  readonly clock: Clock
  /** Admitted pairs. */
  readonly links: Map<PeerIndex, Session>
  /** Connections on which a stream was opened, or at least tried. */
  readonly used: WeakSet<Connection>
  /** Members of whose processes one is being asked whether it lives: one newcomer each at a time. */
  readonly contests: Set<PeerIndex>
  readonly refusals: Refusals
  readonly cohortTally: ReturnType<typeof createCohortTally>
  /** Who is told; nobody before the transport is started. */
  events: TransportEvents
  isStopped: boolean
}

/** A pair that exchanges frames. */
interface Session {
  readonly wire: Wire
  readonly connection: Connection
  readonly sinceMs: number
  /** Undefined where its hello names none. */
  readonly process: ProcessId | undefined
  /** Over once its wire has ended. */
  readonly life: { readonly isOver: boolean }
}

/** Dials a peer at its addresses (address-book.ts); if it is not there, asks the connected members. */
export async function dial(network: Network, peer: PeerIndex): Promise<boolean> {
  const { node, members, book, peerExchange, membership, log } = network
  try {
    const addresses = await book.next(peer)
    if (addresses.length > 0) {
      const connection = await node.dial([...addresses])
      book.met(peer, connection.remoteAddr)
      if (membership.self < peer) await openStream(network, connection, peer)
      return true
    }
    log.debug(peer, 'address', `no address of ${members.nameOf(peer)} is known yet`)
  } catch (error) {
    if (network.isStopped) return false
    log.debug(peer, 'unreachable', `could not reach ${members.nameOf(peer)}`, {
      error: describe(error),
    })
  }
  boundaryOf(network, peer).run(() => peerExchange.ask())
  return false
}

/** A connection came up, dialled by either side. */
export function connectionOpened(network: Network, connection: Connection): void {
  const { membership, members, clock, used, book } = network
  const peer = members.indexOf(connection.remotePeer)
  if (peer === undefined) {
    drop(connection, 'not a member')
    return
  }
  book.cameFrom(peer, connection.remoteAddr)
  const boundary = boundaryOf(network, peer)
  boundary.enclose(connection)
  if (membership.self < peer) boundary.around(() => openStream(network, connection, peer))()
  else {
    const timer = clock.after(
      limits.HELLO_TIMEOUT_MS,
      boundary.around(() => {
        if (!used.has(connection)) drop(connection, 'no stream was opened')
      }),
    )
    connection.addEventListener('close', () => timer.cancel())
  }
}

export function connectionClosed(network: Network, connection: Connection): void {
  const peer = network.members.indexOf(connection.remotePeer)
  if (peer !== undefined && !network.used.has(connection)) closedEarly(network, peer)
}

/** The other side opened a stream. That is the lower index's part; the higher one's is an intrusion. */
export function streamOpened(network: Network, stream: Stream, connection: Connection): void {
  const peer = network.members.indexOf(connection.remotePeer)
  if (peer === undefined || network.isStopped) stream.abort(new Error('not a member'))
  else if (peer < network.membership.self) begin(network, stream, connection, peer)
  else {
    report(network, peer, 'malformed', 'it opened a stream that is ours to open')
    stream.abort(new Error('the lower index opens the stream'))
  }
}

async function openStream(network: Network, connection: Connection, peer: PeerIndex): Promise<void> {
  if (network.used.has(connection) || network.isStopped) return
  const session = network.links.get(peer)
  // A second connection means that the other side has lost the first, or that both have dialled at once.
  if (session !== undefined && network.clock.nowMs() - session.sinceMs < limits.REPLACEABLE_AFTER_MS) {
    drop(connection, 'a second connection')
    return
  }
  network.used.add(connection)
  try {
    begin(network, await connection.newStream(limits.PROTOCOL), connection, peer)
  } catch (error) {
    if ((error as Error).name === 'UnsupportedProtocolError')
      report(
        network,
        peer,
        'wrong-version',
        `it does not speak ${limits.PROTOCOL}; both must run the same version of the program`,
      )
    else closedEarly(network, peer)
    drop(connection, describe(error))
  }
}

function begin(network: Network, stream: Stream, connection: Connection, peer: PeerIndex): void {
  const { events, hello, wireLimits, clock, membership } = network
  network.used.add(connection)
  const { schema } = membership.cohort
  const options = { own: hello, schema, limits: wireLimits, clock, boundary: boundaryOf(network, peer) }
  const life = { isOver: false }
  let difference: string | null = null
  handshake(stream, options, {
    admitted(wire, other) {
      const { process } = other
      const session: Session = { wire, connection, sinceMs: clock.nowMs(), process, life }
      if (isSameProcess(network.links.get(peer)?.process, process)) admit(network, peer, session, other)
      else boundaryOf(network, peer).around(() => contest(network, peer, session, other))()
    },
    drained(wire) {
      if (isCurrent(network, peer, wire)) events.drained(peer)
    },
    fault(kind, detail) {
      report(network, peer, kind, detail)
      if (kind === 'wrong-cohort') difference = detail
    },
    closed(wire, reason) {
      life.isOver = true
      drop(connection, reason)
      end(network, peer, wire, reason)
      // Only now has our hello arrived, which tells the other side what differs.
      if (difference !== null) metOtherCohort(network, peer, difference)
    },
  })
}

function metOtherCohort(
  { links, isStopped, cohortTally, events }: Network,
  peer: PeerIndex,
  detail: string,
): void {
  if (isStopped || links.has(peer)) return
  const others = cohortTally.add(peer, detail)
  if (others !== null) events.otherCohorts?.(others)
}

/** Another process comes with the key of a session: the one that runs goes on, if it still does. */
async function contest(network: Network, peer: PeerIndex, newcomer: Session, other: Hello): Promise<void> {
  const { links, contests, log, members } = network
  const { wire, connection, process, life } = newcomer
  const present = links.get(peer)
  if (present?.process === undefined || process === undefined) return admit(network, peer, newcomer, other)
  if (contests.has(peer)) return wire.close()
  contests.add(peer)
  wire.hold()
  const [here, there] = [present.connection, connection].map(addressOf) as [string, string]
  const told = { address: there, startedMs: process.startedMs, isRefused: false }
  const lives = await notify(network, peer, present.connection, told)
  contests.delete(peer)
  if (life.isOver || network.isStopped) return
  if (links.get(peer) !== present || !isTurnedAway(present.process, process, lives)) {
    admit(network, peer, newcomer, other)
    wire.resume()
    return
  }
  log.warn(
    peer,
    'second-process',
    `${members.nameOf(peer)} runs at ${here}, and its key was also started at ${there}: that process is refused`,
  )
  const refusal = { address: here, startedMs: present.process.startedMs, isRefused: true }
  await notify(network, peer, connection, refusal)
  await wire.close()
}

function isCurrent({ links, isStopped }: Network, peer: PeerIndex, wire: Wire): boolean {
  return links.get(peer)?.wire === wire && !isStopped
}

function admit(network: Network, peer: PeerIndex, session: Session, other: Hello): void {
  const { links, log, members, redial, events } = network
  if (network.isStopped) {
    session.wire.abort('stopped')
    return
  }
  network.cohortTally.remove(peer)
  links.get(peer)?.wire.abort('replaced by a newer connection')
  links.set(peer, session)
  session.wire.accept(bytes =>
    isCurrent(network, peer, session.wire) ? events.frame(peer, bytes) : ignoredFrame,
  )
  redial.settle(peer)
  const address = String(session.connection.remoteAddr)
  log.info(peer, 'connected', `connected to ${members.nameOf(peer)}`, {
    software: other.software,
    address,
  })
  const aheadMs = (other.clockMs ?? Date.now()) - Date.now()
  if (Math.abs(aheadMs) > limits.CLOCK_SKEW_MAX_MS)
    log.warn(
      peer,
      'clock',
      `the clock of ${members.nameOf(peer)} is ${describeSkew(aheadMs, 'this one')}; one of the two is wrong`,
      { aheadMs },
    )
  events.connected(peer)
}

/** "2 min ahead", "3 days behind". */
export function describeSkew(aheadMs: number, other: string): string {
  const seconds = Math.round(Math.abs(aheadMs) / 1000)
  const [unit, name] = (
    [
      [86_400, 'days'],
      [3600, 'h'],
      [60, 'min'],
      [1, 's'],
    ] as const
  ).find(([size]) => seconds >= 2 * size) ?? [1, 's']
  return `${Math.round(seconds / unit)} ${name} ${aheadMs > 0 ? 'ahead of' : 'behind'} ${other}`
}

/** The wire has ended, admitted or not. */
function end(network: Network, peer: PeerIndex, wire: Wire, reason: string): void {
  const { links, log, members, redial, events } = network
  const wasAdmitted = links.get(peer)?.wire === wire
  if (wasAdmitted) links.delete(peer)
  if (network.isStopped) return
  if (wasAdmitted) {
    log.info(peer, 'disconnected', `disconnected from ${members.nameOf(peer)}: ${reason}`)
    events.disconnected(peer, reason)
  } else log.debug(peer, 'not-admitted', `${members.nameOf(peer)} was not admitted: ${reason}`)
  if (!links.has(peer) && members.indexOf(members.ids[peer]!) !== undefined) redial.want(peer)
}

/** How a refusal looks to the refused side: nobody tells a stranger anything. */
function closedEarly({ isStopped, links, log, members, membership }: Network, peer: PeerIndex): void {
  if (isStopped || links.has(peer)) return
  const own = membership.cohort.members[membership.self]!.id
  log.warn(
    peer,
    'closed-early',
    `${members.nameOf(peer)} closed the connection before its hello. If this goes on, it does not know this peer: its cohort file must list ${own}; or this key runs elsewhere as well, or it has proof that this key signed twice`,
  )
}

function drop(connection: Connection, reason: string): void {
  connection.close().catch(() => abort(connection, new Error(reason)))
}

/** The innermost reasons of an error: libp2p wraps one for each address in an aggregate. */
export function describe(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(describe))].join('; ')
  return error instanceof Error ? error.message : String(error)
}
