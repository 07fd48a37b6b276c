/** `--alone`: beside what the peers learn together, what each honest one learns on its own share. */
import type { Vector } from '../../agreement/vector.ts'
import { type AloneOptions, learnAlone } from '../../learning/alone.ts'
import type { Evaluation } from '../../learning/oracle.ts'
import type { ModelOracle } from '../../learning/oracles/jax-oracle.ts'
import { meanOf, type Report } from '../daemon/report.ts'
import { flag } from './command.ts'
import { percent } from './view/format.ts'

export const aloneOption = flag(
  '--alone',
  'also train each honest peer alone, on its own share with the same steps, and report what it gains by learning with the others',
)

/** By peer: what those named learn alone; null of the others, and where the learning has diverged. */
export async function evaluateAlone(
  oracles: readonly ModelOracle[],
  peers: readonly number[],
  start: Vector,
  options: AloneOptions,
): Promise<readonly (Evaluation | null)[]> {
  const evaluations: (Evaluation | null)[] = oracles.map(() => null)
  await Promise.all(
    peers.map(async peer => {
      const reached = await learnAlone(oracles[peer]!, start, options)
      if (reached !== null) evaluations[peer] = await oracles[peer]!.evaluate(reached)
    }),
  )
  return evaluations
}

/** "alone: accuracy 61.2 % on average, 45.0 % at the worst; together each gains 28.1 points on average, 12.0 at the least". */
export function aloneLines(honest: Report['honest']): readonly string[] {
  const known = honest.flatMap(({ alone }) => (alone?.accuracy == null ? [] : [alone.accuracy]))
  const gains = honest.flatMap(({ alone }) => alone?.gain ?? [])
  if (known.length === 0) return []
  const reached = `${percent(meanOf(known))} on average, ${percent(Math.min(...known))} at the worst`
  const points = (share: number) => (100 * share).toFixed(1)
  const gained =
    gains.length === 0
      ? ''
      : `; together each gains ${points(meanOf(gains))} points on average, ${points(Math.min(...gains))} at the least`
  return [`alone, on their own shares: accuracy ${reached}${gained}`]
}

/** "with the trigger, 93.1 % of other classes' test images are taken for the target, at the worst honest peer". */
export function triggerLines(honest: Report['honest']): readonly string[] {
  const known = honest.flatMap(({ triggerRate }) => triggerRate ?? [])
  if (known.length === 0) return []
  return [
    `back door: with the trigger ${percent(Math.max(...known))} of the test images of other classes are taken for its target, at the worst honest peer`,
  ]
}
