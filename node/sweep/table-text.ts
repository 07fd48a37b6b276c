/** Figures of tables as people read them. */
import { isShare, textOf } from './figures/metric.ts'
import type { GroupRow } from './table.ts'

/** `93.1 ± 0.4 %`; the interval only where there is one. */
export function numberText(metric: string, { mean, half }: Pick<GroupRow, 'mean' | 'half'>): string {
  if (mean === null) return '–'
  if (isShare(metric)) {
    const spread = half === null ? '' : ` ± ${textOf(metric, half)}`
    return `${textOf(metric, mean)}${spread} %`
  }
  const short = (value: number, digits: number) => String(Number(value.toPrecision(digits)))
  return half === null ? short(mean, 4) : `${short(mean, 4)} ± ${short(half, 2)}`
}
