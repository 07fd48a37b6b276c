/** The default addresses at which a peer listens, and the default folders for its state and its proofs. */
import { join, resolve } from 'node:path'
import type { Cohort } from '../cohort/cohort.ts'
import { addressOf, endpointOf } from '../network/endpoint.ts'

/** All addresses of this machine, at the ports that the cohort file gives this member; loopback stays loopback. */
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

/** The folder in which a peer remembers what it signed: beside its identity file, one for each cohort. */
export function stateBeside(identityPath: string, cohortId: string): string {
  return join(`${identityPath}.state`, cohortId.slice(0, 16))
}

/** The folder for proofs of equivocation: in the state directory, or, without one, in the working directory. */
export function evidenceFolderOf(stateDirectory: string | null): string {
  return stateDirectory === null ? resolve('.') : join(stateDirectory, 'evidence')
}
