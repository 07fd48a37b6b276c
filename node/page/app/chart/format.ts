/** Numbers as people read them: the same words in axes, tables and sentences. */

/** A number stays on one line with its unit. */
const NO_BREAK = '\u00a0'

/** At most four digits that count: 0.3162, 12.5, 1.2e-9. Null is a dash. */
export function numberText(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞'
  if (value === 0) return '0'
  const size = Math.abs(value)
  const text =
    size >= 1e6 || size < 1e-3
      ? value.toExponential(2).replace('e+', 'e')
      : String(Number(value.toPrecision(size >= 1000 ? 6 : 4)))
  return text.replace('-', '−')
}

/** A share in [0, 1] as per cent. */
export function percentText(share: number | null | undefined): string {
  return share === null || share === undefined ? '–' : `${(share * 100).toFixed(1)}${NO_BREAK}%`
}

/** Decimal units, as everywhere else in Concord. */
export function bytesText(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return '–'
  const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const
  let at = 0
  let value = bytes
  while (Math.abs(value) >= 999.5 && at < units.length - 1) {
    value /= 1000
    at++
  }
  return `${at === 0 || value >= 99.5 ? Math.round(value) : Number(value.toPrecision(3))}${NO_BREAK}${units[at]}`
}

/** A moment or a duration. */
export function timeText(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '–'
  if (ms === 0) return `0${NO_BREAK}s`
  if (Math.abs(ms) < 0.9995) return `${Number((ms * 1000).toPrecision(3))}${NO_BREAK}µs`
  if (Math.abs(ms) < 999.5) return `${Number(ms.toPrecision(3))}${NO_BREAK}ms`
  if (ms < 120_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)}${NO_BREAK}s`
  const seconds = Math.round(ms / 1000)
  const minutes = Math.floor(seconds / 60)
  if (minutes < 120) return `${minutes} min ${seconds % 60}${NO_BREAK}s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** Beyond so long, times on an axis are in minutes too. */
const SECONDS_MAX_MS = 600_000

/** Times on one axis: they have one unit, and as many digits after the point as tell them apart. */
export function timeTexts(times: readonly number[]): readonly string[] {
  const most = Math.max(...times.map(Math.abs))
  const gaps = times.slice(1).map((ms, at) => Math.abs(ms - times[at]!))
  if (most > SECONDS_MAX_MS && Math.min(...gaps) >= 1000) return times.map(timeText)
  const [unit, sizeMs] = most < 0.9995 ? ['µs', 0.001] : most < 999.5 ? ['ms', 1] : ['s', 1000]
  const values = times.map(ms => ms / sizeMs)
  let digits = 0
  while (digits < 6 && values.some(value => Math.abs(value - Number(value.toFixed(digits))) > 1e-7)) digits++
  return values.map(value => `${value.toFixed(digits)}${NO_BREAK}${unit}`)
}

/** `1 message`, `2 messages`. */
export function countText(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`
}

/** `a, b and c`. */
export function listText(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join('')
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}
