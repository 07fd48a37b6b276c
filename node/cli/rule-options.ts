/** `--rule` and `--param`: an aggregation rule on the command line. */
import { preAggregations, type RuleParameters, rules } from '../../agreement/rules/registry.ts'
import { gossipRules } from '../../learning/gossip/rules.ts'
import type { Cohort } from '../cohort/cohort.ts'
import { ruleFileIn } from '../files/rule-file.ts'
import { suggestion } from '../text/nearest.ts'
import { maybe, option, type Parse, UsageError } from './command.ts'
import { offering } from './parse.ts'

export const ruleParameter = {
  ...option(
    '--param <name=value>',
    'a parameter of the rule; may be given again',
    parameters,
    {} as RuleParameters,
  ),
  fallbackText: 'the rule’s own',
}

/** A rule, with pre-aggregations in front: `nnm+cwtm`. */
export const ruleName: Parse<string> = offering(Object.keys(rules), (value, name) =>
  checkedRuleName(value, name),
)

/** A rule, or a file of the user's, with pre-aggregations in front: `nnm+./mine.ts`. */
export const ruleReference: Parse<string> = offering(Object.keys(rules), (value, name) =>
  ruleFileIn(value) === null ? checkedRuleName(value, name) : value,
)

/** A rule of a run: one of these, or one that exists in gossip alone. */
export const runRule: Parse<string> = offering(
  [...Object.keys(rules), ...Object.keys(gossipRules)],
  (value, name) => (Object.hasOwn(gossipRules, value) ? value : ruleReference(value, name)),
)

/** @param written what the user gave, if it is not `value` */
function checkedRuleName(value: string, name: string, written = value): string {
  const parts = value.split('+')
  const last = parts.pop()!
  for (const [part, known, kind] of [
    ...parts.map(part => [part, Object.keys(preAggregations), 'pre-aggregations'] as const),
    [last, Object.keys(rules), 'rules'] as const,
  ])
    if (kind === 'rules' && Object.hasOwn(preAggregations, part))
      throw new UsageError(
        `${name} is "${value}", and ${part} stands in front of a rule; expected one behind it, as in ${value}+cwtm`,
      )
    else if (!known.includes(part))
      throw new UsageError(
        `${name} is "${written}": "${part}" is none of the ${kind} ${known.join(', ')}${suggestion(part, known)}`,
      )
  return value
}

const firstRuleAbout =
  'rule of the first iteration on gradients: nnm+cwtm, or nnm in front of the protocol; none is its own (docs/unequal-data.md)'

const firstRule: Parse<string> = offering(
  [...Object.keys(preAggregations), ...Object.keys(rules)],
  (value, name) => {
    const last = value.slice(value.lastIndexOf('+') + 1)
    // The mean stands for the protocol's own rule, which is behind a pre-aggregation that ends the name.
    checkedRuleName(Object.hasOwn(preAggregations, last) ? `${value}+mean` : value, name, value)
    return value
  },
)

/** The protocol's own rule in every iteration. */
const OWN_RULE = 'none'

/** `--gradient-rule`: a rule, or what may stand in front of the protocol's own. */
export const gradientRuleOption = maybe<string | null>(
  '--gradient-rule <name>',
  firstRuleAbout,
  offering([OWN_RULE], (value, name) => (value === OWN_RULE ? null : firstRule(value, name))),
  "the protocol's own",
)

/** The first rule of new cohorts: it loses least on unequal data, and nothing on equal data (docs/unequal-data.md). */
const NEW_FIRST_RULE = 'nnm+cwtm'
/** The protocols that it was measured in front of. */
const mixing: readonly string[] = ['mda', 'cva', 'icwtm', 'rb-tm']

/** `--gradient-rule` of a new cohort, which mixes unless it is told not to. */
export const newGradientRuleOption = maybe(
  '--gradient-rule <name>',
  firstRuleAbout,
  offering([OWN_RULE], (value, name) => (value === OWN_RULE ? value : firstRule(value, name))),
  `${NEW_FIRST_RULE}, if a member may be faulty`,
)

/** What `--gradient-rule` of a new cohort means: null is the protocol's own. */
export function newGradientRule(
  asked: string | null,
  { protocol, faults, topology }: Pick<Cohort, 'protocol' | 'faults' | 'topology'>,
): string | null {
  if (asked !== null) return asked === OWN_RULE ? null : asked
  // Gossip has its own rule, and without liars there is nothing to mix for.
  const mixes = topology === undefined && mixing.includes(protocol) && faults > 0
  return mixes ? NEW_FIRST_RULE : null
}

function parameters(value: string, name: string, before?: unknown): RuleParameters {
  const known = (before ?? {}) as RuleParameters
  const match = /^([a-z]+)=(\S+)$/.exec(value)
  const number = Number(match?.[2]?.replace(/^inf(inity)?$/i, 'Infinity'))
  if (match === null || Number.isNaN(number))
    throw new UsageError(`${name} is "${value}"; expected a name and a number, such as m=5`)
  if (match[1]! in known) throw new UsageError(`${name} gives ${match[1]} twice`)
  return { ...known, [match[1]!]: number }
}
