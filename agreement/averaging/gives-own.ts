/**
 * When a rule gives a vector whatever the others are (docs/exchange.md): a peer whose own vector
 * is signed by so many authors needs no other.
 */
import type { ProtocolName } from '../protocol-names.ts'
import { protocolNamed } from '../protocols/registry.ts'
import type { Tally } from './family.ts'

/** Whether the protocol's rule gives this peer's own vector, wherever the other `total − equal` lie. */
export function givesOwn(protocol: ProtocolName, tally: Tally): boolean {
  return protocolNamed(protocol).givesOwn?.(tally) ?? false
}
