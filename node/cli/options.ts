/**
 * The options that several commands share, each default in one place, and how they become a scenario: the values of a
 * cohort, and its Byzantine peers.
 */
import { whyNotFirst } from '../../agreement/averaging/first-rule.ts'
import { mostFaults, type ProtocolName, protocolNames } from '../../agreement/bounds.ts'
import { precisions } from '../../agreement/precision.ts'
import { refusalOf } from '../../agreement/refusal.ts'
import type { Attack } from '../../learning/attacks/attack.ts'
import { attackNamed, attackNames } from '../../learning/attacks/registry.ts'
import { type BatchSchedule, parseBatchSchedule } from '../../learning/batch-size.ts'
import { OWN_PARTITION, parsePartition } from '../../learning/data/partition.ts'
import type { ExchangeForm } from '../../learning/learn-contract.ts'
import { modelNames, wrongSetting } from '../../learning/models/registry.ts'
import { parseStepSize, type StepSizeSchedule } from '../../learning/step-size.ts'
import { type BoundedCohort, boundsQueryOf } from '../cohort/bounds-query.ts'
import { type CohortDocument, LOCAL_STEPS_MAX, type Written } from '../cohort/cohort.ts'
import { EXTERNAL_MODEL, wrongModel } from '../oracle/open.ts'
import { attackReference, refuseLateAttack, refuseUnusedAttack } from './attack-options.ts'
import { flag, maybe, option, type Parse, UnfitError, UsageError, type Values } from './command.ts'
import { liarsOf, liarsOption } from './liars.ts'
import { decimal, integer, offering, oneOf, orNone, pair, text } from './parse.ts'
import { gradientRuleOption } from './rule-options.ts'

export const protocols = protocolNames

const exchangeForms: readonly ExchangeForm[] = ['digest-first', 'whole']

/** What the members of a cohort agree on. */
export const cohortOptions = {
  protocol: option(
    '--protocol <name>',
    `averaging agreement: ${protocols.join(', ')}`,
    oneOf<ProtocolName>(protocols),
    'mda' as ProtocolName,
  ),
  faults: maybe(
    '--faults <f>',
    'how many peers may be faulty',
    integer({ min: 0 }),
    'the most the protocol allows',
  ),
  quorum: maybe(
    '--quorum <q>',
    'how many vectors, its own included, a peer waits for in an iteration: fewer go faster, with weaker guarantees',
    integer({ min: 1 }),
    'n − f',
  ),
  synchronous: flag('--synchronous', 'wait for all peers, up to --sync-timeout, instead of for n − f'),
  syncTimeout: option(
    '--sync-timeout <ms>',
    'how long a synchronous peer waits: three delays of a message or a gradient, whichever is longer, and a margin',
    decimal({ min: 1, max: 3_600_000 }),
    10_000,
  ),
  grace: option(
    '--grace <ms>',
    'how long to wait for more than n − f vectors, or than --quorum',
    decimal({ min: 0, max: 60_000 }),
    20,
  ),
  exchange: option(
    '--exchange <form>',
    'how vectors travel: whole; or digest-first, whole only to those who lack what a digest stands for',
    oneOf(exchangeForms),
    'whole' as ExchangeForm,
  ),
  steps: option('--steps <count>', 'learning steps', integer({ min: 1, max: 2 ** 31 - 1 }), 100),
  model: option(
    '--model <name>',
    `what is learnt: ${modelNames.join(', ')}, or ${EXTERNAL_MODEL} if every member brings an --oracle`,
    modelName(EXTERNAL_MODEL),
    'mlp',
  ),
  rate: option('--rate <eta>', 'learning rate', decimal({ above: 0 }), 0.5),
  stepSize: {
    ...option<Written<StepSizeSchedule>>(
      '--step-size <schedule>',
      'how the rate changes: constant, inverse (c/(t + 1)), milestones:0.1@300,600',
      written(parseStepSize),
      { text: 'constant', schedule: { kind: 'constant' } },
    ),
    fallbackText: 'constant',
  },
  momentum: option('--momentum <beta>', 'distributed momentum', decimal({ min: 0, below: 1 }), 0.9),
  clip: option('--clip <norm>', 'clip own gradients to this norm, or none', orNone(decimal({ above: 0 })), 2),
  weightDecay: option(
    '--weight-decay <c>',
    'ℓ₂ regularisation: each peer adds c times the parameters to its gradient',
    decimal({ min: 0 }),
    1e-4,
  ),
  precision: option(
    '--precision <name>',
    'in how many bytes gradients travel: f32 in 4, bf16 in 2, int8 in 1 (docs/fewer-bytes.md)',
    oneOf(precisions),
    'f32',
  ),
  gradientRule: gradientRuleOption,
  localSteps: option(
    '--local-steps <k>',
    'how many times each peer descends by itself in a step, before the sum is exchanged',
    integer({ min: 1, max: LOCAL_STEPS_MAX }),
    1,
  ),
  dropout: option(
    '--dropout <share>',
    "mlp: the share of the hidden layers' values that is dropped in training",
    decimal({ min: 0, below: 1 }),
    0,
  ),
  classWeights: option(
    '--class-weights <how>',
    'balanced: each class of what a peer holds counts the same in its loss; none: each example does',
    oneOf(['none', 'balanced']),
    'none',
  ),
  batch: option('--batch <size>', 'examples a gradient', integer({ min: 1, max: 1_000_000 }), 64),
  batchSchedule: {
    ...option<Written<BatchSchedule>>(
      '--batch-schedule <schedule>',
      'how the batch size changes: constant, growing (as t), growing:0.5 (as its root)',
      written(parseBatchSchedule),
      { text: 'constant', schedule: { kind: 'constant' } },
    ),
    fallbackText: 'constant',
  },
  box: {
    ...option(
      '--box <bound>',
      'project the parameters onto [−bound, bound] after each step, or none',
      orNone(decimal({ above: 0 })),
      null,
    ),
    fallbackText: 'none',
  },
  schedule: option(
    '--schedule <name>',
    'iterations of each agreement: practical, theory, log',
    oneOf(['practical', 'theory', 'log']),
    'practical',
  ),
  iterations: {
    ...option('--iterations <g,p>', 'practical schedule: for gradients, for parameters', pair, [
      1, 1,
    ] as const),
    fallbackText: '1,1',
  },
  count: option(
    '--count <kind>',
    'theory schedule: tight or paper counts',
    oneOf(['tight', 'paper']),
    'tight',
  ),
  evaluateEvery: maybe(
    '--evaluate-every <steps>',
    'evaluate the model after every so many steps as well; the report has the series',
    integer({ min: 1 }),
    'at the end alone',
  ),
  output: option(
    '--output <which>',
    'the last parameters, or those of a drawn step',
    oneOf(['last', 'drawn']),
    'last',
  ),
  seed: option('--seed <n>', 'decides everything random', integer({ min: 0 }), 1),
  unsafe: flag(
    '--unsafe',
    'run below the bound of a protocol, or with more Byzantine peers than it tolerates',
  ),
} as const

/** For cohorts of real peers. A simulated one sends nothing, and keeps the form and the trace that it had. */
export const digestFirst = {
  exchange: { ...cohortOptions.exchange, fallback: 'digest-first' as ExchangeForm },
} as const

/** What a peer learns from. */
export const dataOptions = {
  data: option(
    '--data <path>',
    'digits (drawn, nothing to download), a .csv, .tsv or .parquet file, or a folder with IDX, CIFAR-10, .csv, .parquet or .npy files, or with a folder of .png and .jpg images for each class; PATH?missing=mean fills missing values, PATH?size=28x28&channels=1 brings images to a size (docs/data.md)',
    text,
    'digits',
  ),
  partition: option(
    '--partition <kind>',
    'which peer holds what: iid, label, dirichlet:0.5, quantity:0.5 (docs/data.md)',
    partition,
    'iid',
  ),
} as const

/** What a member of a cohort learns from: its own table or images, if the cohort has a schema. */
export const memberDataOptions = {
  data: {
    ...dataOptions.data,
    about: `${dataOptions.data.about}; this member's own table or images where the cohort has a schema`,
  },
  partition: maybe(
    '--partition <kind>',
    "which peer holds what: iid, label, dirichlet:0.5, quantity:0.5, or own: all of --data is this peer's (docs/data.md)",
    partitionOrOwn,
    "the cohort's, else iid",
  ),
  holdout: maybe(
    '--holdout <share>',
    'which share of this peer’s own data is kept out of the training and measured on',
    decimal({ above: 0, below: 1 }),
    '0.2 where the cohort has a schema',
  ),
} as const

/** How examples are altered on their way into a batch. */
export const augmentOption = {
  augment: option(
    '--augment <how>',
    'none: training images as they are; mirror: each time left to right with probability ½',
    oneOf(['none', 'mirror']),
    'none',
  ),
} as const

/** A whole run on one machine. */
export const scenarioOptions = {
  peers: option('--peers <n>', 'how many peers', integer({ min: 1, max: 1024 }), 7),
  ...cohortOptions,
  byzantine: maybe(
    '--byzantine <b>',
    'how many peers are in fact Byzantine',
    integer({ min: 0 }),
    'as many as --faults',
  ),
  liars: liarsOption,
  attack: option(
    '--attack <name>',
    `what they do: ${attackNames.join(', ')}, or a file such as ./mine.ts (docs/attacks.md)`,
    attackReference,
    'sign-flip',
  ),
  ...dataOptions,
  ...augmentOption,
} as const

export type ScenarioValues = Values<typeof scenarioOptions>
export type CohortValues = Values<typeof cohortOptions>

/** A cohort without its members, the liars in it, and the data that all of them learn from. */
export interface Scenario {
  readonly peers: number
  readonly settings: Omit<CohortDocument, 'name' | 'members'>
  /** The Byzantine peers, ascending; the last ones unless they are named. */
  readonly liars: readonly number[]
  /** Null if nobody lies. */
  readonly attack: Attack | null
  readonly data: string
  readonly partition: string
  readonly augment: 'none' | 'mirror'
}

/**
 * @param loaded the attack, if it is the user's own
 * @param base the protocol whose most faults are the default, if it is another
 * @throws UsageError below the bound, or with more Byzantine peers than it tolerates, without --unsafe
 */
export function scenarioOf(
  values: ScenarioValues,
  loaded: Attack | null = null,
  base = values.protocol,
): Scenario {
  const { peers, unsafe, data, partition, augment } = values
  const settings = settingsOf(values, peers, base)
  const liars = liarsOf(values, settings.faults)
  const byzantine = liars.length
  if (byzantine > settings.faults && !unsafe)
    throw new UnfitError(
      `--byzantine is ${byzantine}, more than the f = ${settings.faults} that ${settings.protocol} is to tolerate; ` +
        `expected at most ${settings.faults}, or --unsafe to study the failure`,
    )
  const said = { ...values, byzantine: values.liars?.length ?? values.byzantine }
  refuseUnusedAttack(said, settings.faults, base, scenarioOptions.attack.fallback)
  const attack = byzantine === 0 ? null : (loaded ?? attackNamed(values.attack))
  if (attack !== null) refuseLateAttack(attack, settings.steps)
  return {
    peers,
    settings,
    liars,
    attack,
    data,
    partition,
    augment,
  }
}

/**
 * @param base the protocol whose most faults are the default
 * @throws UsageError below the protocol's bound without --unsafe, or where the model does not take a setting
 */
export function settingsOf(
  values: CohortValues,
  peers: number,
  base = values.protocol,
): Scenario['settings'] {
  const { protocol, unsafe, synchronous, iterations } = values
  const { schedule, count, steps, model, rate, momentum, clip, weightDecay, batch, output, seed } = values
  const { stepSize, batchSchedule, box, dropout, classWeights, evaluateEvery } = values
  const { precision, localSteps, gradientRule, quorum } = values
  // What is not set is no part of the cohort, so that cohorts from before a setting keep their ids.
  const set = {
    ...(dropout > 0 && { dropout }),
    ...(classWeights === 'balanced' && { classWeights }),
  }
  const wrong = wrongSetting(model, set)
  if (wrong !== null) throw new UsageError(`--${kebab(wrong.setting)} ${wrong.why}`)
  const synchrony = synchronous ? 'synchronous' : 'asynchronous'
  const faults = values.faults ?? mostFaults(base, peers, synchrony, quorum ?? undefined)
  const bounded: BoundedCohort = { protocol, faults, synchrony, ...(quorum !== null && { quorum }) }
  requireBound({ ...boundsQueryOf(bounded, peers), unsafe, learns: true })
  const unfit =
    gradientRule === null ? null : whyNotFirst(gradientRule, quorum ?? peers - faults, faults, peers)
  if (unfit !== null) throw new UsageError(`--gradient-rule: ${unfit}`)
  return {
    ...bounded,
    graceMs: values.grace,
    timeoutMs: values.syncTimeout,
    ...(values.exchange === 'digest-first' && { exchange: values.exchange }),
    schedule,
    iterations: { gradient: iterations[0], parameters: iterations[1] },
    count,
    steps,
    model,
    rate,
    stepSize: stepSize.text,
    momentum,
    clip,
    weightDecay,
    ...set,
    ...(precision !== 'f32' && { precision }),
    ...(localSteps !== 1 && { localSteps }),
    ...(gradientRule !== null && { gradientRule }),
    ...(evaluateEvery !== null && { evaluateEvery }),
    box,
    batch,
    batchSchedule: batchSchedule.text,
    output,
    seed,
    unsafe,
  }
}

/** `classWeights` as an option's name, `class-weights`. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
}

/** @throws UsageError if the protocol must not run with this many faulty peers */
export function requireBound(query: Parameters<typeof refusalOf>[0]): void {
  const refusal = refusalOf(query)
  if (refusal === null) return
  const heal = refusal.reason === 'below-bound' ? '; --unsafe runs it anyway' : ''
  const quorum = query.quorum === undefined ? '' : `, --quorum is ${query.quorum}`
  throw new UnfitError(`--faults is ${query.maxFaulty}${quorum}: ${refusal.why}${heal}`)
}

/** A schedule, with the text that `parse` has read. */
function written<Schedule>(parse: (text: string) => Schedule) {
  return (text: string, name: string): Written<Schedule> => {
    try {
      return { text, schedule: parse(text) }
    } catch (error) {
      throw new UsageError(`${name}: ${(error as Error).message}`)
    }
  }
}

/** One of our models by name, or one of the others. */
function modelName(...others: readonly string[]): Parse<string> {
  return offering([...modelNames, ...others], (value, name) => {
    const expected = wrongModel(value, others)
    if (expected !== null) throw new UsageError(`${name} is "${value}"; expected ${expected}`)
    return value
  })
}

export function partitionOrOwn(value: string): string {
  return value === OWN_PARTITION ? value : partition(value)
}

function partition(value: string): string {
  parsePartition(value)
  return value
}
