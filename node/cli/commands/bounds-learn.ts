/** `concord bounds learn`: η and T_LEARN(δ) of the theorem on LEARN, and the constants that lead to them. */
import { averagingConstantOf, type ProtocolName } from '../../../agreement/bounds.ts'
import { refusalOf } from '../../../agreement/refusal.ts'
import type { Synchrony } from '../../../agreement/thresholds.ts'
import { type LearnBounds, learnBounds } from '../../../learning/learn-bounds.ts'
import { maybe, UsageError, type Values } from '../command.ts'
import { decimal } from '../parse.ts'
import type { Terminal } from '../terminal.ts'
import { figure } from '../view/format.ts'

/** Options that only `bounds learn` takes. */
export const learnOptions = {
  delta: maybe(
    '--delta <δ>',
    'learn: how near to the optimum and to each other',
    decimal({ above: 0, below: 3 }),
    '0.5',
  ),
  smoothness: maybe(
    '--smoothness <L>',
    'learn: Lipschitz constant of the gradients',
    decimal({ above: 0 }),
    '1',
  ),
  heterogeneity: maybe(
    '--heterogeneity <K>',
    'learn: how far honest gradients differ',
    decimal({ min: 0 }),
    '1',
  ),
  averagingConstant: maybe(
    '--averaging-constant <C>',
    'learn: of the agreement',
    decimal({ min: 0 }),
    "the protocol's",
  ),
  deviation: maybe('--deviation <σ>', 'learn: of a gradient at the first step', decimal({ min: 0 }), '1'),
  decay: maybe(
    '--decay <p>',
    'learn: σ·t^−p at step t',
    decimal({ above: 0 }),
    '0.5, a batch that grows as t',
  ),
  greatestLoss: maybe(
    '--greatest-loss <x>',
    'learn: L_max, a bound on the first losses',
    decimal({ min: 0 }),
    '2.303, ln 10',
  ),
} as const

type LearnValues = Values<typeof learnOptions>

interface LearnQuery {
  readonly protocol: ProtocolName
  readonly peers: number
  readonly maxFaulty: number
  readonly synchrony: Synchrony
  readonly quorum?: number
  readonly dimension: number | null
}

/** @throws UsageError if the protocol has no averaging constant here and none is given */
export function printLearnBounds(
  query: LearnQuery,
  values: LearnValues,
  json: boolean,
  terminal: Terminal,
): void {
  const problem = {
    delta: values.delta ?? 0.5,
    smoothness: values.smoothness ?? 1,
    heterogeneity: values.heterogeneity ?? 1,
    averagingConstant: values.averagingConstant ?? constantOf(query),
    honest: query.peers - query.maxFaulty,
    deviation: values.deviation ?? 1,
    decay: values.decay ?? 0.5,
    greatestLoss: values.greatestLoss ?? Math.LN10,
  }
  const found = learnBounds(problem)
  if (json) {
    const finite = (value: number) => (Number.isFinite(value) ? value : null)
    const report = {
      ...withFaults(query),
      ...problem,
      ...found,
      T: found.T.map(finite),
      closedForm: finite(found.closedForm),
      steps: finite(found.steps),
    }
    terminal.json(report)
  } else for (const line of learnLines(query, problem, found)) terminal.print(line)
}

function constantOf({ dimension, ...query }: LearnQuery): number {
  const asked = { ...query, ...(dimension !== null && { dimension }) }
  const refusal = refusalOf({ ...asked, learns: true })
  if (refusal !== null)
    throw new UsageError(`--faults is ${query.maxFaulty}: ${refusal.why}; or give --averaging-constant`)
  const constant = averagingConstantOf(asked)
  if (constant === null)
    throw new UsageError(
      `${query.protocol} has no averaging constant in the papers; expected --averaging-constant`,
    )
  return constant
}

function learnLines(
  query: LearnQuery,
  problem: Parameters<typeof learnBounds>[0],
  found: LearnBounds,
): string[] {
  const n = figure
  const { delta, smoothness, heterogeneity, averagingConstant, honest, deviation, decay, greatestLoss } =
    problem
  const within = (1 + delta) * averagingConstant * heterogeneity
  // Of a loss that is nowhere below 0.
  const atStart = Math.sqrt(2 * smoothness * greatestLoss)
  return [
    `LEARN with ${query.protocol}, ${query.peers} peers, ${query.maxFaulty} faulty (h = ${honest}), to δ = ${delta}:`,
    `honest parameters within ${delta} of each other, and a gradient of at most (1 + δ)CK = ${n(within)}, in expectation`,
    `  given           L = ${n(smoothness)}, K = ${n(heterogeneity)}, C = ${n(averagingConstant)}, σ_t = ${n(deviation)}·t^−${decay}, L_max = ${n(greatestLoss)}`,
    ...(within < atStart
      ? []
      : [
          `  vacuous         any start has a gradient of at most √(2·L·L_max) = ${n(atStart)}: of the gradient nothing is promised that was not so before`,
        ]),
    `  rate            η = δ/(12L) = ${n(found.rate)}`,
    `  steps           T_LEARN = ${n(found.steps)}${found.steps === Infinity ? ': a gradient of exactly 0 takes for ever' : ''}`,
    `  constants       A = ${n(found.A)}, B = ${n(found.B)}, D = ${n(found.D)}, E = ${n(found.E)}, ν = ${n(found.nu)}`,
    `  as the paper    ${found.T.map((value, i) => `T${SUBSCRIPTS[i]} = ${n(value)}`).join(', ')}; by these T_LEARN would be ${n(found.closedForm)}`,
    "  note            T_LEARN adds the proof's bounds up step by step. Both ways repair the paper, whose count is too small in places (docs/papers.md). It is a worst case over all losses: practice needs fewer steps.",
  ]
}

const SUBSCRIPTS = '₁₂₃₄₅₆₇₈'

/** With `f` under the name that it has on the command line, and that programs read. */
export function withFaults<
  T extends { readonly protocol: string; readonly peers: number; readonly maxFaulty: number },
>({ protocol, peers, maxFaulty: faults, ...rest }: T) {
  return { protocol, peers, faults, ...rest }
}
