/** Folders with the files of a cohort on this machine: keys, free ports, a cohort file. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { Cohort } from '../../../node/cohort/cohort.ts'
import { checkCohort, formatCohort } from '../../../node/cohort/file.ts'
import { createIdentity, type Identity, writeIdentity } from '../../../node/cohort/identity.ts'
import { addressOf, type Endpoint } from '../../../node/network/endpoint.ts'
import { freePorts } from '../../../node/network/free-ports.ts'

export interface Place {
  readonly folder: string
  readonly cohort: Cohort
  readonly cohortPath: string
  readonly identities: readonly Identity[]
  /** By member. */
  readonly identityPaths: readonly string[]
  readonly ports: readonly number[]
}

/** Four members, one of whom may be faulty; `changes` to the cohort file. */
export async function place(
  t: ExecutionContext,
  changes: object = {},
  over: Endpoint['over'] = 'tcp',
): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const identities = ['ada', 'bob', 'cleo', 'dora'].map(createIdentity)
  const ports = await freePorts(4)
  const members = ['ada', 'bob', 'cleo', 'dora'].map((name, i) => ({
    name,
    id: identities[i]!.id,
    addresses: [addressOf({ family: 'ip4', host: '127.0.0.1', port: ports[i]!, over })],
  }))
  const settings = { faults: 1, protocol: 'rb-tm', steps: 3, model: 'softmax', rate: 0.1, batch: 16, seed: 1 }
  const cohort = checkCohort({ name: 'test', members, ...settings, ...changes }, 'test')
  const cohortPath = await writeCohort(folder, 'cohort.yaml', cohort)
  const identityPaths = members.map(({ name }) => join(folder, `${name}.pem`))
  await Promise.all(identities.map((identity, i) => writeIdentity(identityPaths[i]!, identity)))
  return { folder, cohort, cohortPath, identities, identityPaths, ports }
}

export async function writeCohort(folder: string, name: string, cohort: Cohort): Promise<string> {
  await writeFile(join(folder, name), formatCohort(cohort))
  return join(folder, name)
}
