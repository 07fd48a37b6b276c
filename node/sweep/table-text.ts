/** Figures of tables as people read them. */
import { isShare } from './figures/metric.ts'
import type { GroupRow } from './table.ts'

/** `93.1 ± 0.4 %`; the interval only where there is one. */
export function numberText(metric: string, { mean, half }: Pick<GroupRow, 'mean' | 'half'>): string {
  if (mean === null) return '–'
  if (isShare(metric)) {
    const spread = half === null ? '' : ` ± ${(100 * half).toFixed(1)}`
    return `${(100 * mean).toFixed(1)}${spread} %`
  }
  const short = (value: number, digits: number) => String(Number(value.toPrecision(digits)))
  return half === null ? short(mean, 4) : `${short(mean, 4)} ± ${short(half, 2)}`
}
