/** What the runs of `learn-theorem` say. */
import type { Findings, Result, Settings, Table, Verdict } from '../experiment.ts'
import { type Figure, linesFigure } from '../figures.ts'
import { shortNumber } from '../statistics.ts'
import {
  attacksOf,
  boundsFor,
  type LearnTheoremConfig as Config,
  DEVIATION,
  deltasOf,
  peersOf,
  problemFor,
  protocols,
} from './learn-theorem-plan.ts'

const labels = { mda: 'MDA', cva: 'CVA', icwtm: 'ICwTM', 'rb-tm': 'RB-TM', mean: 'averaging' } as const

type Results = readonly Result<Config>[]

export function judge(results: Results, settings: Settings): Findings {
  return {
    verdicts: verdicts(results, settings),
    tables: deltasOf(settings).flatMap(delta => [
      setting(delta),
      table(results, settings, delta, 'gradient'),
      table(results, settings, delta, 'apart'),
    ]),
    figures: [figure(results, settings)],
    notes: [
      ...(settings.quick ? ['Quick: δ = 2 alone, four attacks, one seed.'] : []),
      `Each protocol runs among the fewest peers that it needs for one Byzantine peer. Gradients have noise of deviation ${DEVIATION}/√t, as from a batch of t examples. Expectations over the drawn step * are exact, the mean over all steps; those over noise are means over the seeds.`,
      'T_LEARN is the repaired one of `concord bounds learn` (docs/papers.md): equation 112 of the paper is false, and its T₄ and T₈ are too small. The printed count would be larger all the same, since it counts each of the first T₄ steps as the worst.',
      'Plain averaging is no averaging agreement for any C, so no T_LEARN exists for it. It runs by the numbers of MDA, with one iteration more than log₂ t for gradients.',
      'Without an attack all n peers are honest, the last with the point of the first. Δ₂ and ∇L̄ are those of the first n − f.',
    ],
  }
}

/** `E` over noise: the mean over seeds. Null if any of them is no number. */
function mean(results: Results, wanted: Partial<Config>, name: string): number | null {
  const wants = Object.entries(wanted)
  const values = results
    .filter(({ config }) => wants.every(([key, value]) => config[key as keyof Config] === value))
    .map(({ measurement }) => measurement.numbers[name] ?? null)
  if (values.length === 0 || values.some(value => value === null)) return null
  return values.reduce((sum: number, value) => sum + value!, 0) / values.length
}

function allowed({ protocol, delta }: Pick<Config, 'protocol' | 'delta'>, of: 'apart' | 'gradient'): number {
  const { averagingConstant, heterogeneity } = problemFor(protocol, delta)
  return of === 'apart' ? delta ** 2 : ((1 + delta) * averagingConstant * heterogeneity) ** 2
}

type Cell = Pick<Config, 'protocol' | 'attack' | 'delta'> & { readonly share: number }

function shares(results: Results, settings: Settings, of: 'apart' | 'gradient' | 'drift'): Cell[] {
  return deltasOf(settings).flatMap(delta =>
    protocols.flatMap(protocol =>
      attacksOf(settings).map(attack => {
        const at = { protocol, attack, delta }
        const measured = mean(results, at, of)
        const most = of === 'drift' ? 1 : allowed(at, of)
        return { ...at, share: measured === null ? Infinity : measured / most }
      }),
    ),
  )
}

function verdicts(results: Results, settings: Settings): Verdict[] {
  const most = (cells: readonly Cell[]) => cells.reduce((a, b) => (b.share > a.share ? b : a))
  const told = ({ protocol, attack, delta, share }: Cell) =>
    `${Number.isFinite(share) ? `${shortNumber(share)} of what is allowed` : 'beyond all numbers'} with ${labels[protocol]}, ${attack ?? 'no attack'}, δ = ${delta}`
  const kept = (of: 'apart' | 'gradient' | 'drift') =>
    most(shares(results, settings, of).filter(({ protocol }) => protocol !== 'mean'))
  const [apart, gradient, drift] = [kept('apart'), kept('gradient'), kept('drift')]
  const plain = most(shares(results, settings, 'gradient').filter(({ protocol }) => protocol === 'mean'))
  const all = results.filter(({ config }) => config.protocol !== 'mean')
  const stuck = all.filter(
    ({ config, measurement: { numbers } }) =>
      numbers.stuck !== 0 || numbers.outputs !== peersOf(config.protocol) - 1,
  )
  return [
    {
      claim: 'E Δ₂(θ_*)² ≤ δ² with each agreement, under each attack',
      measured: `at most ${told(apart)}`,
      holds: apart.share <= 1,
    },
    {
      claim: 'E ‖∇L̄(θ̄_*)‖² ≤ (1 + δ)²C²K² with each agreement, under each attack',
      measured: `at most ${told(gradient)}`,
      holds: gradient.share <= 1,
    },
    {
      claim: 'E Δ₂(θ_t)² ≤ D/t² at every step (Lemma 10)',
      measured: `at most ${told(drift)}`,
      holds: drift.share <= 1,
    },
    {
      claim: 'Every honest peer returns its parameters of the drawn step',
      measured:
        stuck.length === 0
          ? `all honest peers of ${all.length} runs did`
          : `in ${stuck.length} of ${all.length} runs some did not`,
      holds: stuck.length === 0,
    },
    {
      claim: 'Plain averaging does not keep the gradient within the bound',
      measured: `at most ${told(plain)}`,
      holds: plain.share > 1,
    },
  ]
}

function setting(delta: number): Table {
  return {
    title: `What the theorem asks for, δ = ${delta}`,
    head: ['agreement', 'n', 'C', 'η', 'T_LEARN', 'by T₁ … T₈', '(1 + δ)CK'],
    rows: protocols
      .filter(protocol => protocol !== 'mean')
      .map(protocol => {
        const { rate, steps, closedForm } = boundsFor(protocol, delta)
        const { averagingConstant } = problemFor(protocol, delta)
        return [
          labels[protocol],
          ...[peersOf(protocol), averagingConstant, rate, steps, closedForm].map(shortNumber),
          shortNumber(Math.sqrt(allowed({ protocol, delta }, 'gradient'))),
        ]
      }),
  }
}

function table(results: Results, settings: Settings, delta: number, of: 'apart' | 'gradient'): Table {
  const attacks = attacksOf(settings)
  const what = of === 'gradient' ? '√E ‖∇L̄(θ̄_*)‖²' : '√E Δ₂(θ_*)²'
  return {
    title: `${what}, δ = ${delta}`,
    head: ['agreement', 'allowed', ...attacks.map(attack => attack ?? 'no attack')],
    rows: protocols.map(protocol => [
      labels[protocol],
      shortNumber(Math.sqrt(allowed({ protocol, delta }, of))),
      ...attacks.map(attack => {
        const value = mean(results, { protocol, attack, delta }, of)
        return value === null ? '–' : shortNumber(Math.sqrt(value))
      }),
    ]),
  }
}

function figure(results: Results, settings: Settings): Figure {
  const delta = deltasOf(settings)[0]!
  return linesFigure({
    title: `‖∇L̄(θ̄_t)‖ over the steps, δ = ${delta}`,
    caption: 'A panel for each attack. The theorem speaks of the mean of the squares over all steps.',
    lines: attacksOf(settings).flatMap(attack =>
      protocols.map(protocol => ({
        panel: attack ?? 'no attack',
        name: labels[protocol],
        series: results
          .filter(
            ({ config }) =>
              config.protocol === protocol && config.attack === attack && config.delta === delta,
          )
          .map(({ measurement }) => measurement.series.gradient!),
      })),
    ),
    x: 'step',
    y: '‖∇L̄(θ̄_t)‖',
    scale: 'log',
    columns: 3,
  })
}
