/**
 * Agreement and averaging within the bounds of collaborative-learning §3.2, at every iteration; the witnesses' intersection; and,
 * for the coordinate-wise protocols, that no honest vector ever leaves the honest range of any coordinate.
 */
import { averagingConstantOf, contractionOf } from '../../agreement/bounds.ts'
import { roundedTo, roundingErrorOf } from '../../agreement/precision.ts'
import { isBroadcastBased, isCoordinateWise } from '../../agreement/protocols/registry.ts'
import type { CheckedRun, Checker, Violate } from './checker.ts'
import { checkFirstRule } from './first-rule.ts'
import { contractionBetween, type Measured, meanShift, measured } from './measures.ts'
import { createRounds, type Round } from './rounds.ts'

/** One iteration, measured beside what is guaranteed. */
export interface IterationMeasure {
  readonly iteration: number
  /** Δ₂ over the honest vectors after it. */
  readonly diameter: number
  /** Factor on the guaranteed diameter (Δ₂, or the Δ^cw of the worst coordinate); null if rounding decides. */
  readonly contraction: number | null
  readonly contractionBound: number | null
  /** `‖mean(x_r) − mean(x_0)‖₂`. */
  readonly shift: number
  /** `C·Δ₂(x_0)`, and what rounding to the precision may add. */
  readonly shiftBound: number | null
  /** The fewest vectors that two honest peers used in common; null if a restart lost whose they were. */
  readonly shared: number | null
}

export interface AveragingChecker extends Checker {
  /** Measurements of the iterations that all honest peers have completed. */
  measures(): readonly IterationMeasure[]
}

export function createAveragingChecker(run: CheckedRun, violate: Violate): AveragingChecker {
  const { settings, guaranteed } = run
  const measures: IterationMeasure[] = []
  /** The iterations before anything is guaranteed: the first, if its rule is not the protocol's. */
  const before = settings.firstRule === undefined ? 0 : 1
  let start = startOf(run)
  let limits = limitsOf(run, start)
  const rounds = createRounds(run, round => {
    if (round.index === 0) return
    const entered = rounds.at(round.index - 1)
    if (entered === undefined) return
    const [entering, after, allowance] = [
      measured(entered.vectors),
      measured(round.vectors),
      allowed(round.index),
    ]
    const {
      before: wide,
      after: left,
      ratio,
    } = contractionBetween(settings.protocol, entering, after, allowance.spread)
    const measure: IterationMeasure = {
      iteration: round.index,
      diameter: after.diameter(),
      contraction: ratio,
      contractionBound: guaranteed && round.index > before ? limits.contraction : null,
      shift: meanShift(after, start),
      shiftBound:
        guaranteed && round.index > before && limits.shift !== null ? limits.shift + allowance.shift : null,
      shared: fewestShared(round.used),
    }
    measures[round.index - 1] = measure
    if (round.index <= before) {
      if (guaranteed) {
        checkFirstRule(run, round, violate)
        checkShared(settings, measure, violate)
      }
      start = after
      limits = limitsOf(run, start)
      return
    }
    const rounding = entering.rounding() + allowance.spread
    if (!guaranteed) return
    checkIteration(measure, { start, limits, wide, left, rounding, wander: allowance.shift }, violate)
    if (isCoordinateWise(settings.protocol)) checkRange(start, round, roundedUpTo(round.index), violate)
    checkShared(settings, measure, violate)
  })
  const { allowed, roundedUpTo } = createAllowances(settings, limits.constant, rounds.at)
  return {
    name: 'averaging agreement',
    output: (peer, output) => rounds.output(peer, output),
    measures: () => measures.filter(measure => measure !== undefined),
    end() {
      checkIterations(run, before, violate)
      const last = rounds.at(settings.iterations)
      if (!guaranteed || run.target === null || last === undefined) return
      const [wide, left] = [start.diameter(), measured(last.vectors).diameter()]
      const rounding = 2 * Math.sqrt(settings.dimension) * roundedUpTo(settings.iterations)
      if (left > wide / 2 ** run.target + start.rounding() + rounding)
        violate(`agreement: AVG_${run.target} left a diameter of ${left} of ${wide}`)
    },
  }
}

/** What an iteration is held against: where the guarantees begin, and what rounding may add. */
interface Held {
  readonly start: Measured
  readonly limits: Limits
  /** The diameters before it and after it. */
  readonly wide: number
  readonly left: number
  readonly rounding: number
  readonly wander: number
}

function checkIteration(
  { iteration, contraction, shift }: IterationMeasure,
  { start, limits, wide, left, rounding, wander }: Held,
  violate: Violate,
): void {
  if (left > limits.contraction * wide + rounding)
    violate(
      `agreement: iteration ${iteration} left ${left} of ${wide}, a factor of ${contraction ?? left / wide}; at most ${limits.contraction} is guaranteed`,
    )
  if (limits.shift !== null && shift > limits.shift + start.rounding() * iteration + wander)
    violate(
      `averaging: after iteration ${iteration} the honest mean had moved by ${shift}; at most C·Δ₂ = ${limits.shift} is guaranteed`,
    )
}

function checkShared(
  { protocol, peers, maxFaulty, quorum }: CheckedRun['settings'],
  { iteration, shared }: IterationMeasure,
  violate: Violate,
): void {
  const needed = quorum ?? peers - maxFaulty
  if (isBroadcastBased(protocol) && shared !== null && shared < needed)
    violate(
      `witnesses: in iteration ${iteration} two honest peers used only ${shared} vectors in common, not ${needed}`,
    )
}

/** What rounding to the precision adds to what the guarantees allow. */
function createAllowances(
  { precision = 'f32', iterations, dimension, protocol }: CheckedRun['settings'],
  constant: number | null,
  roundAt: (index: number) => Round | undefined,
) {
  /** What it may have moved a coordinate by in this round: the outputs are not rounded. */
  const roundedIn = (index: number): number => {
    if (precision === 'f32' || index >= iterations) return 0
    const vectors = roundAt(index)?.vectors ?? []
    return Math.max(0, ...vectors.map(vector => roundingErrorOf(vector, precision)))
  }
  const roundedUpTo = (index: number): number =>
    Array.from({ length: index }, (_, i) => roundedIn(i + 1)).reduce((sum, each) => sum + each, 0)
  return {
    roundedUpTo,
    allowed(iteration: number): Allowance {
      const root = Math.sqrt(dimension)
      return {
        spread: 2 * roundedIn(iteration) * (isCoordinateWise(protocol) ? 1 : root),
        shift: (1 + 2 * (constant ?? 0)) * root * roundedUpTo(iteration),
      }
    },
  }
}

/** By arithmetic alone, the requested iterations must make `AVG_t` from what one iteration guarantees. */
function checkIterations(
  { settings, target, guaranteed }: CheckedRun,
  before: number,
  violate: Violate,
): void {
  if (!guaranteed || target === null) return
  const h = settings.peers - settings.maxFaulty
  // Δ₂ ≤ Δ₂^cw ≤ 2√h·Δ₂, and they are equal for two vectors.
  const spread = isCoordinateWise(settings.protocol) && h > 2 ? 2 * Math.sqrt(h) : 1
  const left = contractionOf(settings) ** (settings.iterations - before) * spread
  if (left > 2 ** -target * (1 + 1e-9))
    violate(
      `iterations: ${settings.iterations} of them leave at most ${left} of the diameter; AVG_${target} promises ${2 ** -target}`,
    )
}

interface Limits {
  readonly contraction: number
  /** `C`. */
  readonly constant: number | null
  readonly shift: number | null
}

/** The guarantees hold for every honest family of at least n − f; a larger one has a larger spread in ℓ₂. */
function limitsOf({ settings, honest }: CheckedRun, start: Measured): Limits {
  const constant = averagingConstantOf(settings)
  const larger = Math.sqrt(honest.length / (settings.peers - settings.maxFaulty))
  const sized = constant === null ? null : constant * Math.max(1, larger)
  return {
    contraction: contractionOf(settings),
    constant: sized,
    shift: sized === null ? null : sized * start.diameter(),
  }
}

/** What rounding to the precision may add in the iterations up to one: to the diameter in that one, to the mean's way in all. */
interface Allowance {
  readonly spread: number
  readonly shift: number
}

function fewestShared(used: Round['used']): number | null {
  let fewest = Infinity
  for (const [i, left] of used.entries()) {
    if (left === null) return null
    for (const right of used.slice(i + 1)) {
      if (right === null) return null
      fewest = Math.min(fewest, left.filter(peer => right.includes(peer)).length)
    }
  }
  return fewest === Infinity ? null : fewest
}

/** The honest inputs, rounded as the first exchange rounds them: the guarantees begin there. */
function startOf({ settings, honest, inputs }: CheckedRun): Measured {
  const { precision = 'f32', iterations } = settings
  return measured(
    honest.map(peer => (iterations === 0 ? inputs[peer]! : roundedTo(inputs[peer]!, precision))),
  )
}

/** @param rounding what rounding between iterations may have moved a coordinate by, in all */
function checkRange(start: Measured, round: Round, rounding: number, violate: Violate): void {
  const { low, high } = start.range()
  for (const [place, vector] of round.vectors.entries())
    for (let i = 0; i < vector.length; i++) {
      // One rounding to 32 bits per iteration may step over an end.
      const slack = rounding + 1e-6 * Math.max(Math.abs(low[i]!), Math.abs(high[i]!))
      if (vector[i]! >= low[i]! - slack && vector[i]! <= high[i]! + slack) continue
      violate(
        `range: coordinate ${i} of honest peer ${place} after iteration ${round.index} is ${vector[i]}, outside [${low[i]}, ${high[i]}]`,
      )
      return
    }
}
