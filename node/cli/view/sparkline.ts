/** A course in one line of text: the higher the value, the taller the sign. */

const SIGNS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
const STEPS = SIGNS.length - 1

interface Course {
  /** The next value; one that is not finite leaves no trace. */
  add(value: number): void
  /** At most this many signs, of all values so far; empty where there are fewer than two. */
  line(width: number): string
}

/** More than a terminal is wide; beyond it, two values each become their mean. */
const VALUES_MAX = 256

/**
 * Keeps a course in a bounded place.
 * @param scale log: a value ten times as large is as much taller everywhere; what is not above zero is at the bottom
 */
export function createCourse(scale: 'linear' | 'log'): Course {
  let values: number[] = []
  /** How many values each of those kept stands for, and those that do not make one yet. */
  let each = 1
  let open: number[] = []
  return {
    add(value) {
      if (!Number.isFinite(value)) return
      open.push(value)
      if (open.length < each) return
      values.push(mean(open))
      open = []
      if (values.length < VALUES_MAX) return
      values = chunks(values, values.length / 2).map(mean)
      each *= 2
    },
    line(width) {
      const all = open.length === 0 ? values : [...values, mean(open)]
      if (all.length < 2 || width < 1) return ''
      return signs(chunks(all, Math.min(width, all.length)).map(mean), scale)
    },
  }
}

function signs(values: readonly number[], scale: 'linear' | 'log'): string {
  const positive = values.filter(value => value > 0)
  const least = positive.length === 0 ? 1 : Math.min(...positive)
  const heights = scale === 'linear' ? values : values.map(value => Math.log(Math.max(value, least)))
  const low = Math.min(...heights)
  const range = Math.max(...heights) - low
  return heights
    .map(height => SIGNS[range === 0 ? 0 : Math.round(((height - low) / range) * STEPS)]!)
    .join('')
}

/** As many parts, of as equal length as can be. */
function chunks(values: readonly number[], count: number): readonly (readonly number[])[] {
  const at = (part: number) => Math.floor((part * values.length) / count)
  return Array.from({ length: count }, (_, part) => values.slice(at(part), at(part + 1)))
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length
}
