/** Numbers as people read them. */

/** `1.5 s`, `2 min 5 s`, `1 h 2 min`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${Math.max(0, seconds).toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}

/** Decimal megabytes, as networks count: `0.31 MB`, `318 MB`, `1.2 GB`. */
export function megabytes(bytes: number): string {
  if (bytes >= 1e9) return `${significant(bytes / 1e9, 3)} GB`
  return `${significant(bytes / 1e6, bytes < 1e6 ? 2 : 3)} MB`
}

/** Three significant digits by default, without an exponent where it would not help. */
export function significant(value: number | null, digits = 3): string {
  if (value === null) return '–'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : String(value)
  if (value !== 0 && (Math.abs(value) < 1e-4 || Math.abs(value) >= 1e6))
    return value.toExponential(digits - 1)
  return String(Number(value.toPrecision(digits)))
}

/** Four significant digits of a constant in a formula: `0.7071`, `31610`, `1.672e13`. */
export function figure(value: number | string | null): string {
  if (typeof value === 'string') return value
  if (value === null) return '–'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : String(value)
  if (value === 0 || (Math.abs(value) >= 1e-4 && Math.abs(value) < 1e6))
    return String(Number(value.toPrecision(4)))
  const [mantissa, exponent] = value.toExponential(3).split('e')
  return `${Number(mantissa)}e${Number(exponent)}`
}

/** `95.2 %`. */
export function percent(fraction: number | null): string {
  return fraction === null ? '–' : `${(100 * fraction).toFixed(1)} %`
}

/** `peer 3`, `peers 3 and 5`, `peers 1, 2 and 3`. */
export function peerList(peers: readonly number[]): string {
  if (peers.length === 0) return 'nobody'
  return `${peers.length === 1 ? 'peer' : 'peers'} ${listed(peers.map(String))}`
}

/** "peer 6 sent its vectors reversed", "peers 5 and 6 sent their vectors reversed". */
export function whatTheyDid(peers: readonly number[], did: string): string {
  return `${peerList(peers)} ${peers.length === 1 ? did : did.replaceAll(/\bits\b/g, 'their')}`
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[], last = 'and'): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`
}

/** `1 peer`, `2 peers`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
