/**
 * The averaging agreements by name: ours, each an entry of its own, and those that a program has added. A name means
 * the entry here, wherever a protocol is named.
 */
import { CodedError } from '../error.ts'
import {
  isKnownProtocol,
  type KnownProtocol,
  type OwnProtocolName,
  type ProtocolName,
  protocolNames,
} from '../protocol-names.ts'
import { boxGeom, boxMean } from './box.ts'
import { cva } from './cva.ts'
import type { AveragingProtocol } from './entry.ts'
import { icwtm } from './icwtm.ts'
import { mda } from './mda.ts'
import { mean } from './mean.ts'
import { rbTm } from './rb-tm.ts'

/** No protocol has this name, or another one has it already. */
export class ProtocolError extends CodedError<'PROTOCOL_UNKNOWN' | 'PROTOCOL_TAKEN'> {
  override readonly name = 'ProtocolError'
}

const ours: Readonly<Record<KnownProtocol, AveragingProtocol>> = {
  mda,
  cva,
  icwtm,
  'rb-tm': rbTm,
  'box-geom': boxGeom,
  'box-mean': boxMean,
  mean,
}

/** Those of this process's programs. A name stands for one protocol as long as the process lives. */
const added = new Map<string, AveragingProtocol>()

/** The protocol of this name. @throws ProtocolError PROTOCOL_UNKNOWN */
export function protocolNamed(name: ProtocolName): AveragingProtocol {
  const found = isKnownProtocol(name) ? ours[name] : added.get(name)
  if (found !== undefined) return found
  throw new ProtocolError(
    'PROTOCOL_UNKNOWN',
    `no averaging agreement is called ${JSON.stringify(name)}; there are ${[...protocolNames, ...added.keys()].join(', ')}`,
  )
}

/** Whether a protocol of this name is on the list. */
export function hasProtocol(name: string): name is ProtocolName {
  return isKnownProtocol(name) || added.has(name)
}

/**
 * Puts a protocol on the list, so that its name can be used wherever a protocol is named. The same one may be added
 * again.
 * @throws ProtocolError PROTOCOL_TAKEN if another one has the name
 */
export function addProtocol(protocol: AveragingProtocol): void {
  const { name } = protocol
  const known = hasProtocol(name) ? protocolNamed(name) : protocol
  if (known !== protocol)
    throw new ProtocolError('PROTOCOL_TAKEN', `there is another averaging agreement called ${name}`)
  added.set(name, protocol)
}

/** Takes a protocol that was added off the list again. */
export function removeProtocol(name: OwnProtocolName): void {
  added.delete(name)
}

/** Whether vectors travel by reliable broadcast, as in RB-TM: votes on each, and anyone may be asked for it. */
export function isBroadcastBased(name: ProtocolName): boolean {
  return protocolNamed(name).form === 'broadcast'
}

/** Whether what is guaranteed is about every coordinate by itself (collaborative-learning, §6 and §7). */
export function isCoordinateWise(name: ProtocolName): boolean {
  return protocolNamed(name).guarantees?.coordinateWise ?? false
}
