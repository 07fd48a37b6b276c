/**
 * The rules by their names on the command line, with typed parameters, and the pre-aggregations that may stand in front
 * of them: `nnm+cwtm` is CwTM on what NNM makes of the vectors.
 */
import type { Vector } from '../vector.ts'
import { boxGeom, boxMean } from './box.ts'
import { bucketing } from './bucketing.ts'
import { bulyan } from './bulyan.ts'
import { type CcOptions, cc } from './cc.ts'
import { cge, cgeSum } from './cge.ts'
import type { RuleOptions } from './check.ts'
import { arc, clip } from './clipping.ts'
import { caf, smea } from './covariance.ts'
import { cva } from './cva.ts'
import { cwmed, cwmedResilience } from './cwmed.ts'
import { cwtm, cwtmResilience } from './cwtm.ts'
import { RuleError } from './error.ts'
import { gm, gmom, gmResilience, type Machines } from './gm.ts'
import { krum, krumOriginal, krumResilience, multiKrum, multiKrumOriginal } from './krum.ts'
import { mda, mdaResilience } from './mda.ts'
import { meamed, meamedResilience } from './meamed.ts'
import { mean } from './mean.ts'
import { monna } from './monna.ts'
import { nnm } from './nnm.ts'
import type { Resilience } from './resilience.ts'
import { trimmedMiddle } from './trimmed-middle.ts'

/** A parameter beside the number of faults. */
export interface RuleParameter {
  readonly name: string
  /** Its meaning, its range and its default. */
  readonly summary: string
}

/** Values by parameter name, as `{ m: 5 }`. */
export type RuleParameters = Readonly<Record<string, number>>

interface Entry {
  readonly summary: string
  readonly parameters?: readonly RuleParameter[]
}

/** A rule on the list. */
export interface RuleEntry extends Entry {
  /** Passes parameters on as they are; the rule itself checks their values. */
  apply(vectors: readonly Vector[], maxFaulty: number, options: RuleOptions & RuleParameters): Vector
  /** `λ` for these parameters, where the rule has one. */
  readonly resilience?: (parameters: RuleParameters) => Resilience
}

/** A pre-aggregation, which makes other vectors of the vectors. */
export interface PreAggregationEntry extends Entry {
  /** As of a rule. */
  apply(vectors: readonly Vector[], maxFaulty: number, options: RuleOptions & RuleParameters): Vector[]
}

const tolerance = { name: 'tolerance', summary: 'how near to the median, relative; above 0, default 1e-6' }

/** All rules by name; `aggregator` finds them. */
export const rules: Readonly<Record<string, RuleEntry>> = {
  mean: { summary: 'plain mean, no resilience', apply: (x, _, options) => mean(x, options) },
  cwtm: {
    summary: 'coordinate-wise trimmed mean: drops the f smallest and f largest',
    apply: cwtm,
    resilience: () => cwtmResilience,
  },
  cwmed: {
    summary: 'coordinate-wise median',
    apply: (x, _, options) => cwmed(x, options),
    resilience: () => cwmedResilience,
  },
  meamed: {
    summary: 'per coordinate the mean of the n − f values nearest to the median',
    apply: meamed,
    resilience: () => meamedResilience,
  },
  mda: {
    summary: 'mean of the n − f vectors of least diameter, exactly',
    parameters: [{ name: 'keep', summary: 'size of the subset; 1 … n, default n − f' }],
    apply: mda,
    resilience: () => mdaResilience,
  },
  krum: {
    summary: 'Krum*: the vector nearest to its n − f − 1 nearest others',
    apply: krum,
    resilience: () => krumResilience(1),
  },
  'multi-krum': {
    summary: 'Multi-Krum*: mean of the m vectors of least Krum* score',
    parameters: [{ name: 'm', summary: 'how many to average; 1 … n − f, default n − f' }],
    apply: multiKrum,
    resilience: ({ m }) => krumResilience(m),
  },
  'krum-original': {
    summary: 'Krum of 2017: as krum, over the n − f − 2 nearest others',
    apply: krumOriginal,
  },
  'multi-krum-original': {
    summary: 'multi-Krum of 2017: mean of the m vectors of least score of krum-original',
    parameters: [{ name: 'm', summary: 'how many to average; 1 … n − f, default n − f' }],
    apply: multiKrumOriginal,
  },
  bulyan: {
    summary:
      'Bulyan: of the n − 2f that Krum chooses, per coordinate the n − 4f nearest to the median; 4f + 3 ≤ n',
    apply: bulyan,
  },
  gm: {
    summary: 'geometric median',
    parameters: [tolerance],
    apply: (x, _, options) => gm(x, options),
    resilience: () => gmResilience,
  },
  gmom: {
    summary: 'geometric median of the means of k groups',
    parameters: [
      { name: 'k', summary: 'number of groups; more than 2f, up to n, default 2f + 1' },
      { name: 'tau', summary: 'drop group means of a larger norm; above 0, default infinity' },
      tolerance,
    ],
    apply: gmom,
  },
  cge: { summary: 'mean of the n − f vectors of least norm', apply: cge },
  'cge-sum': { summary: 'sum of the n − f vectors of least norm', apply: cgeSum },
  cc: {
    summary: 'centered clipping, from the result before if there is one, else from the origin',
    parameters: [
      { name: 'tau', summary: 'clipping radius; above 0, default 10' },
      { name: 'passes', summary: 'number of passes; from 1, default 1' },
    ],
    apply: (x, _, options) => cc(x, options),
  },
  'trimmed-middle': {
    summary: 'per coordinate (min + max)/2 after dropping the f smallest and f largest',
    apply: trimmedMiddle,
  },
  'box-geom': {
    summary:
      'hyperboxes: per coordinate the middle of trimmed range ∩ range of the medians of all subsets; few vectors only',
    parameters: [{ name: 'keep', summary: 'size of the subsets; 1 … n − f, default n − f' }],
    apply: boxGeom,
  },
  'box-mean': {
    summary: 'hyperboxes: per coordinate the middle of trimmed range ∩ range of the means of all subsets',
    parameters: [{ name: 'keep', summary: 'size of the subsets; 1 … n − f, default n − f' }],
    apply: boxMean,
  },
  cva: {
    summary: 'mean of the vectors nearest to one of them',
    parameters: [
      { name: 'own', summary: 'the vector to be near to; 0 … n − 1, default 0' },
      { name: 'keep', summary: 'how many to average; 1 … n, default n − f' },
    ],
    apply: cvaByIndex,
  },
  monna: {
    summary: 'MoNNA: mean of the n − f vectors nearest to a trusted one',
    parameters: [{ name: 'pivot', summary: 'which vector is trusted; 0 … n − 1, default 0' }],
    apply: monna,
  },
  caf: { summary: 'covariance-bound agnostic filter', apply: caf },
  smea: {
    summary: 'mean of the n − f vectors of least largest covariance eigenvalue; few vectors only',
    apply: smea,
  },
}

/** All pre-aggregations by name. */
export const preAggregations: Readonly<Record<string, PreAggregationEntry>> = {
  nnm: { summary: 'nearest-neighbour mixing: each becomes the mean of its n − f nearest', apply: nnm },
  bucketing: {
    summary: 'means of buckets of neighbours in the list',
    parameters: [{ name: 's', summary: 'vectors per bucket; 1 … n, default 2' }],
    apply: (x, _, options) => bucketing(x, options),
  },
  clip: {
    summary: 'static clipping of the norms',
    parameters: [{ name: 'radius', summary: 'largest norm to let through; above 0, default 2' }],
    apply: (x, _, options) => clip(x, options),
  },
  arc: { summary: 'adaptive robust clipping: the largest norms to the largest of the rest', apply: arc },
}

/** Options of an aggregator. */
interface AggregatorOptions extends RuleOptions {
  /** `d` coordinates; absent: nothing was aggregated before. */
  readonly previous?: Vector
  /** Which machines the vectors come from; absent: from all. */
  readonly machines?: Machines
  /** In an agreement: the caller's own vector, for a rule that is not ours; absent: there is none. */
  readonly ownVector?: Vector
}

/** A rule with its parameters and the pre-aggregations in front of it. */
export interface Aggregator {
  readonly name: string
  /**
   * The rule's result for `n` vectors of `d` coordinates, at most `faults` of them faulty: a new vector. Of the options
   * `previous` says what the rule gave before; only centered clipping uses it, as its start. Only the groups of `gmom` are
   * by `machines`.
   *
   * @throws RuleError as the rule and its pre-aggregations
   */
  aggregate(vectors: readonly Vector[], maxFaulty: number, options?: AggregatorOptions): Vector
  /** `λ`, if the rule has one and stands alone. */
  readonly resilience?: Resilience
}

/**
 * The rule of this name, such as `krum` or `clip+nnm+cwtm`, with parameters for any of its parts.
 *
 * @throws RuleError unknown-rule, bad-parameter (a parameter that none of the parts has)
 */
export function aggregator(name: string, parameters: RuleParameters = {}): Aggregator {
  const parts = name.split('+')
  const rule = named('rule', rules, parts.pop()!)
  return composed(name, parts, rule, parameters)
}

/**
 * A rule, ours or another, behind pre-aggregations of these names.
 *
 * @throws RuleError unknown-rule, bad-parameter (a parameter that none of the parts has)
 */
export function composed(
  name: string,
  preAggregation: readonly string[],
  rule: RuleEntry,
  parameters: RuleParameters = {},
): Aggregator {
  const before = preAggregation.map(part => named('pre-aggregation', preAggregations, part))
  checkNames(name, [...before, rule], parameters)
  const resilience = before.length === 0 ? rule.resilience?.(parameters) : undefined
  return {
    name,
    aggregate(vectors, maxFaulty, options) {
      let mixed = vectors
      let checked = options?.checked ?? false
      for (const part of before) {
        mixed = part.apply(mixed, maxFaulty, settings(part, parameters, { checked }))
        checked = true
      }
      const start = options?.previous
      const ownVector = options?.ownVector
      const machines = before.length === 0 ? options?.machines : undefined
      const more = {
        checked,
        ...(start && { start }),
        ...(machines && { machines }),
        ...(ownVector && { ownVector }),
      }
      return rule.apply(mixed, maxFaulty, settings(rule, parameters, more))
    },
    ...(resilience && { resilience }),
  }
}

/** What a pre-aggregation by itself makes of vectors, or several, as `clip+nnm`; null if the name ends in a rule. */
export function mixer(
  name: string,
): ((vectors: readonly Vector[], maxFaulty: number, options?: RuleOptions) => Vector[]) | null {
  const parts = name.split('+')
  if (!Object.hasOwn(preAggregations, parts.at(-1)!)) return null
  const before = parts.map(part => named('pre-aggregation', preAggregations, part))
  return (vectors, maxFaulty, options = {}) =>
    before.reduce<Vector[]>(
      (mixed, part) => part.apply(mixed, maxFaulty, settings(part, {}, options)),
      [...vectors],
    )
}

function named<T>(kind: string, entries: Readonly<Record<string, T>>, name: string): T {
  const entry = Object.hasOwn(entries, name) ? entries[name] : undefined
  if (entry !== undefined) return entry
  throw new RuleError(
    'unknown-rule',
    `no ${kind} is called ${JSON.stringify(name)}; there are ${Object.keys(entries).join(', ')}`,
  )
}

function checkNames(name: string, parts: readonly Entry[], parameters: RuleParameters): void {
  const known = parts.flatMap(part => part.parameters ?? []).map(parameter => parameter.name)
  for (const [parameter, value] of Object.entries(parameters)) {
    const stray = !known.includes(parameter)
    if (stray || Number.isNaN(value))
      throw new RuleError(
        'bad-parameter',
        stray
          ? `${name}: has no parameter ${parameter}; it has ${known.join(', ') || 'none'}`
          : `${name}: ${parameter} is not a number`,
      )
  }
}

/** Each part sees its own parameters only. */
function settings(
  part: Entry,
  parameters: RuleParameters,
  options: CcOptions & { readonly machines?: Machines; readonly ownVector?: Vector },
): RuleOptions & RuleParameters {
  const own = (part.parameters ?? []).filter(({ name }) => name in parameters)
  const values = Object.fromEntries(own.map(({ name }) => [name, parameters[name]!]))
  return { ...values, ...options } as unknown as RuleOptions & RuleParameters
}

function cvaByIndex(
  vectors: readonly Vector[],
  maxFaulty: number,
  options: RuleOptions & RuleParameters,
): Vector {
  const { own = 0, keep = vectors.length - maxFaulty } = options
  const vector = vectors[own]
  if (vector === undefined && vectors.length > 0)
    throw new RuleError(
      'bad-parameter',
      `cva: own is ${own}, must be a whole number from 0 to ${vectors.length - 1}`,
    )
  return cva(vectors, vector ?? new Float32Array(), keep, options)
}
