/** Which checkers have nothing to hold a protocol to, because nothing is known of it. */
import type { ProtocolName } from '../../agreement/bounds.ts'
import { protocolNamed } from '../../agreement/protocols/registry.ts'

/** Names of checkers that are left out of runs with this protocol; empty for ours. */
export function uncheckedOf(protocol: ProtocolName): readonly string[] {
  const { guarantees, needed, create } = protocolNamed(protocol)
  if (guarantees !== null) return []
  if (create !== undefined)
    return ['averaging agreement', 'reliable broadcast', 'accusations', 'traffic', 'termination']
  // The exchange is one of ours, and ends as it always does if no more than n − f vectors are waited for.
  return needed === undefined ? ['averaging agreement'] : ['averaging agreement', 'termination']
}
