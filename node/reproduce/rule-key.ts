/**
 * What the key of a stored run says of its rule: its parameters, and what it starts from. Two runs that differ in one of
 * them are two results.
 */
import { type Aggregator, aggregator, type RuleParameters } from '../../agreement/rules/registry.ts'

/** The fields of a configuration that settle its rule. */
export type RuleKey = {
  readonly rule: string
  /** As `m=2 tau=1`, by name; empty: the rule's defaults. */
  readonly parameters: string
  /** Of centered clipping: each step from its last result, or always from the origin. Null: the rule starts from nothing. */
  readonly start: 'previous' | 'origin' | null
}

export function ruleKey(rule: string, parameters: RuleParameters = {}): RuleKey {
  const names = Object.keys(parameters).sort()
  return {
    rule,
    parameters: names.map(name => `${name}=${parameters[name]}`).join(' '),
    start: rule.split('+').at(-1) === 'cc' ? 'previous' : null,
  }
}

/** @throws RuleError unknown-rule, bad-parameter */
export function ruleOf({ rule, parameters, start }: RuleKey): Aggregator {
  const pairs = parameters === '' ? [] : parameters.split(' ').map(pair => pair.split('='))
  const chosen = aggregator(rule, Object.fromEntries(pairs.map(([name, value]) => [name, Number(value)])))
  if (start !== 'origin') return chosen
  return {
    ...chosen,
    aggregate: (vectors, maxFaulty, { previous: _, ...others } = {}) =>
      chosen.aggregate(vectors, maxFaulty, others),
  }
}
