/** A member of a small cohort, and what its peer knows about itself at some moment. */

import { cohortId, cohortSchema, type Membership } from '../../../../node/cohort/cohort.ts'
import { identityFromSeed } from '../../../../node/cohort/identity.ts'
import type { Present } from '../../../../node/daemon/status.ts'

const names = ['ada', 'bob', 'cleo', 'dora']

export const cohort = cohortSchema.parse({
  name: 'test',
  members: names.map((name, i) => ({ name, id: identityFromSeed(new Uint8Array(32).fill(i + 1)).id })),
  faults: 1,
  protocol: 'rb-tm',
  steps: 10,
  model: 'softmax',
  rate: 1,
  batch: 1,
  seed: 1,
})

/** The membership of bob. */
export const membership: Membership = { cohort, cohortId: cohortId(cohort), self: 1 }

export const present = (changes: Partial<Present> = {}): Present => ({
  step: 3,
  phase: 'gradient',
  computing: false,
  waitingFor: [],
  faults: [],
  convicted: [],
  arriving: [],
  messagesSent: 5,
  bytesSent: 1000,
  bytesReceived: 2000,
  links: cohort.members.map((_, peer) =>
    peer === 1
      ? null
      : {
          unacknowledged: peer,
          keptMessages: 1,
          keptBytes: 100,
          resentBytes: 0,
          withheld: 0,
          finished: false,
        },
  ),
  ...changes,
})
