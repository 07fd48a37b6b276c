/** `--protocol` and `--rule` of simulated runs: one of our protocols, one of the user's, or ours with another rule. */
import { isKnownProtocol, type ProtocolName, protocolNames } from '../../agreement/protocol-names.ts'
import { isBroadcastBased, protocolNamed } from '../../agreement/protocols/registry.ts'
import type { RuleParameters } from '../../agreement/rules/registry.ts'
import { uncheckedOf } from '../checkers/unchecked.ts'
import { isModuleFile, loadModule } from '../files/own-module.ts'
import { maybe, option, type Parse, UsageError } from './command.ts'
import { protocols } from './options.ts'
import { offering, oneOf } from './parse.ts'
import { ruleReference } from './rule-options.ts'

/** One of our protocols by name, or a file of the user's. */
const protocolReference: Parse<string> = offering(protocols, (value, name) =>
  isModuleFile(value) ? value : oneOf(protocols)(value, name),
)

export const ownProtocolOptions = {
  protocol: option(
    '--protocol <name>',
    `averaging agreement: ${protocols.join(', ')}, or a file such as ./mine.ts (docs/own-rule.md)`,
    protocolReference,
    'mda',
  ),
  rule: maybe(
    '--rule <name>',
    'a rule, such as nnm+cwtm or ./mine.ts, in place of that of a --protocol in standard form; nothing is then guaranteed (docs/own-rule.md)',
    ruleReference,
    'that of the protocol',
  ),
} as const

interface ProtocolValues {
  readonly protocol: string
  readonly rule: string | null
  readonly param: RuleParameters
}

/** What runs, and how many faults it is to tolerate if nobody says. */
interface ChosenProtocol {
  readonly protocol: ProtocolName
  /** The protocol that a rule was put into; else the protocol itself. Its most faults are the default. */
  readonly base: ProtocolName
}

/**
 * Loads what the options name.
 * @param load loads a user's file
 * @throws UsageError where they contradict each other; RuleError, OwnFileError
 */
export async function chosenProtocol(
  { protocol, rule, param }: ProtocolValues,
  load = loadModule,
): Promise<ChosenProtocol> {
  if (rule === null && Object.keys(param).length > 0)
    throw new UsageError('--param sets a parameter of a rule; expected --rule beside it')
  if (rule === null && isKnownProtocol(protocol)) return { protocol, base: protocol }
  const { loadProtocol, loadRuleProtocol } = await import('../files/protocol-file.ts')
  if (rule === null) {
    const own = await loadProtocol(protocol, load)
    return { protocol: own, base: own }
  }
  if (!isKnownProtocol(protocol))
    throw new UsageError(
      `--protocol is "${protocol}", which has its own rule, and --rule is "${rule}"; expected one of the two`,
    )
  if (isBroadcastBased(protocol)) {
    const standard = protocolNames.filter(name => !isBroadcastBased(name))
    throw new UsageError(
      `--rule is "${rule}", and --protocol ${protocol} is not of standard form; expected one of ${standard.join(', ')} beside it`,
    )
  }
  return { protocol: await loadRuleProtocol(rule, param, load), base: protocol }
}

/** What is said of a run whose protocol is not one of ours; empty for ours. */
export function unguaranteedLines(protocol: ProtocolName): readonly string[] {
  if (protocolNamed(protocol).guarantees !== null) return []
  return [
    `${protocol} is not one of ours: nothing is guaranteed. Checkers left out: ${uncheckedOf(protocol).join(', ')}`,
  ]
}
