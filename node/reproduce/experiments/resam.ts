/** RESAM §5, App. D: resilient rules and distributed momentum, each alone and both together, on MNIST. */
import type { SweepDefinition } from '../../sweep/definition.ts'
import type { Settings } from '../experiment.ts'
import { attackOf, defineSweepExperiment, ruleKeyOf, settingsOf } from '../sweep-experiment.ts'
import { judge, type ResamConfig } from './resam-findings.ts'

export const resam = defineSweepExperiment<ResamConfig>({
  name: 'resam',
  title: 'Resilient averaging of momentums',
  source: 'resam, §5 and Appendix D (the feed-forward network of D.3)',
  summary: 'eight rules × four attacks × momentum 0 and 0.99: rule and momentum together always work',
  claim: [
    'Fifteen workers, five of them Byzantine, learn MNIST with a trusted server: batches of 25, γ = 0.5, gradients clipped to 2, ℓ₂ regularisation 10⁻⁴, 800 steps, seeds 1 to 5. Six rules are resilient averaging (MDA, CwTM, CwMed, Krum*, MeaMed, GM), two are not (CGE, CC); the attacks are empire, little, sign-flipping and label-flipping.',
    'A resilient rule with distributed momentum (β = 0.99) reaches about the accuracy of averaging without an attack, under every attack. Without momentum an attack can deteriorate each of them. Momentum alone does not suffice: CGE and CC display poor performance in at least one setting.',
  ],
  on: 'first',
  configOf: cell => ({
    ...settingsOf(cell, 'partition', 'momentum', 'faults', 'rate', 'missing'),
    ...ruleKeyOf(cell),
    attack: attackOf(cell),
    ...(cell.settings.augment !== undefined && { augment: String(cell.settings.augment) }),
  }),
  regrid,
  // Empire and little look at no gradient of the faulty workers.
  cost: ({ steps, attack, faults }) =>
    steps * (attack === 'empire' || attack === 'little' ? 18 - faults : 15),
  examples: ({ steps }) => (steps <= 300 ? 2000 : 10_000),
  judge,
})

/** What goes with each network (§5.1, App. D.3). */
const constants: Readonly<Record<string, Readonly<Record<string, string | number>>>> = {
  mlp: { rate: 0.5 },
  'resam-cnn': { rate: 0.75 },
  'resam-cifar': { rate: 0.25, peers: 25, batch: 50, clip: 5, weightDecay: 0.01, augment: 'mirror' },
}

/** Fashion-MNIST is horizontally flipped (D.2). */
function mirrored(sweep: SweepDefinition, { data }: Settings): SweepDefinition {
  if (!data[0]!.name.includes('fashion')) return sweep
  return { ...sweep, settings: { ...sweep.settings, augment: 'mirror' } }
}

/**
 * Another network, number of faults or momentum. With seven faults Multi-Krum* takes the place of Krum* (Figure 5). Figure
 * 4, CC with another momentum, belongs to the grid of Figures 1 and 3.
 */
function regrid(shipped: SweepDefinition, settings: Settings): SweepDefinition {
  const { grid, quick } = settings
  const sweep = mirrored(shipped, settings)
  if (grid === undefined) return sweep
  const { model, faults, momentum } = grid
  const axis = (name: string, values: readonly (string | number)[]) => ({
    name,
    choices: values.map(value => ({ name: value, settings: { [name]: value } })),
  })
  const momenta = [...new Set([0, momentum ?? 0.99])]
  const by = (value: (steps: number) => number) => ({
    by: 'momentum',
    values: Object.fromEntries(
      momenta.map(each => [String(each), value(stepsOf(quick, each, model === 'resam-cifar'))]),
    ),
  })
  return {
    ...sweep,
    settings: {
      ...sweep.settings,
      ...(model !== undefined && { model, ...constants[model] }),
      ...(faults !== undefined && { faults }),
      steps: by(steps => steps),
      evaluateEvery: by(steps => (steps <= 300 ? 25 : 50)),
    },
    axes: sweep.axes.map(each => {
      if (each.name === 'momentum') return axis('momentum', momenta)
      if (each.name !== 'rule' || faults !== 7) return each
      const rules = each.choices.map(({ name }) => (name === 'krum' ? 'multi-krum' : String(name)))
      return axis('rule', rules)
    }),
    include: [{ rule: ['mean'], attack: ['none'] }],
  }
}

/**
 * Quick runs without momentum have settled, or failed, long before those that first have to fill theirs. The larger the
 * momentum, the more steps that takes ("an even larger β and thus more learning steps", E.3, which gives no number).
 */
function stepsOf(quick: boolean, momentum: number, onCifar: boolean): number {
  if (onCifar && !quick) return 2500
  if (momentum > 0.99) return quick ? 600 : 2000
  return quick ? (momentum < 0.9 ? 150 : 300) : 800
}
