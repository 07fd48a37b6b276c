/**
 * Averaging agreements that are not ours: a file of the user's that exports `protocol` (docs/own-rule.md), or a rule of
 * the user's choice in the exchange of the standard form. Nothing is known of what they guarantee.
 */
import { z } from 'zod'
import type { Averaging, AveragingOptions } from '../../agreement/averaging/averaging.ts'
import type { Family, Tally } from '../../agreement/averaging/family.ts'
import type { OwnProtocolName, ProtocolName } from '../../agreement/protocol-names.ts'
import type { AveragingProtocol } from '../../agreement/protocols/entry.ts'
import { addProtocol, hasProtocol } from '../../agreement/protocols/registry.ts'
import type { Aggregator, RuleParameters } from '../../agreement/rules/registry.ts'
import { checkedExport, exportedAs } from './exported.ts'
import { called, vectorCalls } from './guarded.ts'
import { loadModule, OwnFileError } from './own-module.ts'
import { loadRule } from './rule-file.ts'

/** A variant of an averaging agreement, as a file exports it. It has a rule, or a state machine of its own. */
export interface ProtocolDefinition {
  /** How vectors travel: to all at once, as in MDA; or by reliable broadcast, as in RB-TM. Absent: `standard`. */
  readonly form?: AveragingProtocol['form']
  /** A peer's next vector. Of the vectors of an iteration, their order is that of their authors. */
  rule?(family: Family): Float32Array | Float64Array | readonly number[]
  /** Standard form: how many vectors an iteration needs at least, this peer's own included; absent: `n − f`. */
  needed?(peers: number, maxFaulty: number): number
  /** Whether the rule gives this peer's own vector, wherever the others lie; absent: never, as far as is known. */
  givesOwn?(tally: Tally): boolean
  /** In place of form and rule: the whole state machine. `createAveraging` and `createWitnessedExchange` help to build one. */
  create?(options: AveragingOptions): Averaging
}

const callable = <F extends (...args: never[]) => unknown>() =>
  z.custom<F>(value => typeof value === 'function', 'expected a function')

const schema = z.strictObject({
  form: z.enum(['standard', 'broadcast']).optional(),
  rule: callable<NonNullable<ProtocolDefinition['rule']>>().optional(),
  needed: callable<NonNullable<ProtocolDefinition['needed']>>().optional(),
  givesOwn: callable<NonNullable<ProtocolDefinition['givesOwn']>>().optional(),
  create: callable<NonNullable<ProtocolDefinition['create']>>().optional(),
})

/**
 * Puts the protocol of a file on the list. It is called as the file's label, `mine.ts@3fa9c2d1b0e4`.
 * @param load loads a user's file
 * @throws OwnFileError
 */
export async function loadProtocol(file: string, load = loadModule): Promise<ProtocolName> {
  const { label, exports } = await load(file)
  const exported = exportedAs('protocol', file, exports, 'export const protocol = { rule(family) { … } }')
  const definition = checkedExport('protocol', file, schema, exported)
  const has = (name: keyof ProtocolDefinition) => definition[name] !== undefined
  if (has('rule') === has('create'))
    throw new OwnFileError(
      'OWN_EXPORT',
      `${file}: protocol has ${has('rule') ? 'both rule and create' : 'neither rule nor create'}; expected one of the two`,
    )
  if (has('create') && (has('form') || has('needed') || has('givesOwn')))
    throw new OwnFileError(
      'OWN_EXPORT',
      `${file}: protocol has create, which decides everything by itself; expected no form, needed or givesOwn beside it`,
    )
  return addedAs(label as OwnProtocolName, name => protocolOf(name, definition as ProtocolDefinition))
}

/**
 * Puts an exchange of the standard form with a rule of the user's choice in it on the list: `standard-form@krum`.
 * @param reference as `loadRule` takes it, and `load`
 * @throws RuleError, OwnFileError
 */
export async function loadRuleProtocol(
  reference: string,
  parameters: RuleParameters,
  load = loadModule,
): Promise<ProtocolName> {
  const rule = await loadRule(reference, parameters, load)
  const set = Object.entries(parameters).map(([name, value]) => `${name}=${value}`)
  const name = `standard-form@${rule.name}${set.length === 0 ? '' : `(${set.join(',')})`}` as const
  return addedAs(name, () => ruleProtocol(name, rule))
}

/** The exchange of the standard form, with this rule in place of a protocol's. */
export function ruleProtocol(name: OwnProtocolName, rule: Aggregator): AveragingProtocol {
  return {
    name,
    form: 'standard',
    usesOwn: true,
    dropsFaulty: false,
    guarantees: null,
    rule: ({ vectors, own, maxFaulty }) =>
      rule.aggregate(vectors, maxFaulty, { checked: true, ownVector: own }),
  }
}

/** Names carry the digest of what they stand for, so one that is there already stands for the same. */
function addedAs(name: OwnProtocolName, make: (name: OwnProtocolName) => AveragingProtocol): ProtocolName {
  if (!hasProtocol(name)) addProtocol(make(name))
  return name
}

/** A protocol of a program's, as a file may export it. @param name names it in errors and reports */
export function protocolOf(name: OwnProtocolName, definition: ProtocolDefinition): AveragingProtocol {
  const { form = 'standard', rule, needed, givesOwn, create } = definition
  const call = vectorCalls(`${name}: rule`)
  return {
    name,
    form,
    usesOwn: true,
    dropsFaulty: false,
    guarantees: null,
    rule: family => {
      if (rule === undefined)
        throw new OwnFileError('OWN_EXPORT', `${name} has no rule, and it was asked for one`)
      const { vectors, own } = family
      return call({ vectors, dimension: own.length, make: () => rule(family) })
    },
    ...(givesOwn && {
      givesOwn: (tally: Tally) => called(`${name}: givesOwn`, () => givesOwn(tally)) === true,
    }),
    ...(needed && {
      needed: (n: number, f: number) =>
        countOf(
          name,
          n,
          called(`${name}: needed`, () => needed(n, f)),
        ),
    }),
    ...(create && { create: (options: AveragingOptions) => machineOf(name, () => create(options)) }),
  }
}

function countOf(name: string, peers: number, count: unknown): number {
  if (typeof count === 'number' && Number.isInteger(count) && count >= 1 && count <= peers) return count
  throw new OwnFileError(
    'OWN_RESULT',
    `${name}: needed gives ${count}; expected a whole number from 1 to ${peers}, the number of peers`,
  )
}

/** Whatever its state machine throws, the error names the file. */
function machineOf(name: string, create: () => Averaging): Averaging {
  const machine = called(`${name}: create`, create)
  for (const method of ['input', 'receive', 'waitingFor'] as const)
    if (typeof machine?.[method] !== 'function')
      throw new OwnFileError(
        'OWN_RESULT',
        `${name}: create gives no ${method}; expected an Averaging, with input, receive and waitingFor`,
      )
  return {
    input: value => effectsOf(`${name}: input`, () => machine.input(value)),
    receive: (from, message) => effectsOf(`${name}: receive`, () => machine.receive(from, message)),
    waitingFor: () => called(`${name}: waitingFor`, () => machine.waitingFor()),
  }
}

function effectsOf(what: string, call: () => ReturnType<Averaging['input']>): ReturnType<Averaging['input']> {
  const effects = called(what, call)
  for (const part of ['messages', 'outputs', 'faults'] as const)
    if (!Array.isArray(effects?.[part]))
      throw new OwnFileError(
        'OWN_RESULT',
        `${what} gives no list of ${part}; expected effects, as newEffects() gives them`,
      )
  return effects
}
