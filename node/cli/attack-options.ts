/** `--attack`: a reference to an attack, and where one cannot act. */
import { attackNamed, attackNames } from '../../learning/attacks/registry.ts'
import { isModuleFile } from '../files/own-module.ts'
import { type Parse, UnfitError, UsageError } from './command.ts'
import { offering, oneOf } from './parse.ts'

/** One of our attacks by name, as `little`, `little:zeta=1.5` or `late+little`, or a file of the user's. */
export const attackReference: Parse<string> = offering(attackNames, (value, name) => {
  if (isModuleFile(value)) return value
  if (!/[+:]/.test(value)) return oneOf(attackNames)(value, name)
  try {
    attackNamed(value)
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
