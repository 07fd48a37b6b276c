/**
 * An attack by name, or from a file of the user's: a module that exports `attack`, described in docs/attacks.md.
 * The file runs with all the rights of this process: it is the user's own program.
 */
import { basename, extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import type { Attack } from '../../learning/attacks/attack.ts'
import { AttackError, attackNamed, attackNames } from '../../learning/attacks/registry.ts'
import { readBytes } from '../../learning/data/read-file.ts'

const endings: ReadonlySet<string> = new Set(['.ts', '.mts', '.js', '.mjs'])

/** Whether a reference names a file rather than one of our attacks. */
export function isAttackFile(reference: string): boolean {
  return endings.has(extname(reference))
}

/** The value of `--attack`, checked as far as possible without opening anything. @throws AttackError */
function checkAttackReference(reference: string): string {
  if (isAttackFile(reference) || attackNames.includes(reference)) return reference
  if (/[+:]/.test(reference)) return attackNamed(reference) && reference
  throw new AttackError(
    'ATTACK_UNKNOWN',
    `attack '${reference}': expected one of ${attackNames.join(', ')}, or a file ending in ${[...endings].join(', ')}`,
  )
}

/** An attack is a page of text; a larger file is something else. */
const MODULE_BYTES_MAX = 2 ** 24

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
  from: z.enum(['honest', 'nothing']).optional(),
  delayMs: z.number().min(0).optional(),
})

/** @throws AttackError if the file cannot be loaded, exports no attack, or one with an unknown field */
export async function loadAttack(reference: string): Promise<Attack> {
  if (!isAttackFile(checkAttackReference(reference))) return attackNamed(reference)
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

async function open(reference: string): Promise<unknown> {
  let module: Record<string, unknown>
  try {
    // The loader would wait at a named pipe for ever.
    await readBytes(reference, MODULE_BYTES_MAX)
    module = await import(pathToFileURL(resolve(reference)).href)
  } catch (error) {
    throw new AttackError('ATTACK_FILE', `${reference}: ${error instanceof Error ? error.message : error}`)
  }
  if (typeof module.attack !== 'object' || module.attack === null)
    throw new AttackError(
      'ATTACK_FILE',
      `${reference} exports no attack; expected: export const attack = { … }`,
    )
  return module.attack
}
