/**
 * What an iteration costs on the wire among n honest peers: every author's vector once to each other peer, and for the
 * broadcast-based protocol an ECHO and a READY for each author, and a report, from each peer to each other.
 */
import { bytesOf, type Precision } from './precision.ts'
import type { ProtocolName } from './protocol-names.ts'

/** The traffic of one iteration among honest peers. */
export interface Traffic {
  /** Sent by all peers together, one for each recipient. */
  readonly messages: number
  /** Of all of them, headers included. */
  readonly bytes: number
}

/** Bytes around a vector: slot, signature, length. Measured on the wire format; a test compares them. */
const VECTOR_BYTES = 92
/** And, where it is not f32, its precision. */
const PRECISION_BYTES = 2
const ECHO_BYTES = 118
const READY_BYTES = 50
/** And a byte or two for each author listed. */
const REPORT_BYTES = 24

/** @param query.precision of the coordinates; absent: f32, 4 bytes each */
export function trafficOf({
  protocol,
  peers,
  dimension,
  precision = 'f32',
}: {
  readonly protocol: ProtocolName
  readonly peers: number
  readonly dimension: number
  readonly precision?: Precision
}): Traffic {
  const links = peers * (peers - 1)
  const vector = VECTOR_BYTES + (precision === 'f32' ? 0 : PRECISION_BYTES) + bytesOf(dimension, precision)
  if (protocol !== 'rb-tm') return { messages: links, bytes: links * vector }
  const votes = peers * (ECHO_BYTES + READY_BYTES)
  return { messages: links * (2 + 2 * peers), bytes: links * (vector + votes + REPORT_BYTES + peers) }
}
