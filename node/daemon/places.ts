/** Where a peer listens, and keeps what it must not forget, unless it is told otherwise. */
import { join, resolve } from 'node:path'
import type { Cohort } from '../cohort/cohort.ts'
import { addressOf, endpointOf } from '../network/endpoint.ts'

/** On all of this machine's addresses, at the ports that the file gives this member; loopback stays loopback. */
export function ownPorts({ members }: Cohort, self: number): readonly string[] {
  const listen = members[self]!.addresses.flatMap(address => {
    const endpoint = endpointOf(address)
    if (endpoint === null) return []
    const { family, host } = endpoint
    if (host === '127.0.0.1' || host === '::1') return [addressOf(endpoint)]
    const anywhere = family === 'ip6' ? { family, host: '::' } : { family: 'ip4' as const, host: '0.0.0.0' }
    return [addressOf({ ...endpoint, ...anywhere })]
  })
  return listen.length > 0 ? [...new Set(listen)] : ANYWHERE
}

/** For a member without an address in the file. A machine without IPv6 listens on IPv4 alone. */
const ANYWHERE: readonly string[] = ['/ip4/0.0.0.0/tcp/0', '/ip6/::/tcp/0']

/** Where a peer remembers what it signed: beside its identity file, one folder for each cohort. */
export function stateBeside(identityPath: string, cohortId: string): string {
  return join(`${identityPath}.state`, cohortId.slice(0, 16))
}

/** Where a peer keeps proofs of equivocation: in its state directory, or, without one, in the working directory. */
export function evidenceFolderOf(stateDirectory: string | null): string {
  return stateDirectory === null ? resolve('.') : join(stateDirectory, 'evidence')
}
