/**
 * The cohort: everything that all members must agree on beforehand. It is parsed once, from YAML or from options, into
 * this value (file.ts). Its id is the digest of its canonical form, and peers with different ids do not talk to each
 * other.
 *
 * Addresses are not part of the id: each member's file may have different ones, and they change.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { whyNoFirstRule } from '../../agreement/averaging/first-rule.ts'
import { protocolNames } from '../../agreement/bounds.ts'
import { precisions } from '../../agreement/precision.ts'
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { OwnProtocolName } from '../../agreement/protocol-names.ts'
import { hasProtocol } from '../../agreement/protocols/registry.ts'
import { type BatchSchedule, parseBatchSchedule } from '../../learning/batch-size.ts'
import { OWN_PARTITION, parsePartition } from '../../learning/data/partition.ts'
import { dataSchema } from '../../learning/data/schema.ts'
import { parseStepSize, type StepSizeSchedule } from '../../learning/step-size.ts'
import { isPrintable } from '../text/printable.ts'
import { whyNoGossipRule, whyNoTopology } from './gossip-names.ts'

const count = z.int().min(1)
/** A name for people, shown in every log and table. */
const name = z
  .string()
  .min(1)
  .max(64)
  .refine(isPrintable, 'a text without escapes, line breaks and invisible characters')

/** A schedule and the text that it was read from: members agree on the text. */
export interface Written<Schedule> {
  readonly text: string
  readonly schedule: Schedule
}

/** A text that `parse` reads; if it cannot, its error says what would be right. */
function written<Schedule>(parse: (text: string) => Schedule) {
  return z.string().transform((text, { issues }): Written<Schedule> => {
    try {
      return { text, schedule: parse(text) }
    } catch (error) {
      const message = (error as Error).message.replace(/^.*?: expected /, '')
      issues.push({ code: 'custom', message, input: text })
      return z.NEVER
    }
  })
}

/** `own`, or what `parsePartition` takes. */
const partition = z.string().superRefine((text, { addIssue }) => {
  try {
    if (text !== OWN_PARTITION) parsePartition(text)
  } catch (error) {
    const message = (error as Error).message.replace(/^.*?: expected /, `${OWN_PARTITION}, `)
    addIssue({ code: 'custom', message, input: text })
  }
})

const gradientRule = z.string().superRefine((text, { addIssue }) => {
  const why = whyNoFirstRule(text)
  if (why !== null) addIssue({ code: 'custom', message: why, input: text })
})

/** Who hears whom, drawn from the cohort's seed: all members know the same graph, and it stays. */
const drawnTopology = z.string().superRefine((text, { addIssue }) => {
  const why = whyNoTopology(text)
  if (why !== null) addIssue({ code: 'custom', message: why, input: text })
})

/** Members by their places, from 0. */
const edges = z
  .array(z.tuple([z.int().min(0), z.int().min(0)]).readonly())
  .min(1)
  .readonly()

const gossipRule = z.string().superRefine((text, { addIssue }) => {
  const why = whyNoGossipRule(text)
  if (why !== null) addIssue({ code: 'custom', message: why, input: text })
})

/** Beyond this peers that learn alone for so long share little. */
export const LOCAL_STEPS_MAX = 1024

export const memberSchema = z
  .strictObject({
    /** For people; unique. */
    name,
    /** libp2p peer id of the member's Ed25519 key (`12D3KooW…`); the public key is inside. */
    id: z.string().min(1),
    /**
     * Multiaddrs to try, `/ip4/192.168.1.5/tcp/4001` or `/ip4/192.168.1.5/udp/4001/quic-v1`; may be empty if mDNS finds
     * the member.
     */
    addresses: z.array(z.string()).readonly().default([]),
  })
  .readonly()

/** A protocol that this process has added: a simulated cohort may run it, and no member of a real one knows it. */
const ownProtocol = z.custom<OwnProtocolName>(value => typeof value === 'string' && hasProtocol(value))

/** Every field, its range, and its default if it may be left out. */
export const cohortSchema = z
  .strictObject({
    name: name.default('cohort'),
    /** Index in this list = `PeerIndex`. */
    members: z.array(memberSchema).min(1).max(1024).readonly(),
    /** `f`: how many members may be faulty. */
    faults: z.int().min(0),
    protocol: z.union([z.enum(protocolNames), ownProtocol]),
    synchrony: z.enum(['asynchronous', 'synchronous']).default('asynchronous'),
    /** `q`: how many vectors, its own included, a peer waits for in an iteration; absent: `n − f`, all `n` under synchrony. */
    quorum: count.optional(),
    /**
     * Whom each member hears, if not all hear all: `ring`, `regular:6`, `erdos-renyi:0.5`, or a list of edges. Members then
     * gossip with their neighbours alone, and `f` counts the faulty neighbours of one member.
     */
    topology: z.union([drawnTopology, edges]).optional(),
    /** Of gossip: what a member makes of its own vector and its neighbours'. */
    rule: gossipRule.optional(),
    /**
     * How vectors travel: `digest-first` sends the digest of what the others are likely to hold, and the vector to those
     * who lack it; absent: `whole`, as in cohorts from before there was a choice.
     */
    exchange: z.enum(['digest-first', 'whole']).optional(),
    /** Standard form: how long to wait for more than `q` vectors once `q` are in. */
    graceMs: z.number().min(0).max(60_000).default(20),
    /** Synchronous mode: how long to wait for all `n`. */
    timeoutMs: z.number().min(1).max(3_600_000).default(10_000),
    schedule: z.enum(['practical', 'theory', 'log']).default('practical'),
    /** Schedule `practical`: `k_g` and `k_θ`. Ignored by the others. */
    iterations: z
      .strictObject({ gradient: count, parameters: count })
      .readonly()
      .default({ gradient: 1, parameters: 1 }),
    /** Which iteration count the theory schedule uses for a wanted contraction. */
    count: z.enum(['tight', 'paper']).default('tight'),
    steps: count.max(2 ** 31 - 1),
    model: z.string().min(1),
    /** What the members' tables or images have in common, where each learns from its own; the model's inputs and classes follow. */
    schema: dataSchema.optional(),
    /** Which member holds what of the data. Absent: with a schema `own`, otherwise as each member's `join` says. */
    partition: partition.optional(),
    /** SHA-256 of the checkpoint that all members start from; absent: the start of the model, or of each --oracle. */
    init: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'the SHA-256 of a checkpoint, 64 digits from 0 to f')
      .optional(),
    rate: z.number().positive(),
    /** How the rate changes over the steps: `constant`, `inverse` (`c/(t + 1)`), `milestones:0.1@300,600`. */
    stepSize: written<StepSizeSchedule>(parseStepSize).prefault('constant'),
    momentum: z.number().min(0).lt(1).default(0.9),
    /** ℓ₂ norm to which each peer clips its own vector; null: not at all. */
    clip: z.number().positive().nullable().default(null),
    /** `c`: each peer adds `cθ` to its gradient, the gradient of `c/2 · ‖θ‖²`. */
    weightDecay: z.number().min(0).default(0),
    /** The share of the hidden layers' values that each peer drops in training; absent: none. */
    dropout: z.number().gt(0).lt(1).optional(),
    /** `balanced`: each peer weights its examples so that its classes count the same; absent: its examples do. */
    classWeights: z.enum(['balanced']).optional(),
    /**
     * The rule of the first iteration of each agreement on gradients: one by name, `nnm+cwtm`, or `nnm` or `bucketing` in
     * front of the protocol's own; absent: the protocol's own.
     */
    gradientRule: gradientRule.optional(),
    /** In how many bytes gradients travel: `bf16` in 2, `int8` in 1; absent: `f32`, in 4. */
    precision: z.enum(precisions).optional(),
    /** How many gradients each peer computes in a step, at parameters of its own; absent: 1. */
    localSteps: count.max(LOCAL_STEPS_MAX).optional(),
    /** Parameters are projected onto `[−box, box]^d` after each descent; null: not at all. */
    box: z.number().positive().nullable().default(null),
    batch: count,
    /** How the batch size changes over the steps: `constant`, `growing` (as `t`), `growing:0.5` (as its root). */
    batchSchedule: written<BatchSchedule>(parseBatchSchedule).prefault('constant'),
    /** Each member evaluates its model after every so many steps, on its test set; absent: at the end alone. */
    evaluateEvery: count.optional(),
    /** θ_* of Algorithm 1: the last parameters (Remark 1), or those of a step drawn from the seed. */
    output: z.enum(['last', 'drawn']).default('last'),
    seed: z.int().min(0),
    /** Runs below a protocol's bound on purpose. */
    unsafe: z.boolean().default(false),
  })
  .readonly()

/** A member of a cohort: a name for people, the peer id of its key, and its addresses. */
export type Member = z.infer<typeof memberSchema>
/** Everything that the members agree on before they start. `cohortId` is the digest of it. */
export type Cohort = z.infer<typeof cohortSchema>
/** A cohort as in its file: plain values, every field spelt out. */
export type CohortDocument = Omit<Cohort, 'stepSize' | 'batchSchedule'> & {
  readonly stepSize: string
  readonly batchSchedule: string
}

/** One member's place in a cohort. */
export interface Membership {
  readonly cohort: Cohort
  /** Digest of the cohort's canonical form, lower-case hexadecimal. Peers with different ids do not talk. */
  readonly cohortId: string
  readonly self: PeerIndex
}

/** What people read in place of a member's index: its name in the cohort file. */
export function memberName({ members }: Pick<Cohort, 'members'>, peer: PeerIndex): string {
  return members[peer]?.name ?? `peer ${peer}`
}

/** The partition that the members agreed on; null if their cohort leaves it to each of them. */
export function agreedPartition({ schema, partition }: Cohort): string | null {
  return partition ?? (schema === undefined ? null : OWN_PARTITION)
}

/** The way back: the value from which `cohortSchema` makes this cohort. */
export function cohortDocument(cohort: Cohort): CohortDocument {
  const partition = agreedPartition(cohort)
  return {
    ...cohort,
    ...(partition !== null && { partition }),
    stepSize: cohort.stepSize.text,
    batchSchedule: cohort.batchSchedule.text,
  }
}

/** One text for one cohort: JSON with sorted keys, every default spelt out, without addresses. */
export function canonicalCohort(cohort: Cohort): string {
  return canonicalText(agreedOn(cohort))
}

/** SHA-256 of the canonical form, lower-case hexadecimal. */
export function cohortId(cohort: Cohort): string {
  return createHash('sha256').update(canonicalCohort(cohort)).digest('hex')
}

/** Paths of the fields in which two cohorts differ, `steps` or `members[2].id`; empty where their ids are equal. */
export function differingFields(a: Cohort, b: Cohort): readonly string[] {
  const left = flatten(agreedOn(a))
  const right = flatten(agreedOn(b))
  return [...new Set([...left.keys(), ...right.keys()])].filter(path => left.get(path) !== right.get(path))
}

/** Up to this many members differences are named one by one; in larger cohorts only that some members differ. */
const NAMED_MEMBERS_MAX = 64

/**
 * A short digest of each field, by name, by which two members can compare their files without sending them: `steps`,
 * `iterations`, `members[2]`, `schema.columns`. Equal if the fields are; 48 bits are enough to tell two values apart.
 */
export function fieldDigests(cohort: Cohort): ReadonlyMap<string, string> {
  const { members, schema = {}, ...rest } = agreedOn(cohort)
  const fields: [string, unknown][] = Object.entries(rest)
  for (const [name, value] of Object.entries(schema)) fields.push([`schema.${name}`, value])
  if (members.length > NAMED_MEMBERS_MAX) fields.push(['members', members])
  else for (const [index, member] of members.entries()) fields.push([`members[${index}]`, member])
  const digest = (value: unknown) =>
    createHash('sha256').update(canonicalText(value)).digest('hex').slice(0, 12)
  return new Map(fields.map(([name, value]) => [name, digest(value)]))
}

/** JSON with sorted keys. */
export function canonicalText(value: unknown): string {
  return JSON.stringify(value, sortedKeys)
}

/** A default that cohorts from before its setting do not have is left out, so that they keep their ids. */
function agreedOn({ precision = 'f32', localSteps = 1, exchange = 'whole', ...others }: Cohort) {
  const cohort: Cohort = {
    ...others,
    ...(precision !== 'f32' && { precision }),
    ...(localSteps !== 1 && { localSteps }),
    ...(exchange !== 'whole' && { exchange }),
  }
  return { ...cohortDocument(cohort), members: cohort.members.map(({ name, id }) => ({ name, id })) }
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Leaves by path, as JSON. */
function flatten(value: unknown, path = '', into = new Map<string, string>()): Map<string, string> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) flatten(item, `${path}[${index}]`, into)
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) flatten(item, path === '' ? key : `${path}.${key}`, into)
  } else into.set(path, JSON.stringify(value))
  return into
}
