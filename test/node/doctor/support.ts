/** What the doctor's tests share: what it says to one member, and the other members, running for real. */
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { type Cohort, cohortId } from '../../../node/cohort/cohort.ts'
import { type Diagnosis, type DoctorOptions, examine } from '../../../node/doctor/doctor.ts'
import { addressOf, usesQuic } from '../../../node/network/endpoint.ts'
import { ignoredFrame } from '../../../node/network/framing.ts'
import { createNetwork } from '../../../node/network/index.ts'
import type { Place } from '../cli/places.ts'

/** What bob, member 1, is told. */
export async function asked(files: Place, changes: Partial<DoctorOptions> = {}): Promise<Diagnosis> {
  return examine({
    cohortPath: files.cohortPath,
    identityPath: files.identityPaths[1]!,
    mdns: false,
    data: null,
    software: 'test/1',
    listen: (cohort, self) => cohort.members[self]!.addresses,
    stateDirectory: () => join(files.folder, 'state'),
    isRunning: async () => false,
    timeoutMs: 2000,
    onFinding() {},
    ...changes,
  })
}

export const about = ({ findings }: Diagnosis, check: string) =>
  findings.find(finding => finding.check === check)

/** A member that runs, by its own cohort file. */
export async function running(
  t: ExecutionContext,
  files: Place,
  self: number,
  cohort: Cohort = files.cohort,
): Promise<void> {
  const over = usesQuic(files.cohort.members.flatMap(({ addresses }) => addresses)) ? 'quic' : 'tcp'
  const transport = await createNetwork({
    membership: {
      cohort,
      cohortId: cohortId(cohort),
      self: cohort.members.findIndex(({ id }) => id === files.identities[self]!.id),
    },
    seed: files.identities[self]!.seed,
    mdns: false,
    dimension: 10,
    software: 'test/1',
    listen: [
      addressOf({
        family: 'ip4',
        host: '127.0.0.1',
        port: files.ports[self]!,
        over,
      }),
    ],
  })
  transport.start({ connected() {}, disconnected() {}, frame: () => ignoredFrame, drained() {}, fault() {} })
  t.teardown(() => new Promise<void>(resolve => transport.stop(resolve)))
}
