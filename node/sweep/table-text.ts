/** Figures of tables as people read them. */
import type { GroupRow } from './table.ts'

/** Shares of a whole are written in per cent. */
const SHARES = /^(accuracy|balancedAccuracy|f1|auroc)/

/** `93.1 ± 0.4 %`; the interval only where there is one. */
export function numberText(metric: string, { mean, half }: Pick<GroupRow, 'mean' | 'half'>): string {
  if (mean === null) return '–'
  if (SHARES.test(metric)) {
    const spread = half === null ? '' : ` ± ${(100 * half).toFixed(1)}`
    return `${(100 * mean).toFixed(1)}${spread} %`
  }
  const short = (value: number, digits: number) => String(Number(value.toPrecision(digits)))
  return half === null ? short(mean, 4) : `${short(mean, 4)} ± ${short(half, 2)}`
}
