/** What docs/fewer-bytes.md compares: runs of `simulate` that differ in what travels, and nothing else. */

/** How many gradients a peer computes in a run of LEARN on MNIST. */
export const GRADIENTS = 300
/** And in one that only counts bytes: each step sends about as many as the one before. */
export const COUNTED_GRADIENTS = 20
const LOCAL_STEPS = 4
/** A curve has so many points. */
const POINTS = 5
const COHORT = ['simulate', '--protocol', 'mda', '--peers', '7', '--faults', '1']

export const exchanges = ['whole', 'digest-first'] as const
export type Exchange = (typeof exchanges)[number]

/** In what gradients travel, and how many of them in one vector. */
export interface Choice {
  readonly name: string
  readonly localSteps: number
  readonly options: readonly string[]
}

const inLocalSteps = ['--local-steps', String(LOCAL_STEPS)]

/** With which models learn: 32 bits in one step after each gradient is what the others are compared with. */
export const choices: readonly Choice[] = [
  { name: 'f32', localSteps: 1, options: [] },
  { name: 'bf16', localSteps: 1, options: ['--precision', 'bf16'] },
  { name: 'int8', localSteps: 1, options: ['--precision', 'int8'] },
  { name: `${LOCAL_STEPS} local steps`, localSteps: LOCAL_STEPS, options: inLocalSteps },
]

/** Whose bytes are counted: those, and both settings together. */
export const countedChoices: readonly Choice[] = choices.concat(
  ['bf16', 'int8'].map(precision => ({
    name: `${precision}, ${LOCAL_STEPS} local steps`,
    localSteps: LOCAL_STEPS,
    options: ['--precision', precision, ...inLocalSteps],
  })),
)

export const attacks = ['sign-flip', 'little'] as const

/** One run on MNIST. */
export interface Case {
  readonly choice: Choice
  readonly attack: string
  readonly seed: number
}

/** By seed first, so that an interrupted command leaves whole comparisons. */
export function casesOf(seeds: number): readonly Case[] {
  return Array.from({ length: seeds }, (_, i) => i + 1).flatMap(seed =>
    attacks.flatMap(attack => choices.map(choice => ({ choice, attack, seed }))),
  )
}

export function keyOf({ choice, attack, seed }: Case): string {
  return `${choice.name}, ${attack}, seed ${seed}`
}

/** The arguments of `concord` for a case: vectors go whole, since the form of exchange does not change what is learnt. */
export function argumentsOf({ choice, attack, seed }: Case, data: string): readonly string[] {
  const steps = GRADIENTS / choice.localSteps
  return [
    ...[...COHORT, '--exchange', 'whole', '--attack', attack],
    ...['--data', data, '--steps', String(steps), '--evaluate-every', String(steps / POINTS)],
    ...['--seed', String(seed), ...choice.options],
  ]
}

/** A run whose bytes are counted. */
interface CountedCase {
  readonly exchange: Exchange
  readonly choice: Choice
}

export const countedCases: readonly CountedCase[] = exchanges.flatMap(exchange =>
  countedChoices.map(choice => ({ exchange, choice })),
)

export function countedKeyOf({ exchange, choice }: CountedCase): string {
  return `${exchange}, ${choice.name}`
}

/** The arguments of `concord` for it: on drawn digits, whose model is that of MNIST. */
export function countedArgumentsOf({ exchange, choice }: CountedCase): readonly string[] {
  const steps = String(COUNTED_GRADIENTS / choice.localSteps)
  return [...COHORT, '--steps', steps, '--exchange', exchange, ...choice.options]
}
