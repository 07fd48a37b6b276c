/** comparative-gradient-elimination §3: five gradient filters, five faults, batch sizes, numbers of faults, averaging. */
import { attackNamed } from '../../../learning/attacks/registry.ts'
import { defineExperiment } from '../experiment.ts'
import { runOnServer } from '../on-server.ts'
import { judge } from './cge-findings.ts'
import { type CgeConfig, configurations, WORKERS } from './cge-plan.ts'

export const cge = defineExperiment<CgeConfig>({
  name: 'cge',
  title: 'Comparative gradient elimination',
  source: 'comparative-gradient-elimination, §3',
  summary: 'CGE beside four filters under five faults; larger batches and gradient averaging help',
  claim: [
    'Ten agents learn MNIST with LeNet (431,080 parameters) by stochastic gradient descent, η = 0.1, f of them faulty. With f = 1 and batches of 16 all five filters (geometric median, median of means, CWTM, multi-Krum with m = 2, CGE) converge under all five faults, and CGE is consistently good.',
    'Fault-tolerance deteriorates with f and improves with the batch size (16, 64).',
    'Averaging each agent’s gradients over time, hₜ = αhₜ₋₁ + (1 − α)gₜ (§3.5), improves it, most of all against coordinate-wise faults.',
  ],
  needsData: true,
  configurations,
  cost: ({ steps, batch, model }) => steps * (model === 'lenet' ? 10 * batch : 60 + batch),
  run(config, context) {
    const { model, fault, faulty } = config
    return runOnServer(
      {
        ...config,
        workers: WORKERS,
        maxFaulty: faulty,
        momentum: 0,
        clip: null,
        weightDecay: 0,
        // If there is one faulty agent, it is agent 1 in the paper; identities matter to no filter except MoM.
        liars: Array.from({ length: faulty }, (_, i) => i),
        attack: fault === null ? null : attackNamed(fault),
        every: model === 'lenet' ? 25 : 20,
        examples: model === 'lenet' ? 2000 : 1000,
      },
      context,
    )
  },
  judge,
})
