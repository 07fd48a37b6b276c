/** The user's own rules, attacks and protocols in a sweep, and ours: loaded once for all runs of a thread, attacks for each. */
import type { Aggregator } from '../../agreement/rules/registry.ts'
import type { Attack } from '../../learning/attacks/attack.ts'
import type { GossipRule } from '../../learning/gossip/rules.ts'
import { loadGossipRule } from '../cli/gossip-learning.ts'
import { chosenProtocol } from '../cli/protocol-choice.ts'
import { DEFAULT_RULE } from '../cli/server-learning.ts'
import type { RunValues } from '../cli/simulate-options.ts'
import { loadAttack } from '../files/attack-file.ts'
import { isModuleFile, loadModule } from '../files/own-module.ts'
import { loadRule } from '../files/rule-file.ts'
import { checkInput, type Inputs } from './inputs.ts'

type ChosenProtocol = Awaited<ReturnType<typeof chosenProtocol>>

/** What the names of a run stand for. */
export interface Programs {
  attack(values: RunValues): Promise<Attack>
  /** Of a server. */
  rule(values: RunValues): Promise<Aggregator>
  /** Of peers that gossip. */
  gossipRule(values: RunValues): Promise<GossipRule>
  /** Of peers. */
  protocol(values: RunValues): Promise<ChosenProtocol>
  /** The same, for runs whose files must have these digests: another one is refused with an OwnFileError. */
  heldTo(inputs: Inputs): Programs
}

/** Rules and protocols are read once: a later change of one is seen by the next sweep. */
export function createPrograms(): Programs {
  const known = new Map<string, Promise<unknown>>()
  const once = <T>(key: readonly unknown[], load: () => Promise<T>): Promise<T> => {
    const text = JSON.stringify(key)
    const loaded = (known.get(text) as Promise<T> | undefined) ?? load()
    known.set(text, loaded)
    return loaded
  }
  const programsOf = (inputs: Inputs): Programs => {
    const load = async (path: string) => {
      const module = await loadModule(path)
      checkInput(path, module.digest, inputs)
      return module
    }
    return {
      // What an attack's file keeps besides `shared` would go from run to run, in the order of their scheduling.
      attack: ({ attack }) =>
        isModuleFile(attack)
          ? loadAttack(attack, load)
          : once(['attack', attack], () => loadAttack(attack, load)),
      rule: ({ rule, param }) =>
        once(['rule', rule, param, inputs], () => loadRule(rule ?? DEFAULT_RULE, param, load)),
      gossipRule: ({ rule, param }) =>
        once(['gossip', rule, param, inputs], () =>
          loadGossipRule({ rule, param }, (name, parameters) => loadRule(name, parameters, load)),
        ),
      protocol: ({ protocol, rule, param }) =>
        once(['protocol', protocol, rule, param, inputs], () =>
          chosenProtocol({ protocol, rule, param }, load),
        ),
      heldTo: programsOf,
    }
  }
  return programsOf({})
}
