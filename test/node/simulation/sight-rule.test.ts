/** The rule that liars search against is the one that honest peers then use: the first iteration's, where there is one. */
import test from 'ava'
import type { Vector } from '../../../agreement/vector.ts'
import { attackNamed } from '../../../learning/attacks/registry.ts'
import { runningCohort, smallCohort } from './small-cohort.ts'

for (const gradientRule of [undefined, 'nnm+cwtm', 'nnm'])
  test(`mda, ${gradientRule ?? 'nothing'} first: what search foresaw of both agreements is what honest peers made of them`, t => {
    const named = attackNamed('search')
    const foreseen = new Map<string, Vector>()
    let from: readonly Vector[] = []
    const attack = {
      ...named,
      forge(sight: Parameters<typeof named.forge>[0]) {
        const lie = named.forge(sight)!
        foreseen.set(sight.slot.phase, sight.rule([...sight.honest, lie]))
        if (sight.slot.phase === 'parameters') from = sight.honest
        return lie
      },
    }
    const small = smallCohort({
      peers: 7,
      faults: 1,
      protocol: 'mda',
      steps: 1,
      syncMs: 1,
      byzantine: { peers: [6], attack },
    })
    // All peers wait for all seven, and vectors go as they are.
    const cohort = {
      ...small.cohort,
      graceMs: 1000,
      precision: 'f32' as const,
      momentum: 0,
      clip: null,
      ...(gradientRule && { gradientRule }),
    }
    const honest = [0, 1, 2, 3, 4, 5]
    const run = runningCohort({ ...small, cohort, noise: 0.5 }, honest)
    t.deepEqual(run.finish(), [])
    const gradient = foreseen.get('gradient')!
    for (const moved of from)
      for (const [i, value] of moved.entries())
        t.true(Math.abs(value + cohort.rate * gradient[i]!) < 1e-6, 'each descended from zero along it')
    for (const peer of honest) t.deepEqual(run.cluster.results[peer], foreseen.get('parameters'))
  })
