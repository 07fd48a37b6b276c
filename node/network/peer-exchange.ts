/**
 * Asks connected members for the addresses of missing ones, and answers such questions.
 *
 * Members pass on libp2p's signed peer records. Each member seals its own (in `identify`); the peers that it connects
 * to keep the newest, and hand it on to members that ask. So nobody can lie about the address of another. A member can
 * only withhold a record or repeat an old one, and then the next member is asked. If nobody is missing, nothing is
 * sent.
 */
import type { Connection, PeerStore, Stream } from '@libp2p/interface'
import type { FaultKind, PeerIndex } from '../../agreement/protocol.ts'
import type { Clock, Frame, Timer } from '../ports.ts'
import type { Boundary } from './boundary.ts'
import * as limits from './constants.ts'
import { wholeFrame } from './framing.ts'
import type { Members } from './members.ts'
import {
  type AddressRecord,
  decodeAnswer,
  decodeQuestion,
  encodeAnswer,
  encodeQuestion,
} from './peer-exchange-message.ts'
import { openWire, type WireEvents } from './wire.ts'

export interface PeerExchange {
  /** A member could not be reached: asks the next connected member, now or when its time has come. */
  ask(): void
  /** A member asks. */
  answer(stream: Stream, from: PeerIndex): void
  stop(): void
}

interface PeerExchangeOptions {
  readonly clock: Clock
  readonly members: Members
  readonly store: Pick<PeerStore, 'has' | 'get' | 'consumePeerRecord'>
  /** Members that are missing. */
  readonly missing: () => readonly PeerIndex[]
  /** Connected members, with their connections. */
  readonly present: () => ReadonlyMap<PeerIndex, { readonly connection: Connection }>
  /** A newer record of this member has come. */
  readonly learnt: (peer: PeerIndex, from: PeerIndex) => void
  readonly fault: (peer: PeerIndex, kind: FaultKind, detail: string) => void
  /** The boundary of this member's connections. */
  readonly boundary: (peer: PeerIndex) => Boundary
}

export function createPeerExchange(options: PeerExchangeOptions): PeerExchange {
  const { clock, missing, present } = options
  const answeredMs = new Map<PeerIndex, number>()
  let askedMs = -Infinity
  let asking = false
  let timer: Timer | null = null
  /** The member that was asked last: members are asked in turn. */
  let last = -1

  const next = (): PeerIndex | undefined => {
    const peers = [...present().keys()].sort((a, b) => a - b)
    return peers.find(peer => peer > last) ?? peers[0]
  }
  const ask = (): void => {
    if (asking || timer !== null) return
    const waitMs = askedMs + limits.PEER_EXCHANGE_INTERVAL_MS - clock.nowMs()
    if (waitMs > 0) {
      timer = clock.after(waitMs, () => {
        timer = null
        ask()
      })
      return
    }
    const about = missing().slice(0, limits.RECORDS_MAX)
    const from = next()
    if (about.length === 0 || from === undefined) return
    asking = true
    askedMs = clock.nowMs()
    last = from
    options.boundary(from).around(() =>
      question(options, from, about).finally(() => {
        asking = false
      }),
    )()
  }
  return {
    ask,
    answer(stream, from) {
      const isEarly =
        clock.nowMs() < (answeredMs.get(from) ?? -Infinity) + limits.PEER_EXCHANGE_INTERVAL_MS / 2
      if (isEarly || !present().has(from)) return stream.abort(new Error('not now'))
      answeredMs.set(from, clock.nowMs())
      answer(options, stream, from)
    },
    stop() {
      timer?.cancel()
      timer = null
      askedMs = Number.POSITIVE_INFINITY
    },
  }
}

async function question(
  options: PeerExchangeOptions,
  from: PeerIndex,
  about: readonly PeerIndex[],
): Promise<void> {
  const connection = options.present().get(from)?.connection
  if (connection === undefined) return
  const signal = AbortSignal.timeout(limits.NEGOTIATION_TIMEOUT_MS)
  // A member that does not know this protocol, or is gone, gives no answer.
  const stream = await connection.newStream(limits.PEER_EXCHANGE_PROTOCOL, { signal }).catch(() => null)
  if (stream === null) return
  const records = await answerOn(options, stream, from, about)
  // One after the other: each is verified, and nobody waits for the rest.
  for (const { peer, record } of records)
    if (about.includes(peer) && (await isNews(options, from, peer, record))) options.learnt(peer, from)
}

function answerOn(
  { clock, fault, boundary }: PeerExchangeOptions,
  stream: Stream,
  from: PeerIndex,
  about: readonly PeerIndex[],
): Promise<readonly AddressRecord[]> {
  const { promise, resolve } = Promise.withResolvers<readonly AddressRecord[]>()
  const inside = boundary(from)
  const events: WireEvents = {
    frame: () =>
      wholeFrame(frame => {
        const records = decodeAnswer(frame)
        if (records === null) fault(from, 'malformed', 'its answer about addresses cannot be read')
        resolve(records ?? [])
        void wire.close()
      }),
    drained() {},
    closed(reason, kind) {
      timer.cancel()
      if (kind !== undefined) fault(from, kind, reason)
      resolve([])
    },
  }
  const wire = openWire(stream, wireLimits(limits.ANSWER_BYTES_MAX), events, inside)
  const timer = clock.after(
    limits.HELLO_TIMEOUT_MS,
    inside.around(() => wire.abort('no answer')),
  )
  wire.send(encodeQuestion(about))
  return promise
}

async function isNews(
  { members, store, fault }: PeerExchangeOptions,
  from: PeerIndex,
  peer: PeerIndex,
  record: Uint8Array,
): Promise<boolean> {
  try {
    return await store.consumePeerRecord(record, { expectedPeer: members.ids[peer]! })
  } catch {
    // An honest member verifies a record before it passes it on.
    fault(
      from,
      'bad-signature',
      `the addresses that it passed on for ${members.nameOf(peer)} are not signed by it`,
    )
    return false
  }
}

function answer(options: PeerExchangeOptions, stream: Stream, from: PeerIndex): void {
  const { clock, members, fault } = options
  const boundary = options.boundary(from)
  let isAsked = false
  const answerTo = (frame: Frame) => {
    if (isAsked) return wire.abort('it asked a second question on one stream')
    isAsked = true
    const peers = decodeQuestion(frame, members.ids.length)
    if (peers === null) {
      fault(from, 'malformed', 'its question for addresses cannot be read')
      wire.abort('no question')
      return
    }
    recordsOf(options, peers)
      .then(records => {
        wire.send(encodeAnswer(records))
        return wire.close()
      })
      .catch(() => wire.abort('no answer'))
  }
  const events: WireEvents = {
    frame: () => wholeFrame(answerTo),
    drained() {},
    closed(reason, kind) {
      timer.cancel()
      if (kind !== undefined) fault(from, kind, reason)
    },
  }
  const wire = openWire(stream, wireLimits(limits.HELLO_BYTES_MAX), events, boundary)
  const timer = clock.after(
    limits.HELLO_TIMEOUT_MS,
    boundary.around(() => wire.abort('no question')),
  )
}

/** The known records, as many as fit into an answer. */
async function recordsOf(
  { members, store }: PeerExchangeOptions,
  peers: readonly PeerIndex[],
): Promise<readonly AddressRecord[]> {
  const records: AddressRecord[] = []
  let room = limits.ANSWER_BYTES_MAX
  for (const peer of new Set(peers)) {
    const id = members.ids[peer]!
    // Nobody helps to find a member that was cut off.
    if (members.indexOf(id) === undefined || !(await store.has(id))) continue
    const record = (await store.get(id)).peerRecordEnvelope
    const size = (record?.length ?? 0) + limits.RECORD_OVERHEAD_BYTES
    if (record === undefined || record.length > limits.RECORD_BYTES_MAX || size > room) continue
    room -= size
    records.push({ peer, record })
  }
  return records
}

const wireLimits = (receivedBytesMax: number) => ({
  frameBytesMax: limits.ANSWER_BYTES_MAX,
  helloBytesMax: receivedBytesMax,
  queueBytesMax: limits.ANSWER_BYTES_MAX,
})
