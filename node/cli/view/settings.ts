/** What the first line of a run says of its settings. */
import type { Cohort } from '../../cohort/cohort.ts'
import { protocolText, topologyText } from '../../cohort/gossip.ts'
import { reportedData } from '../../daemon/report.ts'
import { counted } from './format.ts'

/** "of whom 1 may be faulty", "of whose neighbours 1 may be faulty". */
export function faultyText({ faults, topology }: Pick<Cohort, 'faults' | 'topology'>): string {
  return `of ${topology === undefined ? 'whom' : 'whose neighbours'} ${faults} may be faulty`
}

/** "mda", "gossip monna over regular:6". */
export function protocolOver(cohort: Pick<Cohort, 'protocol' | 'topology' | 'rule'>): string {
  const { topology } = cohort
  return `${protocolText(cohort)}${topology === undefined ? '' : ` over ${topologyText(topology)}`}`
}

/** "7 vectors awaited, gradients in bf16, 2 local steps a step, vectors by digest"; but for the last what is as usual is left out. */
export function travelText({
  quorum,
  precision = 'f32',
  localSteps = 1,
  gradientRule,
  exchange = 'whole',
}: Pick<Cohort, 'quorum' | 'precision' | 'localSteps' | 'gradientRule' | 'exchange'>): string {
  return [
    ...(quorum === undefined ? [] : [`${counted(quorum, 'vector')} awaited`]),
    ...(precision === 'f32' ? [] : [`gradients in ${precision}`]),
    ...(localSteps === 1 ? [] : [`${localSteps} local steps a step`]),
    ...(gradientRule === undefined ? [] : [`${gradientRule} first on gradients`]),
    exchange === 'whole' ? 'vectors whole' : 'vectors by digest',
  ].join(', ')
}

/** "100 steps of mlp on digits (iid), seed 1"; "100 steps of external (no --data), seed 1". */
export function learningText(
  cohort: Pick<Cohort, 'steps' | 'model' | 'seed'>,
  data: string,
  partition: string,
): string {
  const { steps, model, seed } = cohort
  const from = reportedData(cohort, data) === null ? '(no --data)' : `on ${data} (${partition})`
  return `${counted(steps, 'step')} of ${model} ${from}, seed ${seed}`
}
