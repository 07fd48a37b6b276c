/**
 * Finding members on the local networks: a question on every interface that is up, in each IP family, every ten
 * seconds, and an answer to each question on the interface that it came in on.
 *
 * The routing table does not matter: a packet to a group would otherwise leave through the default route alone, which
 * may be a VPN's, or not at all where there is none. Interfaces may come and go. What fails on one of them concerns
 * neither the others nor the peer.
 */
import { randomBytes } from 'node:crypto'
import type { PeerId } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { Clock, Timer } from '../../ports.ts'
import { createTokenBuckets } from '../connection-budget.ts'
import {
  MDNS_ANSWER_INTERVAL_MS,
  MDNS_BURST_MAX,
  MDNS_INTERVAL_MS,
  MDNS_LOOK_INTERVAL_MS,
  MDNS_PER_SECOND_MAX,
  MDNS_SERVICE,
  MDNS_SOCKETS_MAX,
  MDNS_SOURCE_BURST_MAX,
  MDNS_SOURCE_PER_SECOND_MAX,
  SOURCES_COUNTED_MAX,
} from '../constants.ts'
import { createTokenBucket } from '../token-bucket.ts'
import { decodePacket } from './decode.ts'
import { type LocalInterface, needsZone } from './interfaces.ts'
import { asksFor, claimOf, encodeAnswer, encodeQuestion } from './message.ts'
import type { MdnsSocket, OpenSocket } from './socket.ts'

export interface DiscoveryOptions {
  readonly clock: Clock
  /** The interfaces that are up now. */
  readonly interfaces: () => readonly LocalInterface[]
  readonly open: OpenSocket
  /** The addresses of this peer on that interface, with its id; none: it asks, and does not answer. */
  readonly addresses: (local: LocalInterface) => readonly string[]
  /** An answer, which may be anyone's and about anyone, and the source of its packet. */
  readonly found: (id: PeerId, addresses: readonly Multiaddr[], local: LocalInterface, source: string) => void
  /** Something cannot be done on an interface. Told once for each kind of error, until this peer ends. */
  readonly trouble: (text: string) => void
  /** Everything that a packet makes this process run goes through it. */
  readonly around: <Arguments extends readonly unknown[]>(
    what: (...given: Arguments) => void,
  ) => (...given: Arguments) => void
}

interface Discovery {
  start(): void
  stop(): void
}

/** One interface, and what happens there. */
interface Voice {
  readonly local: LocalInterface
  /** Null if it could not be opened; it is tried again as often as is asked. */
  socket: MdnsSocket | null
  isReady: boolean
  triedAtMs: number
  answeredAtMs: number
  /** An answer that waits until the last one is old enough. */
  answer: Timer | null
  /** Counts a packet from that source; false if it is one too many to be read. */
  readonly isAllowed: (source: string) => boolean
}

export function createDiscovery(options: DiscoveryOptions): Discovery {
  const { clock } = options
  const state: State = {
    ...options,
    name: randomBytes(16).toString('hex'),
    voices: new Map(),
    told: new Set(),
  }
  let timer: Timer | null = null
  const look = (): void => {
    timer = clock.after(MDNS_LOOK_INTERVAL_MS, look)
    state.around(follow)(state)
  }
  return {
    start() {
      if (timer === null) look()
    },
    stop() {
      timer?.cancel()
      timer = null
      for (const voice of state.voices.values()) silence(voice)
      state.voices.clear()
    },
  }
}

interface State extends DiscoveryOptions {
  /** The name of this peer's answers: it does not find itself. */
  readonly name: string
  readonly voices: Map<string, Voice>
  /** Kinds of errors that were told. */
  readonly told: Set<string>
}

/** Opens what has come, closes what has gone, and asks where it is time to ask. */
function follow(state: State): void {
  const { voices, clock } = state
  const now = new Map(interfacesNow(state).map(local => [local.key, local]))
  for (const [key, voice] of voices) {
    if (now.has(key)) continue
    silence(voice)
    voices.delete(key)
  }
  for (const [key, local] of now) {
    const voice = voices.get(key)
    if (voice !== undefined && clock.nowMs() - voice.triedAtMs < MDNS_INTERVAL_MS) continue
    if (voice?.isReady) ask(state, voice)
    else {
      if (voice !== undefined) silence(voice)
      voices.set(key, speak(state, local))
    }
  }
}

/** None while the system does not tell them. If there are too many, those go that have link-local addresses alone. */
function interfacesNow(state: State): readonly LocalInterface[] {
  try {
    const all = state.interfaces()
    if (all.length <= MDNS_SOCKETS_MAX) return all
    const isLast = ({ addresses }: LocalInterface) => Number(needsZone(addresses[0]!))
    return all.toSorted((a, b) => isLast(a) - isLast(b)).slice(0, MDNS_SOCKETS_MAX)
  } catch (error) {
    tellOnce(state, error as NodeJS.ErrnoException, "this machine's interfaces cannot be listed")
    return []
  }
}

function tellOnce(
  { told, trouble }: State,
  { syscall, code, message }: NodeJS.ErrnoException,
  what: string,
): void {
  const kind = `${syscall} ${code}`
  if (told.has(kind)) return
  told.add(kind)
  trouble(`${what}: ${message}`)
}

function speak(state: State, local: LocalInterface): Voice {
  const voice: Voice = {
    local,
    socket: null,
    isReady: false,
    triedAtMs: state.clock.nowMs(),
    answeredAtMs: Number.NEGATIVE_INFINITY,
    answer: null,
    isAllowed: packetLimit(state.clock),
  }
  const trouble = state.around((error: NodeJS.ErrnoException) => {
    // Many systems have no IPv6 multicast on loopback, and nobody misses it.
    if (local.isInternal) return
    tellOnce(state, error, `mDNS does not work on ${local.name} (${local.addresses[0]})`)
  })
  try {
    voice.socket = state.open(local, {
      ready: state.around(() => {
        voice.isReady = true
        ask(state, voice)
      }),
      heard: state.around((bytes, source) => hear(state, voice, bytes, source)),
      trouble,
    })
  } catch (error) {
    trouble(error as NodeJS.ErrnoException)
  }
  return voice
}

function silence({ socket, answer }: Voice): void {
  answer?.cancel()
  socket?.close()
}

function ask({ clock }: State, voice: Voice): void {
  voice.triedAtMs = clock.nowMs()
  voice.socket?.send(encodeQuestion(MDNS_SERVICE))
}

/** A source that has used up its own share takes nothing from the share of all. */
function packetLimit(clock: Clock): (source: string) => boolean {
  const each = createTokenBuckets<string>(clock, {
    max: MDNS_SOURCE_BURST_MAX,
    intervalMs: 1000 / MDNS_SOURCE_PER_SECOND_MAX,
    keysMax: SOURCES_COUNTED_MAX,
  })
  const all = createTokenBucket({
    capacity: MDNS_BURST_MAX,
    intervalMs: 1000 / MDNS_PER_SECOND_MAX,
    debtMax: 0,
  })
  return source => each.take(source) && all.take(1, clock.nowMs())
}

function hear(state: State, voice: Voice, bytes: Uint8Array, source: string): void {
  if (!voice.isAllowed(source)) return
  const packet = decodePacket(bytes)
  if (packet === null) return
  if (asksFor(packet, MDNS_SERVICE)) answerSoon(state, voice)
  const claim = claimOf(packet, MDNS_SERVICE)
  if (claim === null || claim.name === state.name) return
  const { local } = voice
  state.found(
    claim.id,
    claim.addresses.map(address => throughZone(address, local)),
    local,
    source,
  )
}

/** RFC 6762, section 6: the same answer at most once a second, to however many questions. */
function answerSoon(state: State, voice: Voice): void {
  if (voice.answer !== null) return
  const { clock } = state
  const give = (): void => {
    voice.answer = null
    const addresses = state.addresses(voice.local)
    if (addresses.length === 0) return
    voice.answeredAtMs = clock.nowMs()
    voice.socket?.send(encodeAnswer(MDNS_SERVICE, state.name, addresses))
  }
  const waitMs = voice.answeredAtMs + MDNS_ANSWER_INTERVAL_MS - clock.nowMs()
  if (waitMs <= 0) give()
  else voice.answer = clock.after(waitMs, state.around(give))
}

/** A link-local IPv6 address is one of the network that it was heard on. */
function throughZone(address: Multiaddr, { zone }: LocalInterface): Multiaddr {
  const [, host = ''] = /^\/ip6\/([^/]+)/.exec(String(address)) ?? []
  return needsZone(host) ? multiaddr(`/ip6zone/${zone}${address}`) : address
}
