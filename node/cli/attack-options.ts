/** `--attack`: a reference to an attack, and where one cannot act. */
import type { Attack } from '../../learning/attacks/attack.ts'
import { modifiers } from '../../learning/attacks/modifiers.ts'
import { attackNamed, attackNames } from '../../learning/attacks/registry.ts'
import { refuseAroundFile } from '../files/attack-file.ts'
import { isModuleFile } from '../files/own-module.ts'
import { type Parse, UnfitError, UsageError } from './command.ts'
import { offering, oneOf } from './parse.ts'
import { counted } from './view/format.ts'

/** One of our attacks by name, as `little`, `little:zeta=1.5` or `late+little`, or a file of the user's. */
export const attackReference: Parse<string> = offering(attackNames, (value, name) => {
  if (!/[+:]/.test(value) && !isModuleFile(value)) return oneOf(attackNames)(value, name)
  try {
    refuseAroundFile(value)
    if (!isModuleFile(value)) attackNamed(value)
    return value
  } catch (error) {
    throw new UsageError(`${name}: ${error instanceof Error ? error.message : error}`)
  }
})

interface AttackValues {
  readonly attack: string
  readonly byzantine: number | null
  readonly peers: number
  readonly quorum: number | null
}

/**
 * @param faults how many may be faulty
 * @param of what tolerates them
 * @param usual the attack of a user who named none
 * @throws UnfitError where the run would look as if the attack had been withstood
 */
export function refuseUnusedAttack(
  { attack, byzantine, peers, quorum }: AttackValues,
  faults: number,
  of: string,
  usual: string,
): void {
  if (attack === usual || byzantine !== null || faults > 0) return
  const where = quorum === null ? '' : ` with --quorum ${quorum}`
  throw new UnfitError(
    `--attack is ${attack}, and ${of} tolerates no liar among ${peers} peers${where}, so nobody would lie; ` +
      'expected other numbers, --byzantine with --unsafe, or --byzantine 0 to say that nobody does',
  )
}

/** @throws UnfitError where the run would be over before the first lie */
export function refuseLateAttack({ name, firstStep = 1 }: Attack, steps: number): void {
  if (firstStep > steps)
    throw new UnfitError(
      `--attack ${name} lies from step ${firstStep} on, and the run has ${counted(steps, 'step')}, so nobody would lie; ` +
        'expected an earlier one, as in late+little:from=5, or more --steps',
    )
}

/** @throws UsageError for an attack that waits for a step or a phase, where there is one agreement by itself */
export function refuseTimedAttack(attack: string): void {
  const [name = ''] = attack.split(':')
  const modifier = name.split('+').find(part => Object.hasOwn(modifiers, part))
  if (modifier !== undefined)
    throw new UsageError(
      `--attack is ${attack}, and ${modifier} says when to lie while peers learn; one agreement has no steps: expected it without ${modifier}`,
    )
}
