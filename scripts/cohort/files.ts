/**
 * The files of a cohort of real processes: keys, a cohort file, and a folder for everything, which is removed at the
 * end.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cohort } from '../../node/cohort/cohort.ts'
import { checkCohort, formatCohort } from '../../node/cohort/file.ts'
import { createIdentity, type Identity, writeIdentity } from '../../node/cohort/identity.ts'

/** The cohort of a test, but for its members. */
export type CohortSettings = Pick<
  Cohort,
  'protocol' | 'faults' | 'steps' | 'model' | 'rate' | 'batch' | 'seed'
> &
  Partial<Cohort>

export interface CohortFiles {
  readonly folder: string
  readonly cohort: Cohort
  readonly cohortPath: string
  readonly identities: readonly Identity[]
  /** By peer. */
  readonly identityPaths: readonly string[]
  remove(): Promise<void>
}

/** @param addresses of each peer; none if mDNS has to find it */
export async function makeCohort(
  name: string,
  peers: number,
  settings: CohortSettings,
  addresses: (peer: number) => readonly string[],
): Promise<CohortFiles> {
  const folder = await mkdtemp(join(tmpdir(), `concord-${name}-`))
  const identities = Array.from({ length: peers }, createIdentity)
  const members = identities.map(({ id }, peer) => ({ name: `peer-${peer}`, id, addresses: addresses(peer) }))
  const cohort = checkCohort({ name, members, ...settings }, name)
  const cohortPath = join(folder, 'cohort.yaml')
  const identityPaths = identities.map((_, peer) => join(folder, `peer-${peer}.pem`))
  await Promise.all([
    writeFile(cohortPath, formatCohort(cohort)),
    ...identities.map((identity, peer) => writeIdentity(identityPaths[peer]!, identity)),
  ])
  return {
    folder,
    cohort,
    cohortPath,
    identities,
    identityPaths,
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
