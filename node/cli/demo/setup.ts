/** What a demo needs before its first process: keys, free ports and a cohort file, in a folder that goes away again. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Cohort, cohortId } from '../../cohort.ts'
import { checkCohort, formatCohort } from '../../cohort-file.ts'
import { createIdentity, writeIdentity } from '../../identity.ts'
import type { Scenario } from '../options.ts'

export interface DemoFiles {
  readonly cohort: Cohort
  readonly cohortId: string
  readonly cohortPath: string
  /** By peer. */
  readonly identityPaths: readonly string[]
  remove(): Promise<void>
}

export async function setUp({ peers, settings }: Scenario): Promise<DemoFiles> {
  const folder = await mkdtemp(join(tmpdir(), 'concord-demo-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    const ports = await freePorts(peers)
    const identities = ports.map(createIdentity)
    const members = identities.map(({ id }, peer) => ({
      name: `peer-${peer}`,
      id,
      addresses: [`/ip4/127.0.0.1/tcp/${ports[peer]}`],
    }))
    const cohort = checkCohort({ name: 'demo', members, ...settings }, 'demo')
    const cohortPath = join(folder, 'cohort.yaml')
    const identityPaths = identities.map((_, peer) => join(folder, `peer-${peer}.pem`))
    await Promise.all([
      writeFile(cohortPath, formatCohort(cohort)),
      ...identities.map((identity, peer) => writeIdentity(identityPaths[peer]!, identity)),
    ])
    return { cohort, cohortId: cohortId(cohort), cohortPath, identityPaths, remove }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Ports of the loopback address that nobody has now; all are held until the last one is found. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      server.once('error', reject).listen(0, '127.0.0.1', resolve)
      await promise
      return server
    }),
  )
  const ports = servers.map(server => {
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  })
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  return ports
}
