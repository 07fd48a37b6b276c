/** comparative-gradient-elimination §3: five gradient filters, five faults, batch sizes, numbers of faults, averaging. */
import { attackOf, defineSweepExperiment, ruleKeyOf, settingsOf } from '../sweep-experiment.ts'
import { type CgeConfig, judge } from './cge-findings.ts'

export const cge = defineSweepExperiment<CgeConfig>({
  name: 'cge',
  title: 'Comparative gradient elimination',
  source: 'comparative-gradient-elimination, §3',
  summary: 'CGE beside four filters under five faults; larger batches and gradient averaging help',
  claim: [
    'Ten agents learn MNIST with LeNet (431,080 parameters) by stochastic gradient descent, η = 0.1, f of them faulty. With f = 1 and batches of 16 all five filters (geometric median, median of means, CWTM, multi-Krum with m = 2, CGE) converge under all five faults, and CGE is consistently good.',
    'Fault-tolerance deteriorates with f and improves with the batch size (16, 64).',
    'Averaging each agent’s gradients over time, hₜ = αhₜ₋₁ + (1 − α)gₜ (§3.5), improves it, most of all against coordinate-wise faults.',
  ],
  on: 'first',
  configOf: cell => ({
    ...settingsOf(cell, 'partition', 'batch', 'averaging', 'rate', 'missing'),
    ...ruleKeyOf(cell),
    fault: attackOf(cell),
    faulty: Number(cell.settings.faults),
  }),
  cost: ({ steps, batch, model }) => steps * (model === 'lenet' ? 10 * batch : 60 + batch),
  examples: ({ model }) => (model === 'lenet' ? 2000 : 1000),
  judge,
})
