/** What stands below heat maps: the ramp with its ends, and the reasons for cells without a number. */
import type { Cell, Standing } from './cells.ts'
import type { HeatChoice, HeatPanel } from './heat-map.ts'
import type { HeatScale } from './heat-scale.ts'
import { labelOf, textOf } from './metric.ts'
import { fitted, type Mark, rectangle, shade, textMark, wrapped } from './scene.ts'

const STEPS = 48
const BAR = 12

/** The ramp with its ends, and the reasons for cells without a number. */
export function legendMarks(
  panels: readonly HeatPanel[],
  { metric, number, better }: HeatChoice,
  scale: HeatScale | null,
  width: number,
): { readonly marks: Mark[]; readonly height: number } {
  const marks: Mark[] = []
  let y = 4
  if (scale !== null) {
    const what = number === 'mean' ? labelOf(metric) : `standard deviation over seeds of ${labelOf(metric)}`
    const note = `${what}${scale.log ? ', logarithmic' : ''}; brighter is ${number === 'mean' ? `better (${better})` : 'steadier'}`
    marks.push(textMark(0, y + 8, fitted(note, 11, width), 11, 'start', { fill: '--soft', title: note }))
    y += 16
    const ramp = Math.min(260, width - 120)
    for (let at = 0; at < STEPS; at++) {
      const share = at / (STEPS - 1)
      const d = rectangle(50 + (at * ramp) / STEPS, y, ramp / STEPS + 0.5, BAR)
      marks.push({ kind: 'path', d, fill: shade(scale.brightIsHigh ? share : 1 - share) })
    }
    marks.push(textMark(44, y + 10, textOf(metric, scale.low), 11, 'end', { fill: '--soft' }))
    marks.push(textMark(56 + ramp, y + 10, textOf(metric, scale.high), 11, 'start', { fill: '--soft' }))
    y += 26
  }
  const cells = panels.flatMap(panel => panel.cells.flat())
  for (const line of reasonLines(cells, number, width)) {
    y += 15
    marks.push(textMark(0, y, line, 11, 'start', { fill: '--soft' }))
  }
  return { marks, height: y + 8 }
}

/** Reasons below a figure; each cell has its own when it is pointed at. */
const REASONS_MAX = 6

/** Every kind of empty or incomplete cell that occurs, with its first reasons. */
function reasonLines(cells: readonly Cell[], number: HeatChoice['number'], width: number): readonly string[] {
  const sentences: string[] = []
  const of = (standing: Standing) => cells.filter(cell => cell.standing === standing)
  if (of('missing').length > 0) sentences.push(`–: ${of('missing')[0]!.notes[0]}`)
  const known: ReadonlySet<string> = new Set(['skipped: ', 'failed: ', 'diverged: ', 'stopped: ', 'note: '])
  const reasons = new Set(
    cells.flatMap(({ notes }) => notes.filter(note => [...known].some(start => note.startsWith(start)))),
  )
  for (const reason of [...reasons].slice(0, REASONS_MAX)) sentences.push(reason)
  if (reasons.size > REASONS_MAX)
    sentences.push(`And ${reasons.size - REASONS_MAX} more reasons, which the results name.`)
  if (of('unmeasured').length > 0) sentences.push('n/a: these runs do not have this metric.')
  if (number === 'spread' && cells.some(({ summary }) => summary?.count === 1))
    sentences.push('1 seed: a spread needs two.')
  if (number === 'mean' && cells.some(({ summary }) => summary !== null && summary.half !== null))
    sentences.push('±: half of the 95 % interval of the mean over the seeds.')
  const marked = cells.filter(({ summary, notes }) => summary !== null && notes.length > 0)
  if (marked.some(({ isWhole }) => !isWhole))
    sentences.push('A red corner: some runs of the cell diverged, failed or are missing.')
  if (marked.some(({ isWhole }) => isWhole))
    sentences.push('A blue corner: some runs of the cell stopped early, or something is noted of them.')
  return sentences.flatMap(sentence => wrapped(sentence, 11, width))
}
