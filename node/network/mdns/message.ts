/**
 * The packets of mDNS, as libp2p specifies them (https://github.com/libp2p/specs/blob/master/discovery/mdns.md): a
 * question for the pointers of a service; an answer of one pointer, and one text for each address. What arrives is
 * anyone's.
 */
import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  type DecodedPacket,
  decode,
  encode,
  type TxtAnswer,
} from 'dns-packet'
import { ADDRESSES_FOUND_MAX } from '../constants.ts'

const TTL_SECONDS = 120
const PREFIX = 'dnsaddr='
/** RFC 6763, section 6.1. */
const TEXT_BYTES_MAX = 255

/** Null if it is no packet of DNS. */
export function decodePacket(bytes: Uint8Array): DecodedPacket | null {
  try {
    return decode(Buffer.from(bytes))
  } catch {
    return null
  }
}

export function encodeQuestion(service: string): Uint8Array {
  return encode({ type: 'query', questions: [{ name: service, type: 'PTR' }] })
}

export function asksFor({ type, questions = [] }: DecodedPacket, service: string): boolean {
  return type === 'query' && questions.some(({ name, type: asked }) => name === service && asked === 'PTR')
}

/**
 * @param name the answer's own, one label
 * @param addresses multiaddrs with the peer id; those that are too long for a text are left out
 */
export function encodeAnswer(service: string, name: string, addresses: readonly string[]): Uint8Array {
  const full = `${name}.${service}`
  const texts = addresses
    .map(address => `${PREFIX}${address}`)
    .filter(text => text.length <= TEXT_BYTES_MAX)
    .slice(0, ADDRESSES_FOUND_MAX)
  const common = { class: 'IN', ttl: TTL_SECONDS } as const
  return encode({
    type: 'response',
    flags: AUTHORITATIVE_ANSWER,
    answers: [
      { ...common, name: service, type: 'PTR', data: full },
      ...texts.map(data => ({ ...common, name: full, type: 'TXT' as const, data })),
    ],
  })
}

/** What an answer says: a peer is at these addresses, given without its id. */
interface Claim {
  /** The answer's own name. */
  readonly name: string
  readonly id: PeerId
  readonly addresses: readonly Multiaddr[]
}

/** Null if it is no answer for this service, or names no peer. */
export function claimOf(packet: DecodedPacket, service: string): Claim | null {
  const { type, answers = [], additionals = [] } = packet
  if (type !== 'response') return null
  const pointer = answers.find(answer => answer.type === 'PTR' && answer.name === service)
  if (pointer?.type !== 'PTR' || !pointer.data.endsWith(`.${service}`)) return null
  const told = [...answers, ...additionals].filter(isText).flatMap(textsOf).slice(0, ADDRESSES_FOUND_MAX)
  const pairs = told.flatMap(text => addressOf(text) ?? [])
  const id = pairs[0]?.id
  if (id === undefined) return null
  return {
    name: pointer.data.slice(0, -service.length - 1),
    id,
    addresses: pairs.filter(pair => pair.id.equals(id)).map(({ address }) => address),
  }
}

const isText = (answer: Answer): answer is TxtAnswer => answer.type === 'TXT'

function textsOf({ data }: TxtAnswer): readonly string[] {
  return [data].flat().flatMap(each => {
    const text = each.toString()
    return text.startsWith(PREFIX) ? [text.slice(PREFIX.length)] : []
  })
}

function addressOf(text: string): { readonly id: PeerId; readonly address: Multiaddr } | null {
  const [, bare, id] = /^(\/.+)\/p2p\/([^/]+)$/.exec(text) ?? []
  if (bare === undefined || id === undefined) return null
  try {
    return { id: peerIdFromString(id), address: multiaddr(bare) }
  } catch {
    return null
  }
}
