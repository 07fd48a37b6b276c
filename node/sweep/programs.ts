/** The user's own rules, attacks and protocols in a sweep, and ours: loaded once for all runs of a thread. */
import type { Aggregator } from '../../agreement/rules/registry.ts'
import type { Attack } from '../../learning/attacks/attack.ts'
import { chosenProtocol } from '../cli/protocol-choice.ts'
import { DEFAULT_RULE } from '../cli/server-learning.ts'
import type { RunValues } from '../cli/simulate-options.ts'
import { loadAttack } from '../files/attack-file.ts'
import { loadRule } from '../files/rule-file.ts'

type ChosenProtocol = Awaited<ReturnType<typeof chosenProtocol>>

/** What the names of a run stand for. */
export interface Programs {
  attack(values: RunValues): Promise<Attack>
  /** Of a server. */
  rule(values: RunValues): Promise<Aggregator>
  /** Of peers. */
  protocol(values: RunValues): Promise<ChosenProtocol>
}

/** Files are read once: a later change of one is seen by the next sweep. */
export function createPrograms(): Programs {
  const known = new Map<string, Promise<unknown>>()
  const once = <T>(key: readonly unknown[], load: () => Promise<T>): Promise<T> => {
    const text = JSON.stringify(key)
    const loaded = (known.get(text) as Promise<T> | undefined) ?? load()
    known.set(text, loaded)
    return loaded
  }
  return {
    attack: ({ attack }) => once(['attack', attack], () => loadAttack(attack)),
    rule: ({ rule, param }) => once(['rule', rule, param], () => loadRule(rule ?? DEFAULT_RULE, param)),
    protocol: ({ protocol, rule, param }) =>
      once(['protocol', protocol, rule, param], () => chosenProtocol({ protocol, rule, param })),
  }
}
