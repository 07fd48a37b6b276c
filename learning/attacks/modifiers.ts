/**
 * Attacks that say when another attack strikes: `late+little` is honest until a step, `parameters-only+empire` in the
 * agreement on gradients. By themselves they stand in front of `sign-flip`.
 */
import type { Slot } from '../../agreement/message.ts'
import { type Attack, poisonsData } from './attack.ts'

type Parameters = Readonly<Record<string, number>>

interface Modifier {
  readonly defaults?: Parameters
  /** Completes the other attack's `did`: "sent zeros, from step 50 on". */
  readonly did: (parameters: Parameters) => string
  readonly strikes: (slot: Slot, parameters: Parameters) => boolean
  /** Absent: the first of all. */
  readonly firstStep?: (parameters: Parameters) => number
  /** What a parameter must be, if not; null: it is right. */
  readonly wrong?: (parameters: Parameters) => string | null
}

/** What may stand in front of another attack, by name. */
export const modifiers: Readonly<Record<string, Modifier>> = {
  late: {
    defaults: { from: 50 },
    did: ({ from }) => `from step ${from} on`,
    strikes: ({ step }, { from }) => step >= from!,
    firstStep: ({ from }) => from!,
    wrong: ({ from }) =>
      Number.isInteger(from) && from! >= 1 ? null : `from is ${from}; expected a step, 1 or a later one`,
  },
  'parameters-only': {
    did: () => 'in the agreement on parameters only',
    strikes: ({ phase }) => phase === 'parameters',
  },
}

/** What a modifier stands in front of where nothing is named. */
export const MODIFIED_BY_DEFAULT = 'sign-flip'

/** Why an attack cannot be told when to strike; null if it can. */
export function whyNotModified(attack: Attack): string | null {
  const { wire, delayMs } = attack
  if (poisonsData(attack)) return 'it poisons the data, which stay as they are'
  if (wire !== undefined || delayMs !== undefined) return 'it acts on frames, which name no step'
  return null
}

/** The attack where the modifier lets it strike; an honest peer elsewhere. */
export function modified(attack: Attack, name: string, parameters: Parameters): Attack {
  const { did, strikes, firstStep } = modifiers[name]!
  const { from: _, ...rest } = attack
  const { say } = attack
  return {
    ...rest,
    name: `${name}+${attack.name}`,
    did: `${attack.did}, ${did(parameters)}`,
    firstStep: Math.max(firstStep?.(parameters) ?? 1, attack.firstStep ?? 1),
    forge: sight => (strikes(sight.slot, parameters) ? attack.forge(sight) : sight.own),
    ...(say && {
      say: (message, saying) => (strikes(message.slot, parameters) ? say(message, saying) : [message]),
    }),
  }
}
