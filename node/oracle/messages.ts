/** The headers of the frames between Concord and an oracle process, parsed on arrival. */
import { z } from 'zod'
import type { Metrics } from '../../learning/evaluation/metrics.ts'
import { OracleError } from '../../learning/oracles/error.ts'

/** The version of the protocol; both sides state theirs in their hello. */
export const ORACLE_PROTOCOL = 1

/** The requests of Concord. The parameters travel as payload. */
export type Ask =
  | {
      readonly type: 'hello'
      readonly protocol: number
      readonly software: string
      /** This peer's index, `0 … peers − 1`. */
      readonly peer: number
      readonly peers: number
      readonly seed: number
      readonly data: string
      readonly partition: string
      /** `flip`: train on labels `classes − 1 − l`. */
      readonly relabel: 'flip' | null
      /** A file for two vectors that both sides may use instead of payloads. */
      readonly shared: string | null
    }
  | { readonly type: 'gradient'; readonly id: number; readonly step: number; readonly batch: number }
  | { readonly type: 'evaluate'; readonly id: number }
  | { readonly type: 'bye' }

const count = z.int().min(1)

/** A loss may be infinite or not a number, which JSON cannot express: then it is null. */
const loss = z
  .number()
  .nullable()
  .transform(value => value ?? Number.NaN)

const share = z.number().min(0).max(1)

/** Recalls that an answer may list; a program with more classes leaves them out. */
const RECALLS_MAX = 1000
const CLASS_NAME_MAX = 1000

/** Strict, because a measure under another name would be lost without a word. */
const metricsSchema: z.ZodType<Metrics> = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('classes'),
    accuracy: share,
    balancedAccuracy: share,
    f1: share,
    auroc: share.nullable().default(null),
    recall: z
      .array(
        z.strictObject({
          name: z.string().min(1).max(CLASS_NAME_MAX),
          examples: z.int().min(0),
          recall: share.nullable(),
        }),
      )
      .max(RECALLS_MAX)
      .default([]),
    baseline: z.strictObject({ accuracy: share, balancedAccuracy: share }),
  }),
  z.strictObject({
    kind: z.literal('numbers'),
    /** Infinite where it is null, as JSON has no such number. */
    rmse: z
      .number()
      .min(0)
      .nullable()
      .transform(value => value ?? Number.POSITIVE_INFINITY),
    r2: z.number().max(1).nullable(),
  }),
])

const answerSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    protocol: z.number(),
    dimension: count,
    parameters: z.array(z.object({ name: z.string().min(1), shape: z.array(z.int().min(0)) })).min(1),
    examples: count,
    software: z.string().default('unnamed'),
    /** It has opened the shared file: from now on vectors go through that file. */
    shared: z.boolean().default(false),
  }),
  z.object({ type: z.literal('gradient'), id: z.int(), loss }),
  z.object({
    type: z.literal('evaluation'),
    id: z.int(),
    loss,
    accuracy: share.nullable(),
    /** Absent from programs that measure nothing else. */
    metrics: metricsSchema.nullable().default(null),
  }),
  z.object({ type: z.literal('error'), id: z.int().nullable(), message: z.string() }),
])

export type Answer = z.infer<typeof answerSchema>
export type HelloAnswer = Extract<Answer, { type: 'hello' }>

/** @throws OracleError `ORACLE_PROTOCOL`, naming the field, its value and what was expected */
export function parseAnswer(header: unknown): Answer {
  const type = typeof header === 'object' && header !== null && 'type' in header ? header.type : undefined
  // Checked before the rest: another version may look quite different.
  if (type === 'hello' && (header as { protocol?: unknown }).protocol !== ORACLE_PROTOCOL)
    throw new OracleError(
      'ORACLE_VERSION',
      `the oracle speaks protocol ${JSON.stringify((header as { protocol?: unknown }).protocol)}, expected ${ORACLE_PROTOCOL}; use the concord_oracle.py of this version`,
    )
  const parsed = answerSchema.safeParse(header)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const where = issue!.path.join('.') || 'type'
  throw new OracleError(
    'ORACLE_PROTOCOL',
    `the oracle's ${typeof type === 'string' ? `"${type}"` : 'message'}: ${where}: ${issue!.message}`,
  )
}

/** @throws OracleError `ORACLE_DIMENSION` if shapes, dimension and θ₁ do not fit together */
export function checkHello({ dimension, parameters }: HelloAnswer, values: number): void {
  const sum = parameters.reduce((all, { shape }) => all + shape.reduce((a, b) => a * b, 1), 0)
  if (sum !== dimension)
    throw new OracleError(
      'ORACLE_DIMENSION',
      `the oracle says dimension ${dimension}, but its ${parameters.length} tensors hold ${sum} values`,
    )
  if (values !== dimension)
    throw new OracleError(
      'ORACLE_DIMENSION',
      `the oracle says dimension ${dimension}, but starts at ${values} values`,
    )
}
