/** An attack by name, or from a file of the user's: a module that exports `attack`, described in docs/attacks.md. */
import { basename, extname } from 'node:path'
import { z } from 'zod'
import type { Attack } from '../../learning/attacks/attack.ts'
import { modifiers } from '../../learning/attacks/modifiers.ts'
import { AttackError, attackNamed, attackNames } from '../../learning/attacks/registry.ts'
import { exportedAs } from './exported.ts'
import { isModuleFile, kindOf, loadModule, moduleEndings, OwnFileError, whatHappened } from './own-module.ts'

/** Modifiers and parameters are for attacks by name. @throws AttackError where they stand around a file */
export function refuseAroundFile(reference: string): void {
  const [, modifier = ''] = /(?:^|[/\\])([a-z-]+)\+/.exec(reference) ?? []
  const [file] = reference.split(':', 1)
  if (isModuleFile(reference) && Object.hasOwn(modifiers, modifier))
    throw new AttackError(
      'ATTACK_FILE',
      `attack '${reference}': ${modifier} stands in front of attacks by name; in a file, forge finds the step and the phase in sight.slot`,
    )
  if (isModuleFile(file!) && !isModuleFile(reference))
    throw new AttackError(
      'ATTACK_FILE',
      `attack '${reference}': a file takes no parameters; expected '${file}'`,
    )
}

/** The value of `--attack`, checked as far as possible without opening anything. @throws AttackError */
function checkAttackReference(reference: string): string {
  refuseAroundFile(reference)
  if (isModuleFile(reference) || attackNames.includes(reference)) return reference
  if (/[+:]/.test(reference)) return attackNamed(reference) && reference
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
  from: z.enum(['honest', 'nothing']).optional(),
  delayMs: z.number().min(0).optional(),
})

/** @param load loads a user's file. @throws AttackError if the file cannot be loaded, exports no attack, or one with an unknown field */
export async function loadAttack(reference: string, load = loadModule): Promise<Attack> {
  if (!isModuleFile(checkAttackReference(reference))) return attackNamed(reference)
  const exported = await open(reference, load)
  const parsed = schema.safeParse(exported)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const field = ['attack', ...(issue?.path ?? [])].join('.')
    throw new AttackError('ATTACK_FILE', `${reference}: ${field}: ${issue?.message}; see docs/attacks.md`)
  }
  const did = parsed.data.did ?? `followed ${basename(reference)}`
  const attack = attackOf(basename(reference, extname(reference)), parsed.data as AttackDefinition)
  return guarded(reference, { ...attack, did })
}

/** Whatever the file throws, the error names it. A lie may be any vector, or none, but nothing else. */
function guarded(file: string, attack: Attack): Attack {
  const { forge, say, wire, relabel } = attack
  const from = <Result>(name: string, call: () => Result): Result => {
    try {
      return call()
    } catch (error) {
      throw new OwnFileError('OWN_THROWS', `${file}: ${name} throws: ${whatHappened(error)}`, {
        cause: error,
      })
    }
  }
  return {
    ...attack,
    forge(sight) {
      const lie: unknown = from('forge', () => forge.call(attack, sight))
      if (lie === null || lie instanceof Float32Array) return lie
      throw new OwnFileError(
        'OWN_RESULT',
        `${file}: forge gives ${kindOf(lie)}; expected a Float32Array, or null`,
      )
    },
    ...(say && {
      say: (...given) =>
        listFrom(
          'say',
          from('say', () => say.apply(attack, given)),
        ),
    }),
    ...(wire && {
      wire: (...given) =>
        listFrom(
          'wire',
          from('wire', () => wire.apply(attack, given)),
        ),
    }),
    ...(relabel && { relabel: (...given) => from('relabel', () => relabel.apply(attack, given)) }),
  }

  function listFrom<List>(name: string, list: List): List {
    if (Array.isArray(list)) return list
    throw new OwnFileError('OWN_RESULT', `${file}: ${name} gives ${kindOf(list)}; expected a list`)
  }
}

/** An attack as a program or a file gives it: every field may be left out. */
export type AttackDefinition = Partial<Attack>

/** A whole attack of it: what it leaves out, an honest peer does. */
export function attackOf(name: string, given: AttackDefinition): Attack {
  return {
    name,
    did: 'followed an attack of the caller’s',
    forge: ({ own }) => own,
    rushing: false,
    perRecipient: false,
    ...given,
  }
}

async function open(reference: string, load: typeof loadModule): Promise<object> {
  try {
    const { exports } = await load(reference)
    return exportedAs('attack', reference, exports, 'export const attack = { … }')
  } catch (error) {
    if (!(error instanceof OwnFileError)) throw error
    throw new AttackError('ATTACK_FILE', error.message, { cause: error })
  }
}
