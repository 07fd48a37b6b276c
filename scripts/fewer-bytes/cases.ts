/** What docs/fewer-bytes.md compares: runs of `simulate` on MNIST that differ in what travels, and nothing else. */

/** Of 32-bit floats, in one step after each gradient. */
export const STEPS = 300
const LOCAL_STEPS = 4
/** A curve has so many points besides its beginning. */
const POINTS = 5

/** What travels. */
export interface Choice {
  readonly name: string
  readonly steps: number
  readonly options: readonly string[]
}

export const choices: readonly Choice[] = [
  { name: 'f32', steps: STEPS, options: [] },
  { name: 'bf16', steps: STEPS, options: ['--precision', 'bf16'] },
  { name: 'int8', steps: STEPS, options: ['--precision', 'int8'] },
  {
    name: `${LOCAL_STEPS} local steps`,
    steps: STEPS / LOCAL_STEPS,
    options: ['--local-steps', String(LOCAL_STEPS)],
  },
]

export const attacks = ['sign-flip', 'little'] as const

/** One run. */
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

/** The arguments of `concord` for a case. */
export function argumentsOf({ choice, attack, seed }: Case, data: string): readonly string[] {
  const { steps, options } = choice
  return [
    ...['simulate', '--protocol', 'mda', '--peers', '7', '--faults', '1', '--attack', attack],
    ...['--data', data, '--steps', String(steps), '--evaluate-every', String(steps / POINTS)],
    ...['--seed', String(seed), ...options],
  ]
}
