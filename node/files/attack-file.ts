/** An attack by name, or from a file of the user's: a module that exports `attack`, described in docs/attacks.md. */
import { basename, extname } from 'node:path'
import { z } from 'zod'
import type { Attack } from '../../learning/attacks/attack.ts'
import { AttackError, attackNamed, attackNames } from '../../learning/attacks/registry.ts'
import { exportedAs } from './exported.ts'
import { isModuleFile, loadModule, moduleEndings, OwnFileError } from './own-module.ts'

/** The value of `--attack`, checked as far as possible without opening anything. @throws AttackError */
function checkAttackReference(reference: string): string {
  if (isModuleFile(reference) || attackNames.includes(reference)) return reference
  throw new AttackError(
    'ATTACK_UNKNOWN',
    `attack '${reference}': expected one of ${attackNames.join(', ')}, or a file ending in ${moduleEndings.join(', ')}`,
  )
}

const callable = z.custom<(...args: never[]) => unknown>(value => typeof value === 'function', 'a function')

const schema = z.strictObject({
  name: z.string().min(1).optional(),
  did: z.string().min(1).optional(),
  rushing: z.boolean().default(false),
  perRecipient: z.boolean().default(false),
  forge: callable.optional(),
  say: callable.optional(),
  wire: callable.optional(),
  relabel: callable.optional(),
  delayMs: z.number().min(0).optional(),
})

/** @throws AttackError if the file cannot be loaded, exports no attack, or one with an unknown field */
export async function loadAttack(reference: string): Promise<Attack> {
  if (!isModuleFile(checkAttackReference(reference))) return attackNamed(reference)
  const exported = await open(reference)
  const parsed = schema.safeParse(exported)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const field = ['attack', ...(issue?.path ?? [])].join('.')
    throw new AttackError('ATTACK_FILE', `${reference}: ${field}: ${issue?.message}; see docs/attacks.md`)
  }
  const given = exported as Partial<Attack>
  const { rushing, perRecipient } = parsed.data
  return {
    name: basename(reference, extname(reference)),
    did: `followed ${basename(reference)}`,
    forge: ({ own }) => own,
    ...given,
    rushing,
    perRecipient,
  }
}

async function open(reference: string): Promise<object> {
  try {
    const { exports } = await loadModule(reference)
    return exportedAs('attack', reference, exports, 'export const attack = { … }')
  } catch (error) {
    if (!(error instanceof OwnFileError)) throw error
    throw new AttackError('ATTACK_FILE', error.message, { cause: error })
  }
}
