/**
 * Attacks that adapt to what the honest peers hold and to the rule that will judge them: the longest step that a filter
 * by distances lets through (min-max, min-sum), a search of the scale against the rule itself (little-tuned,
 * empire-tuned, search), and two that use what was seen before (mimic-drift, drift).
 *
 * `ḡ` and `σ` are mean and coordinate-wise deviation of the honest vectors seen; `R(v)` is what the rule gives if every
 * faulty peer sends `v`.
 */
import { isFiniteVector, squaredDistance, type Vector } from '../../agreement/vector.ts'
import { randomStream } from '../random.ts'
import type { Sight } from './attack.ts'
import { deviation, mean, seen } from './family.ts'

type Parameters = Readonly<Record<string, number>>

/** As in registry.ts. All of these wait for the honest vectors, and are a function of them alone. */
interface AdaptiveDefinition {
  readonly defaults?: Parameters
  readonly did: string
  /** What a parameter must be, if not; null: it is right. */
  readonly wrong?: (parameters: Parameters) => string | null
  readonly forge: (sight: Sight, parameters: Parameters) => Vector
}

const wrongDirection = ({ direction }: Parameters) =>
  [1, 2, 3].includes(direction!) ? null : `direction is ${direction}; expected 1, 2 or 3`

/** The attacks of this file by name. */
export const adaptiveAttacks: Readonly<Record<string, AdaptiveDefinition>> = {
  /** `ḡ + γp`, γ the largest with which no honest vector is farther than two honest ones are (Shejwalkar and Houmansadr 2021, eq. 4). */
  'min-max': {
    defaults: { direction: 2 },
    wrong: wrongDirection,
    did: 'sent the farthest vector that is no farther from any honest one than these are from each other',
    forge: (sight, { direction }) => {
      const family = seen(sight)
      const { center, toward } = perturbation(family, direction!)
      return moved(center, toward, minMaxScale(family, center, toward))
    },
  },
  /** `ḡ + γp`, γ the largest whose sum of squared distances no honest vector's exceeds (Shejwalkar and Houmansadr 2021, eq. 5). */
  'min-sum': {
    defaults: { direction: 2 },
    wrong: wrongDirection,
    did: 'sent the farthest vector whose sum of squared distances looks honest',
    forge: (sight, { direction }) => {
      const family = seen(sight)
      const { center, toward } = perturbation(family, direction!)
      return moved(center, toward, minSumScale(family, center, toward))
    },
  },
  /** `ḡ + ζσ`, ζ of either sign such that `‖R − ḡ‖` is largest (Baruch et al. 2019, with a search in place of its table). */
  'little-tuned': {
    did: 'sent the honest mean, shifted along what the honest differ by as far as hurts most',
    forge: sight => {
      const center = mean(seen(sight))
      const toward = deviation(seen(sight), center)
      return strongest(sight, center, [toward, scaledBy(toward, -1)], distanceFrom(center))
    },
  },
  /** `(1 − ζ)ḡ`, ζ such that `⟨R, ḡ⟩` is least (Xie et al. 2020, with a search in place of a fixed ζ). */
  'empire-tuned': {
    did: 'sent the honest mean turned round, as far as hurts most',
    forge: sight => {
      const center = mean(seen(sight))
      return strongest(sight, center, [scaledBy(center, -1)], result => -inner(result, center))
    },
  },
  /** The direction and scale of all above, and of the honest vectors' own deviations, for which `‖R − ḡ‖` is largest. */
  search: {
    did: 'searched for the vector that moves the rule farthest',
    forge: sight => {
      const family = seen(sight)
      const center = mean(family)
      const sigma = deviation(family, center)
      const directions = [sigma, scaledBy(sigma, -1), scaledBy(center, -1), scaledBy(signs(center), -1)]
      for (const vector of family.slice(0, HONEST_DIRECTIONS)) {
        const outward = subtract(vector, center)
        directions.push(outward, scaledBy(outward, -1))
      }
      return strongest(sight, center, directions, distanceFrom(center))
    },
  },
  /**
   * Copies the honest peer that lies farthest along the direction in which the honest vectors have varied most
   * (Karimireddy et al. 2022, §B.1): `z ← Σ_i ⟨z, x_i − ḡ⟩(x_i − ḡ)`, normalised, in every exchange of the phase.
   */
  'mimic-drift': {
    did: 'copied the honest peer that differs most from the others',
    forge: sight => {
      const family = seen(sight)
      const center = mean(family)
      const offsets = family.map(vector => subtract(vector, center))
      const before = remembered(sight, 'mimic', () => signsFrom(sight, center.length))
      const z = new Float64Array(center.length)
      for (const offset of offsets) accumulate(z, offset, inner(before, offset))
      const length = Math.sqrt(inner(z, z))
      const direction = length > 0 ? scaledBy(z, 1 / length) : before
      sight.shared.set(memoryKey(sight, 'mimic'), direction)
      // The sign of z carries no meaning, but must not turn round from step to step: the copied peer stays on one side.
      const places = family.map(vector => inner(direction, vector))
      return family[places.indexOf(Math.max(...places))]!
    },
  },
  /** `ḡ + share·ρ·u`: `u` is the same in every step, and `ρ` the median distance of the honest vectors from their mean. */
  drift: {
    defaults: { share: 0.5 },
    did: 'pushed slowly in one direction, from well among the honest vectors',
    forge: (sight, { share }) => {
      const family = seen(sight)
      const center = mean(family)
      const u = remembered(sight, 'drift', () => signsFrom(sight, center.length))
      const distances = family.map(vector => Math.sqrt(squaredDistance(vector, rounded(center))))
      const median = distances.sort((a, b) => a - b)[Math.floor(distances.length / 2)]!
      return moved(center, u, share! * median)
    },
  },
}

/** Those that try the rule many times in every exchange, and so take longer than all others. */
export const searchingAttacks: ReadonlySet<string> = new Set(['little-tuned', 'empire-tuned', 'search'])

/** How many honest vectors' own deviations are tried as directions. */
const HONEST_DIRECTIONS = 4

/** `p` of Shejwalkar and Houmansadr: 1 the unit vector against the mean, 2 against the deviation, 3 against the mean's signs. */
function perturbation(family: readonly Vector[], direction: number) {
  const center = mean(family)
  const towards = [center, deviation(family, center), signs(center)]
  const toward = towards[direction - 1]!
  const length = Math.sqrt(inner(toward, toward))
  return { center, toward: scaledBy(toward, length > 0 ? -1 / length : 0) }
}

/** Largest `γ` with `‖ḡ + γp − x_i‖² ≤ max_{j,k} ‖x_j − x_k‖²` for all i; `‖p‖ = 1` or `p = 0`. */
function minMaxScale(family: readonly Vector[], center: Float64Array, toward: Float64Array): number {
  let farthest = 0
  for (const [i, a] of family.entries())
    for (const b of family.slice(i + 1)) farthest = Math.max(farthest, squaredDistance(a, b))
  let scale = Infinity
  for (const vector of family) {
    const offset = subtract(center, vector)
    scale = Math.min(
      scale,
      largerRoot(inner(toward, toward), inner(toward, offset), inner(offset, offset) - farthest),
    )
  }
  return Number.isFinite(scale) ? scale : 0
}

/** Largest `γ` with `Σ_i ‖ḡ + γp − x_i‖² ≤ max_j Σ_i ‖x_j − x_i‖²`. */
function minSumScale(family: readonly Vector[], center: Float64Array, toward: Float64Array): number {
  let most = 0
  for (const a of family)
    most = Math.max(
      most,
      family.reduce((sum, b) => sum + squaredDistance(a, b), 0),
    )
  let constant = -most
  let slope = 0
  for (const vector of family) {
    const offset = subtract(center, vector)
    constant += inner(offset, offset)
    slope += inner(toward, offset)
  }
  return largerRoot(family.length * inner(toward, toward), slope, constant)
}

/** The larger `γ` with `aγ² + 2bγ + c = 0`, where `c ≤ 0` but for rounding; 0 if there is none. */
function largerRoot(a: number, b: number, c: number): number {
  if (a === 0) return 0
  return Math.max(0, (-b + Math.sqrt(Math.max(0, b * b - a * c))) / a)
}

/** Scales tried in every direction, `2^−2 … 2^6`, and how often the step to the best one's neighbours is halved. */
const FIRST_SCALES = Array.from({ length: 9 }, (_, i) => 2 ** (i - 2))
const HALVINGS = 3

/**
 * `center + ζ·toward` with the direction and the `ζ ≥ 0` whose result the objective likes best: by a grid of powers of
 * two in every direction, then between the best one's neighbours. The liars' vectors are as many as the peers not seen.
 */
function strongest(
  sight: Sight,
  center: Float64Array,
  directions: readonly Float64Array[],
  objective: (result: Vector) => number,
): Vector {
  const family = seen(sight)
  const liars = Math.max(1, Math.min(sight.maxFaulty, sight.peers - family.length))
  const reference = rounded(center)
  // With fewer vectors than any honest peer waits for there is no rule to search against.
  if (family.length + liars < sight.peers - sight.maxFaulty) return reference
  let best = { vector: reference, value: -Infinity, toward: center, scale: 0 }
  const attempt = (toward: Float64Array, scale: number) => {
    const vector = moved(center, toward, scale)
    if (!isFiniteVector(vector)) return // honest peers would drop it
    const value = objective(sight.rule([...family, ...Array.from({ length: liars }, () => vector)]))
    if (value > best.value) best = { vector, value, toward, scale }
  }
  for (const toward of directions)
    if (toward.some(value => value !== 0)) for (const scale of FIRST_SCALES) attempt(toward, scale)
  for (let halving = 1; halving <= HALVINGS; halving++) {
    const { toward, scale } = best
    attempt(toward, scale * (1 - 2 ** -(halving + 1)))
    attempt(toward, scale * (1 + 2 ** -halving))
  }
  return best.vector
}

const distanceFrom = (center: Float64Array) => {
  const reference = rounded(center)
  return (result: Vector) => squaredDistance(result, reference)
}

const memoryKey = ({ slot }: Sight, name: string) => `${name}/${slot.phase}`

/** What the colluding peers keep from exchange to exchange, made when first asked for. */
function remembered(sight: Sight, name: string, make: () => Float64Array): Float64Array {
  const key = memoryKey(sight, name)
  const known = sight.shared.get(key)
  if (known instanceof Float64Array) return known
  const made = make()
  sight.shared.set(key, made)
  return made
}

/** A unit vector of random signs, a function of the length and the adversary's next random number. */
function signsFrom({ random }: Sight, length: number): Float64Array {
  const { uniform } = randomStream(Math.floor(random() * 2 ** 32), 'direction')
  const entry = 1 / Math.sqrt(Math.max(1, length))
  return Float64Array.from({ length }, () => (uniform() < 0.5 ? -entry : entry))
}

function signs(vector: Float64Array): Float64Array {
  return vector.map(Math.sign)
}

function subtract(a: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  const result = new Float64Array(a.length)
  for (let i = 0; i < result.length; i++) result[i] = a[i]! - b[i]!
  return result
}

function scaledBy(vector: Float64Array, factor: number): Float64Array {
  const result = new Float64Array(vector.length)
  for (let i = 0; i < result.length; i++) result[i] = vector[i]! * factor
  return result
}

function accumulate(sum: Float64Array, vector: Float64Array, factor: number): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += factor * vector[i]!
}

function inner(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

function rounded(vector: Float64Array): Vector {
  return new Float32Array(vector)
}

function moved(center: Float64Array, toward: Float64Array, scale: number): Vector {
  const result = new Float32Array(center.length)
  for (let i = 0; i < result.length; i++) result[i] = center[i]! + scale * toward[i]!
  return result
}
