/**
 * The messages of the peer exchange, in which two members tell each other where the others are: one question and one
 * answer, on a stream of its own.
 *
 *   message Question {
 *     repeated uint32 peer = 1 [packed = true];  // members that the asker misses
 *   }
 *   message Answer {
 *     repeated Entry entry = 1;
 *   }
 *   message Entry {
 *     uint32 peer = 1;
 *     bytes record = 2;  // libp2p's signed peer record (RFC 0003), as that member sealed it
 *   }
 *
 * Only members that have admitted each other ask and answer, so that an index means the same to both.
 */
import type { PeerIndex } from '../../agreement/protocol.ts'
import {
  messageBytes,
  putBytes,
  putInteger,
  putNested,
  putPacked,
  readFields,
  readInteger,
  readPacked,
} from '../codec/fields.ts'
import type { Frame } from '../ports.ts'
import { RECORD_BYTES_MAX, RECORDS_MAX } from './constants.ts'

export interface AddressRecord {
  readonly peer: PeerIndex
  /** The envelope: addresses, a sequence number, and the signature of the member that they belong to. */
  readonly record: Uint8Array
}

export function encodeQuestion(peers: readonly PeerIndex[]): Frame {
  return [messageBytes(output => putPacked(output, 1, peers))]
}

/** Null if the frame is not a question about members of a cohort of this size. */
export function decodeQuestion(frame: Frame, members: number): readonly PeerIndex[] | null {
  let peers: readonly PeerIndex[] = []
  return decoded(frame, (field, input) => {
    if (field !== 1) return false
    peers = readPacked(input.bytes())
    return true
  }) &&
    peers.length <= RECORDS_MAX &&
    peers.every(peer => peer < members)
    ? peers
    : null
}

export function encodeAnswer(records: readonly AddressRecord[]): Frame {
  return [
    messageBytes(output => {
      for (const { peer, record } of records)
        putNested(output, 1, nested => {
          putInteger(nested, 1, peer)
          putBytes(nested, 2, record)
        })
    }),
  ]
}

/** Null if the frame is not an answer, or too long for one. The records are not verified. */
export function decodeAnswer(frame: Frame): readonly AddressRecord[] | null {
  const records: AddressRecord[] = []
  const isAnswer = decoded(frame, (field, input) => {
    if (field !== 1) return false
    records.push(decodeEntry(input.bytes()))
    return true
  })
  const fits =
    records.length <= RECORDS_MAX && records.every(({ record }) => record.length <= RECORD_BYTES_MAX)
  return isAnswer && fits ? records : null
}

function decodeEntry(bytes: Uint8Array): AddressRecord {
  let peer = 0
  let record = new Uint8Array()
  readFields(bytes, (field, input) => {
    if (field === 1) peer = readInteger(input)
    else if (field === 2) record = Uint8Array.from(input.bytes())
    else return false
    return true
  })
  return { peer, record }
}

function decoded(frame: Frame, take: Parameters<typeof readFields>[1]): boolean {
  try {
    readFields(Buffer.concat(frame), take)
    return true
  } catch {
    return false
  }
}
