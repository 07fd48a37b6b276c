/** The experiments by name. To add one: write its file in experiments/ and name it here and in names.ts. */
import type { Experiment } from './experiment.ts'
import { cge } from './experiments/cge.ts'
import { learnTheorem } from './experiments/learn-theorem.ts'
import { lenet } from './experiments/lenet.ts'
import { linearRegression } from './experiments/linear-regression.ts'
import { peerToPeer } from './experiments/peer-to-peer.ts'
import { redundancy } from './experiments/redundancy.ts'
import { resam } from './experiments/resam.ts'

export const experiments: readonly Experiment[] = [
  redundancy,
  linearRegression,
  cge,
  lenet,
  resam,
  peerToPeer,
  learnTheorem,
]

export function experimentNamed(name: string): Experiment | undefined {
  return experiments.find(experiment => experiment.name === name)
}
