/** RESAM §5, App. D: resilient rules and distributed momentum, each alone and both together, on MNIST. */
import { attackNamed } from '../../../learning/attacks/registry.ts'
import { defineExperiment } from '../experiment.ts'
import { runOnServer } from '../on-server.ts'
import { judge } from './resam-findings.ts'
import { BATCH, CLIP, configurations, DECAY, type ResamConfig, WORKERS } from './resam-plan.ts'

export const resam = defineExperiment<ResamConfig>({
  name: 'resam',
  title: 'Resilient averaging of momentums',
  source: 'resam, §5 and Appendix D (the feed-forward network of D.3)',
  summary: 'eight rules × four attacks × momentum 0 and 0.99: rule and momentum together always work',
  claim: [
    'Fifteen workers, five of them Byzantine, learn MNIST with a trusted server: batches of 25, γ = 0.5, gradients clipped to 2, ℓ₂ regularisation 10⁻⁴, 800 steps, seeds 1 to 5. Six rules are resilient averaging (MDA, CwTM, CwMed, Krum*, MeaMed, GM), two are not (CGE, CC); the attacks are empire, little, sign-flipping and label-flipping.',
    'A resilient rule with distributed momentum (β = 0.99) reaches about the accuracy of averaging without an attack, under every attack. Without momentum an attack can deteriorate each of them. Momentum alone does not suffice: CGE and CC display poor performance in at least one setting.',
  ],
  needsData: true,
  configurations,
  // Empire and little look at no gradient of the faulty workers.
  cost: ({ steps, attack, faults }) =>
    steps * (attack === 'empire' || attack === 'little' ? WORKERS - faults + 3 : WORKERS),
  run(config, context) {
    const { attack, steps, faults: faulty } = config
    return runOnServer(
      {
        ...config,
        workers: WORKERS,
        maxFaulty: faulty,
        batch: BATCH,
        clip: CLIP,
        weightDecay: DECAY,
        liars: Array.from({ length: faulty }, (_, i) => WORKERS - faulty + i),
        attack: attack === null ? null : attackNamed(attack),
        averaging: 0,
        every: steps <= 300 ? 25 : 50,
        examples: steps <= 300 ? 2000 : 10_000,
      },
      context,
    )
  },
  judge,
})
