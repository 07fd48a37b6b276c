/** All attacks, by layer. */
import type { Attack } from '../scene.ts'
import { attacksBelow } from './below.ts'
import { linkAttacks } from './link.ts'
import { messageAttacks } from './messages.ts'
import { socketAttacks } from './sockets.ts'

export const attacks: readonly Attack[] = [
  ...socketAttacks,
  ...attacksBelow,
  ...linkAttacks,
  ...messageAttacks,
]

export function attackNamed(name: string): Attack {
  const found = attacks.find(attack => attack.name === name)
  if (found === undefined)
    throw new Error(
      `there is no attack "${name}"; there are: ${attacks.map(attack => attack.name).join(', ')}`,
    )
  return found
}
