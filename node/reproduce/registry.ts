/** The experiments by name. To add one: write its file in experiments/ and name it here. */
import type { Experiment } from './experiment.ts'
import { linearRegression } from './experiments/linear-regression.ts'
import { redundancy } from './experiments/redundancy.ts'

export const experiments: readonly Experiment[] = [redundancy, linearRegression]

export function experimentNamed(name: string): Experiment | undefined {
  return experiments.find(experiment => experiment.name === name)
}
