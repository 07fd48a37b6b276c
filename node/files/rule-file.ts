/** A rule of the user's, from a file that exports `rule`, described in docs/own-rule.md; and rules in front of which ours stand. */
import { z } from 'zod'
import {
  type Aggregator,
  aggregator,
  composed,
  preAggregations,
  type RuleEntry,
  type RuleParameter,
  type RuleParameters,
} from '../../agreement/rules/registry.ts'
import type { Vector } from '../../agreement/vector.ts'
import { checkedExport, exportedAs } from './exported.ts'
import { vectorCalls } from './guarded.ts'
import { isModuleFile, loadModule, type OwnModule } from './own-module.ts'

/** What a rule knows besides the vectors and `f`. */
export interface RuleSight {
  /** In an agreement: this peer's own vector, which is among the others. Null elsewhere. */
  readonly own: Vector | null
  /** On the server: what the rule gave in the step before. Null in the first, and elsewhere. */
  readonly previous: Vector | null
  /** By name: those of the rule's parameters that `--param` sets. */
  readonly parameters: RuleParameters
}

/**
 * An aggregation rule: `n` vectors of `d` coordinates, at most `maxFaulty` of them faulty, to one of `d` finite numbers.
 * It must be a function of its arguments alone, and must leave them as they are.
 */
export type RuleFunction = (
  vectors: readonly Vector[],
  maxFaulty: number,
  sight: RuleSight,
) => Float32Array | Float64Array | readonly number[]

/** What a file of a rule exports as `rule`, in place of a mere function. */
export interface RuleDefinition {
  readonly apply: RuleFunction
  readonly summary?: string
  /** Those that `--param` may set. */
  readonly parameters?: readonly RuleParameter[]
}

/** What an aggregator passes on to its rule besides parameters. */
interface Situation {
  readonly ownVector?: Vector
  readonly start?: Vector
}

const taken: readonly string[] = ['start', 'checked', 'machines']

const callable = z.custom<RuleFunction>(value => typeof value === 'function', 'expected a function')

const parameterName = z
  .string()
  .regex(/^[a-z]+$/, 'expected small letters')
  .refine(name => !taken.includes(name), `expected another name than ${taken.join(', ')}`)

const schema = z.strictObject({
  apply: callable,
  summary: z.string().min(1).optional(),
  parameters: z.array(z.strictObject({ name: parameterName, summary: z.string() })).optional(),
})

/** Where in a name `nnm+./mine.ts` the file begins; null if it names none. */
export function ruleFileIn(
  reference: string,
): { readonly before: readonly string[]; readonly file: string } | null {
  if (!isModuleFile(reference)) return null
  const before: string[] = []
  let file = reference
  for (;;) {
    const end = file.indexOf('+')
    const part = file.slice(0, end)
    if (end < 0 || !Object.hasOwn(preAggregations, part)) return { before, file }
    before.push(part)
    file = file.slice(end + 1)
  }
}

/**
 * A rule by name, as in `nnm+cwtm`, or of the user's, as in `./mine.ts` or `nnm+./mine.ts`.
 * @param load loads a user's file
 * @throws RuleError; OwnFileError if the file cannot be loaded or exports no rule
 */
export async function loadRule(
  reference: string,
  parameters: RuleParameters = {},
  load = loadModule,
): Promise<Aggregator> {
  const own = ruleFileIn(reference)
  if (own === null) return aggregator(reference, parameters)
  const module = await load(own.file)
  const name = [...own.before, module.label].join('+')
  return composed(name, own.before, entryOf(own.file, module), parameters)
}

/** A rule of a program's, as `loadRule` makes one of a file's. @param label names it in errors and reports */
export function ruleOf(label: string, rule: RuleFunction | RuleDefinition): Aggregator {
  return composed(label, [], definedAs(label, typeof rule === 'function' ? { apply: rule } : rule), {})
}

/** @throws OwnFileError OWN_EXPORT */
function entryOf(file: string, { label, exports }: OwnModule): RuleEntry {
  const rule = exportedAs('rule', file, exports, 'export function rule(vectors, maxFaulty) { … }')
  const definition = typeof rule === 'function' ? { apply: rule } : rule
  return definedAs(label, checkedExport('rule', file, schema, definition) as RuleDefinition)
}

function definedAs(
  label: string,
  { apply, summary = 'a rule of your own', parameters = [] }: RuleDefinition,
): RuleEntry {
  const call = vectorCalls(`${label}: rule`)
  return {
    summary,
    parameters,
    apply(vectors, maxFaulty, options) {
      const { ownVector = null, start = null } = options as unknown as Situation
      const set = Object.fromEntries(
        parameters.flatMap(({ name }) => (name in options ? [[name, options[name]!]] : [])),
      )
      const sight: RuleSight = { own: ownVector, previous: start, parameters: set }
      const dimension = vectors[0]?.length ?? 0
      return call({ vectors, dimension, make: () => apply(vectors, maxFaulty, sight) })
    },
  }
}
