/** What a demo needs before its first process: keys, free ports and a cohort file, in a folder that goes away again. */
import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Cohort, cohortId } from '../../cohort/cohort.ts'
import { checkCohort, formatCohort } from '../../cohort/file.ts'
import { createIdentity, writeIdentity } from '../../cohort/identity.ts'
import { writeNew } from '../../files/safe-open.ts'
import { addressOf, type Endpoint } from '../../network/endpoint.ts'
import { freePorts } from '../../network/free-ports.ts'
import type { Scenario } from '../options.ts'

export interface DemoFiles {
  readonly cohort: Cohort
  readonly cohortId: string
  readonly cohortPath: string
  /** By peer. */
  readonly identityPaths: readonly string[]
  remove(): Promise<void>
}

export async function setUp(
  { peers, settings }: Pick<Scenario, 'peers' | 'settings'>,
  over: Endpoint['over'],
): Promise<DemoFiles> {
  const folder = await mkdtemp(join(tmpdir(), 'concord-demo-'))
  // It holds private keys: whatever ends this process, they do not outlive it.
  const removeAtExit = () => rmSync(folder, { recursive: true, force: true })
  process.on('exit', removeAtExit)
  const remove = async () => {
    await rm(folder, { recursive: true, force: true })
    process.off('exit', removeAtExit)
  }
  try {
    const ports = await freePorts(peers)
    const identities = ports.map(createIdentity)
    const members = identities.map(({ id }, peer) => ({
      name: `peer ${peer}`,
      id,
      addresses: [addressOf({ family: 'ip4', host: '127.0.0.1', port: ports[peer]!, over })],
    }))
    const cohort = checkCohort({ name: 'demo', members, ...settings }, 'demo')
    const cohortPath = join(folder, 'cohort.yaml')
    const identityPaths = identities.map((_, peer) => join(folder, `peer-${peer}.pem`))
    await Promise.all([
      writeNew(cohortPath, formatCohort(cohort)),
      ...identities.map((identity, peer) => writeIdentity(identityPaths[peer]!, identity)),
    ])
    return { cohort, cohortId: cohortId(cohort), cohortPath, identityPaths, remove }
  } catch (error) {
    await remove()
    throw error
  }
}
