/**
 * `concord bounds resam`, `redundancy`, `cge`, `linear-regression`: the theorems behind the experiments of the same names,
 * with a trusted server.
 */
import { aggregator, rules } from '../../../agreement/rules/registry.ts'
import { DEFAULT_GOSSIP_RULE, gossipRules } from '../../../learning/gossip/rules.ts'
import { cgeBounds } from '../../../learning/theorems/cge.ts'
import { TheoremError } from '../../../learning/theorems/error.ts'
import { regressionBounds } from '../../../learning/theorems/linear-regression.ts'
import { type RedundancyBound, redundancyBounds } from '../../../learning/theorems/redundancy.ts'
import { resamBounds } from '../../../learning/theorems/resam.ts'
import { maybe, UsageError, type Values } from '../command.ts'
import { liarsOption } from '../liars.ts'
import { decimal, integer, largeInteger, offering, text } from '../parse.ts'
import { ruleName, runRule } from '../rule-options.ts'
import type { Terminal } from '../terminal.ts'
import { figure } from '../view/format.ts'
import { learnOptions } from './bounds-learn.ts'

export const theoremNames = ['learn', 'resam', 'redundancy', 'cge', 'linear-regression'] as const
type TheoremName = (typeof theoremNames)[number]

const rulesWithLambda = Object.keys(rules).filter(name => aggregator(name).resilience !== undefined)

const newOptions = {
  rule: maybe(
    '--rule <name>',
    'resam: the rule whose λ is used; with --topology: that of gossip',
    offering([...rulesWithLambda, ...Object.keys(gossipRules)], runRule),
    `mda; ${DEFAULT_GOSSIP_RULE}`,
  ),
  lambda: maybe('--lambda <λ>', 'resam: resilience coefficient', decimal({ min: 0 }), "the rule's"),
  steps: maybe('--steps <T>', 'resam: steps', largeInteger({ min: 1 }), 'the fewest that the theorem allows'),
  gradientNorm: maybe(
    '--gradient-norm <x>',
    'resam: of the gradient at the start',
    decimal({ min: 0 }),
    '√(2L·greatest loss)',
  ),
  convexity: maybe(
    '--convexity <γ>',
    'redundancy, cge: strong convexity, at most the smoothness',
    decimal({ above: 0 }),
    'the smoothness',
  ),
  dissimilarity: maybe(
    '--dissimilarity <λ>',
    'redundancy: how far two honest gradients differ, relative to the longer',
    decimal({ min: 0 }),
    '2, which holds for all',
  ),
  epsilon: maybe(
    '--epsilon <ε>',
    'redundancy: how far leaving out f costs moves the optimum; cge: a squared distance',
    decimal({ above: 0 }),
    'redundancy: 1; cge: none',
  ),
  costs: maybe(
    '--costs <file>',
    'redundancy: the costs of all agents, for the exhaustive algorithm of Theorem 2: .npy, .json or a module (docs/reproduce.md)',
    text,
  ),
  liars: {
    ...liarsOption,
    about: 'redundancy, with --costs: which agents lie, as 0,3, to see how far from the honest it ends',
    fallbackText: 'nobody',
  },
  rate: maybe('--rate <η>', 'cge: step size', decimal({ above: 0 }), 'half of the greatest'),
  samples: maybe('--samples <N>', 'linear-regression: of all machines', largeInteger({ min: 1 }), '1e9'),
  groups: maybe('--groups <k>', 'linear-regression: groups', integer({ min: 1 }), 'as many as machines'),
  alpha: maybe(
    '--alpha <α>',
    'linear-regression: share of groups that may be bad, above f/k and below ½',
    decimal({ above: 0, below: 0.5 }),
    'half way between',
  ),
  failure: maybe(
    '--failure <δ>',
    'linear-regression: probability that a group is bad',
    decimal({ above: 0, below: 1 }),
    'a tenth of what α allows',
  ),
  radius: maybe(
    '--radius <r>',
    'linear-regression: the search stays within r√d of the truth',
    decimal({ above: 0 }),
    '10',
  ),
} as const

/** Of `bounds`, where nothing is said. */
export const boundsDefaults = { peers: 7 } as const

/** Options of any of the theorems. */
export const theoremOptions = { ...learnOptions, ...newOptions } as const

type TheoremValues = Values<typeof theoremOptions>

const owners: Readonly<Record<keyof typeof theoremOptions, readonly TheoremName[]>> = {
  delta: ['learn'],
  smoothness: ['learn', 'resam', 'redundancy', 'cge'],
  heterogeneity: ['learn'],
  averagingConstant: ['learn'],
  deviation: ['learn', 'resam', 'cge'],
  decay: ['learn'],
  greatestLoss: ['learn', 'resam'],
  rule: ['resam'],
  lambda: ['resam'],
  steps: ['resam'],
  gradientNorm: ['resam'],
  convexity: ['redundancy', 'cge'],
  dissimilarity: ['redundancy'],
  epsilon: ['redundancy', 'cge'],
  costs: ['redundancy'],
  liars: ['redundancy'],
  rate: ['cge'],
  samples: ['linear-regression'],
  groups: ['linear-regression'],
  alpha: ['linear-regression'],
  failure: ['linear-regression'],
  radius: ['linear-regression'],
}

/** @throws UsageError for an option that belongs to other theorems than this; null: to none */
export function refuseStrayOptions(values: TheoremValues, theorem: TheoremName | null): void {
  for (const [name, value] of Object.entries(values) as [keyof TheoremValues, unknown][]) {
    if (value === null || (theorem !== null && owners[name].includes(theorem))) continue
    const flag = theoremOptions[name].flags.split(' ')[0]
    const expected = owners[name].map(owner => `"bounds ${owner}"`).join(' or ')
    throw new UsageError(`${flag} is for ${expected}; expected that, or no ${flag}`)
  }
}

/** How many there are, and how many of them may be faulty. */
interface Cohort {
  readonly peers: number
  readonly maxFaulty: number
  readonly dimension: number | null
}

type Line = readonly [name: string, value: number | string | null]

/** @throws UsageError where the theorem is not stated for these constants */
export function printTheorem(
  theorem: Exclude<TheoremName, 'learn'>,
  cohort: Cohort,
  values: TheoremValues,
  json: boolean,
  terminal: Terminal,
): void {
  const { title, problem, found, lines } = told(theorem, cohort, values)
  if (json) {
    const finite = Object.entries({ ...problem, ...found }).filter(([, value]) => typeof value !== 'function')
    const known = finite.map(([name, value]) => [name, value === Infinity ? null : value])
    terminal.json({ theorem, ...Object.fromEntries(known) })
    return
  }
  terminal.print(title)
  for (const [name, value] of lines) terminal.print(`  ${name.padEnd(27 + marksIn(name))}${figure(value)}`)
}

/** Signs that stand above another one, and take no column: the hat of `θ̂`. */
const marksIn = (text: string) => text.match(/\p{M}/gu)?.length ?? 0

interface Told {
  readonly title: string
  readonly problem: object
  readonly found: object
  readonly lines: readonly Line[]
}

function told(theorem: Exclude<TheoremName, 'learn'>, cohort: Cohort, values: TheoremValues): Told {
  try {
    switch (theorem) {
      case 'resam':
        return resam(cohort, values)
      case 'redundancy':
        return redundancy(cohort, values)
      case 'cge':
        return cge(cohort, values)
      case 'linear-regression':
        return linearRegression(cohort, values)
    }
  } catch (error) {
    if (error instanceof TheoremError) throw new UsageError(`bounds ${theorem}: ${error.message}`)
    throw error
  }
}

function resam({ peers, maxFaulty, dimension }: Cohort, values: TheoremValues): Told {
  const [smoothness, gap] = [values.smoothness ?? 1, values.greatestLoss ?? Math.LN10]
  const rule = ruleName(values.rule ?? 'mda', '--rule')
  const known = aggregator(rule).resilience
  if (values.lambda === null && known === undefined)
    throw new UsageError(`${rule} has no λ in RESAM's Table 1; expected --lambda, or another rule`)
  const lambda = values.lambda ?? known!(peers, maxFaulty, dimension ?? Number.MAX_SAFE_INTEGER)
  const problem = {
    workers: peers,
    maxFaulty,
    lambda,
    smoothness,
    deviation: values.deviation ?? 1,
    gap,
    gradientNorm: values.gradientNorm ?? Math.sqrt(2 * smoothness * gap),
    steps: values.steps ?? 1,
  }
  const steps = values.steps ?? resamBounds(problem).leastStepsOfProof
  const found = resamBounds({ ...problem, steps })
  const atStart = problem.gradientNorm ** 2
  const atMost =
    found.momentum === null
      ? `nothing is promised: T is below ${figure(found.leastStepsOfProof)}`
      : `${figure(found.gradient)}${found.gradient < atStart ? '' : `: vacuous, it is at most ${figure(atStart)} at the start`}`
  return {
    title: `RESAM, Theorem 1, with ${peers} workers, ${maxFaulty} faulty, λ = ${figure(lambda)}:`,
    problem: { ...problem, steps },
    found,
    lines: [
      [
        'given',
        `L = ${figure(smoothness)}, σ = ${figure(problem.deviation)}, Q(θ₁) − Q* = ${figure(gap)}, ‖∇Q(θ₁)‖ = ${figure(problem.gradientNorm)}`,
      ],
      ['steps T', steps],
      ['fewest steps', `${figure(found.leastStepsOfProof)} (as printed: ${figure(found.leastSteps)})`],
      ['step size γ', found.rate],
      ['momentum β', found.momentum ?? 'none: T is too small'],
      ['a_o, a_1, a_2', [found.a0, found.a1, found.a2].map(figure).join('  ')],
      ['E ‖∇Q(θ̂)‖² at most', atMost],
    ],
  }
}

function redundancy({ peers, maxFaulty, dimension }: Cohort, values: TheoremValues): Told {
  const smoothness = values.smoothness ?? 1
  const problem = {
    agents: peers,
    maxFaulty,
    smoothness,
    convexity: values.convexity ?? smoothness,
    epsilon: values.epsilon ?? 1,
    dimension: dimension ?? 1,
    dissimilarity: values.dissimilarity ?? 2,
  }
  const found = redundancyBounds(problem)
  const line = (bound: RedundancyBound) =>
    bound.why ?? `within ${figure(bound.distance)}, ${figure(bound.factor)} times ε`
  return {
    title: `approximate-byzantine-fault-tolerance, Theorems 4 to 6, with ${peers} agents, ${maxFaulty} faulty:`,
    problem,
    found,
    lines: [
      [
        'given',
        `µ = ${figure(smoothness)}, γ = ${figure(problem.convexity)}, λ = ${figure(problem.dissimilarity)}, ε = ${figure(problem.epsilon)}, d = ${figure(problem.dimension)}`,
      ],
      ['α', found.alpha],
      ['CGE, Theorem 4', line(found.theorem4)],
      ['CGE, Theorem 5 repaired', line(found.theorem5)],
      ['CWTM, λ has to be below', found.mostDissimilar],
      ['CWTM, Theorem 6', line(found.theorem6)],
    ],
  }
}

function cge({ peers, maxFaulty }: Cohort, values: TheoremValues): Told {
  const smoothness = values.smoothness ?? 1
  const problem = {
    agents: peers,
    maxFaulty,
    smoothness,
    convexity: values.convexity ?? smoothness,
    deviation: values.deviation ?? 1,
    rate: values.rate,
  }
  const found = cgeBounds(problem)
  const { epsilon } = values
  const within = epsilon === null ? null : found.within(epsilon)
  const promised: Line[] =
    found.why !== null
      ? [['promises nothing', found.why]]
      : [
          ['step size η', found.rate],
          ['ρ', found.rho],
          ['M²', `${figure(found.M2)} (as printed, which is too small: ${figure(found.printedM2)})`],
          ['E ‖w − w*‖² in the limit', found.limit],
        ]
  return {
    title: `comparative-gradient-elimination, Theorem 1, with ${peers} agents, ${maxFaulty} faulty:`,
    problem,
    found: { ...found, within },
    lines: [
      [
        'given',
        `µ = ${figure(smoothness)}, λ = ${figure(problem.convexity)}, σ = ${figure(problem.deviation)}, η = ${values.rate === null ? 'half of the greatest' : figure(values.rate)}`,
      ],
      ['α', found.alpha],
      ['greatest step size η̄', found.greatestRate],
      ...promised,
      ...(within === null ? [] : [[`P(‖w − w*‖² ≤ ${figure(epsilon)}) ≥`, probabilityText(within)] as const]),
    ],
  }
}

function linearRegression({ peers, maxFaulty, dimension }: Cohort, values: TheoremValues): Told {
  const groups = values.groups ?? peers
  if (groups > peers)
    throw new UsageError(`--groups is ${groups}, more than the ${peers} machines; expected at most ${peers}`)
  const least = maxFaulty / groups
  const alpha = values.alpha ?? (least + 0.5) / 2
  const problem = {
    samples: values.samples ?? 1e9,
    groups,
    maxFaulty,
    dimension: dimension ?? 1,
    alpha,
    delta: values.failure ?? (alpha - least) / 10,
    radius: values.radius ?? 10,
  }
  const found = regressionBounds(problem)
  const farthest = problem.radius * Math.sqrt(problem.dimension)
  const start = `: vacuous, the search stays within r√d = ${figure(farthest)} anyway`
  return {
    title: `byzantine-gradient-descent, Theorem 4 on the regression of §4, ${groups} groups, ${maxFaulty} faulty:`,
    problem,
    found,
    lines: [
      [
        'given',
        `N = ${figure(problem.samples)}, d = ${figure(problem.dimension)}, α = ${figure(alpha)}, δ = ${figure(problem.delta)}, r = ${figure(problem.radius)}`,
      ],
      ['C_α, ∆₁, ∆₂', [found.factor, found.delta1, found.delta2].map(figure).join('  ')],
      ['ξ₁, ξ₂', [found.xi1, found.xi2].map(figure).join('  ')],
      ['step size η', found.rate],
      ...(found.why !== null
        ? [['promises nothing', found.why] as const]
        : [
            ['a round multiplies by', 1 - found.rho] as const,
            ['down to', `${figure(found.floor)}${found.floor < farthest ? '' : start}`] as const,
            ['with probability', probabilityText(found.probability)] as const,
          ]),
    ],
  }
}

/** To happen with a probability of at least 0 is no promise. */
function probabilityText(probability: number): string {
  return `${figure(probability)}${probability > 0 ? '' : ': vacuous'}`
}
