/** The addresses that an answer on one interface tells: those at which this peer can be reached there, and no others. */
import { addressOf, type Endpoint, endpointOf } from '../endpoint.ts'
import type { LocalInterface } from './interfaces.ts'

const ANYWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '::'])
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1'])

/**
 * Multiaddrs without the peer id.
 * @param listen as the peer was told, `/ip4/0.0.0.0/tcp/0`
 * @param listening libp2p's list of all addresses: it has the ports, but leaves out link-local addresses
 */
export function addressesAt(
  local: LocalInterface,
  listen: readonly string[],
  listening: readonly string[],
): readonly string[] {
  const anywhere = endpointsOf(listen).filter(({ host }) => ANYWHERE.has(host))
  const isAnywhere = (at: Endpoint) =>
    anywhere.some(
      ({ family, over, port }) =>
        family === at.family && over === at.over && (port === 0 || port === at.port),
    )
  const found = endpointsOf(listening).flatMap((at): readonly Endpoint[] => {
    if (at.family !== local.family) return []
    // Who listens everywhere listens on loopback too, which is never left out.
    if (LOOPBACK.has(at.host) && isAnywhere(at)) return local.addresses.map(host => ({ ...at, host }))
    return local.addresses.includes(at.host) ? [at] : []
  })
  return [...new Set(found.map(addressOf))]
}

const endpointsOf = (addresses: readonly string[]): readonly Endpoint[] =>
  addresses.flatMap(address => endpointOf(address) ?? [])
