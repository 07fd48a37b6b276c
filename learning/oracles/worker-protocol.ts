/**
 * The messages between oracles and their thread. Vectors are transferred, not copied, if their owner no longer needs
 * them.
 */
import type { Vector } from '../../agreement/vector.ts'
import type { ExampleForm } from '../data/dataset.ts'
import type { NamedShape } from '../models/model.ts'
import type { Evaluation, GradientReply, GradientRequest } from '../oracle.ts'

/** From the thread, once, when its data and models are ready. */
export interface Ready {
  readonly kind: 'ready'
  /** By place, as the specs were given. */
  readonly oracles: readonly ReadyOracle[]
}

export interface ReadyOracle {
  readonly parameters: readonly NamedShape[]
  readonly initial: Vector
  readonly statistics: number
  readonly examples: number
  readonly form: ExampleForm
  readonly notes: readonly string[]
}

export type Question =
  | { readonly kind: 'gradient'; readonly request: GradientRequest }
  | { readonly kind: 'evaluate'; readonly parameters: Vector }

/** To the thread. `place`: which of its oracles is asked. */
export type Ask = Question & { readonly id: number; readonly place: number }

export type Answer =
  | { readonly id: number; readonly kind: 'gradient'; readonly reply: GradientReply }
  | { readonly id: number; readonly kind: 'evaluation'; readonly evaluation: Evaluation }
  | { readonly id: number; readonly kind: 'failed'; readonly error: PlainError }

/** An error as data: a class does not survive the crossing, its name, code and message do. */
interface PlainError {
  readonly name: string
  readonly message: string
  readonly code?: string
}

export type FromThread = Ready | Answer | { readonly kind: 'unusable'; readonly error: PlainError }

export function toPlainError(thrown: unknown): PlainError {
  if (!(thrown instanceof Error)) return { name: 'Error', message: String(thrown) }
  const { name, message } = thrown
  return 'code' in thrown && typeof thrown.code === 'string'
    ? { name, message, code: thrown.code }
    : { name, message }
}

export function fromPlainError(plain: PlainError): Error {
  return Object.assign(new Error(plain.message), plain)
}
