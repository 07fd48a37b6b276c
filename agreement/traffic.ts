/**
 * What an iteration costs on the wire among n honest peers: every author's vector once to each other peer, and for the
 * broadcast-based protocol an ECHO and a READY for each author, and a report, from each peer to each other. By digest,
 * the vector is replaced by its digest, and follows where it is asked for.
 */
import { bytesOf, type Precision } from './precision.ts'
import type { ProtocolName } from './protocol-names.ts'
import { isBroadcastBased } from './protocols/registry.ts'

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
const DIGEST_BYTES = 130
const REQUEST_BYTES = 50
/** And a byte or two for each author listed. */
const REPORT_BYTES = 24

/** `least`: all peers hold the same vector. `most`: no two do, so that each asks all others. */
export interface TrafficByDigest {
  readonly least: Traffic
  readonly most: Traffic
}

/** The traffic of a step of LEARN, an iteration on gradients and one on parameters. */
export interface StepTraffic {
  readonly whole: Traffic
  readonly byDigest: TrafficByDigest
}

interface TrafficQuery {
  readonly protocol: ProtocolName
  readonly peers: number
  /** `d`. */
  readonly dimension: number
  /** Of the coordinates; absent: f32, 4 bytes each. */
  readonly precision?: Precision
}

/** An iteration in which vectors travel whole. */
export function trafficOf(query: TrafficQuery): Traffic {
  return allToAll(query, 1, vectorBytes(query))
}

/** An iteration by digest. */
export function trafficByDigest(query: TrafficQuery): TrafficByDigest {
  return {
    least: allToAll(query, 1, DIGEST_BYTES),
    most: allToAll(query, 3, DIGEST_BYTES + REQUEST_BYTES + vectorBytes(query)),
  }
}

/** Gradients travel in the precision, and always whole; parameters in f32, whole or by digest. */
export function stepTraffic({ precision = 'f32', ...query }: TrafficQuery): StepTraffic {
  const gradients = trafficOf({ ...query, precision })
  const { least, most } = trafficByDigest(query)
  return {
    whole: sum(gradients, trafficOf(query)),
    byDigest: { least: sum(gradients, least), most: sum(gradients, most) },
  }
}

function sum(a: Traffic, b: Traffic): Traffic {
  return { messages: a.messages + b.messages, bytes: a.bytes + b.bytes }
}

function vectorBytes({ dimension, precision = 'f32' }: TrafficQuery): number {
  return VECTOR_BYTES + (precision === 'f32' ? 0 : PRECISION_BYTES) + bytesOf(dimension, precision)
}

/** @param messages of an author's vector to each other peer, of this many bytes together */
function allToAll({ protocol, peers }: TrafficQuery, messages: number, bytes: number): Traffic {
  const links = peers * (peers - 1)
  if (!isBroadcastBased(protocol)) return { messages: links * messages, bytes: links * bytes }
  const votes = peers * (ECHO_BYTES + READY_BYTES)
  return {
    messages: links * (messages + 1 + 2 * peers),
    bytes: links * (bytes + votes + REPORT_BYTES + peers),
  }
}
