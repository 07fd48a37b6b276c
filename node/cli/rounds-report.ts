/** What reports of a server and of gossip have in common: both learn in rounds, by whole vectors, without a cohort file. */
import { createHash } from 'node:crypto'
import type { Report } from '../daemon/report.ts'
import type { Scenario } from './options.ts'

/** @param kind what the id is a digest of, beside peers and settings */
export function roundsCohort(
  protocol: string,
  kind: readonly unknown[],
  { peers, settings }: Pick<Scenario, 'peers' | 'settings'>,
): Report['cohort'] {
  const { faults, schedule, model, batch, rate, momentum, steps, seed } = settings
  const id = createHash('sha256')
    .update(JSON.stringify([...kind, peers, settings]))
    .digest('hex')
  return {
    id,
    peers,
    faults,
    protocol,
    synchrony: 'synchronous',
    schedule,
    exchange: 'whole',
    precision: 'f32',
    localSteps: 1,
    model,
    batch,
    rate,
    momentum,
    steps,
    seed,
  }
}
