/** Cohorts for tests: members with keys from small seeds, and settings that are all of them sound. */
import type { Cohort, Member } from '../../node/cohort/cohort.ts'
import { checkCohort } from '../../node/cohort/file.ts'
import { identityFromSeed } from '../../node/cohort/identity.ts'

export function memberId(number: number): string {
  return identityFromSeed(new Uint8Array(32).fill(number + 1)).id
}

export function members(count: number): readonly Member[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `peer-${i}`,
    id: memberId(i),
    addresses: [`/ip4/127.0.0.1/tcp/${4000 + i}`],
  }))
}

/** Seven members that run MDA with one fault; `changes` on top. */
export function cohortDocument(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    name: 'test',
    members: members(7),
    faults: 1,
    protocol: 'mda',
    steps: 10,
    model: 'softmax',
    rate: 0.1,
    batch: 8,
    seed: 1,
    ...changes,
  }
}

export function testCohort(changes: Readonly<Record<string, unknown>> = {}): Cohort {
  return checkCohort(cohortDocument(changes), 'test')
}
