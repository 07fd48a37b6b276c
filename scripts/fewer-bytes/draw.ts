/** Plots and table of docs/fewer-bytes.md, from the figures. */
import { drawFigure, type Line, linesFigure } from '../../node/reproduce/figures.ts'
import type { Point } from '../../node/reproduce/statistics.ts'
import { attacks, type Choice, choices, keyOf, STEPS } from './cases.ts'
import type { Figures, Run } from './figures.ts'

const SEEDS_MAX = 100

function runsOf(figures: Figures, choice: Choice, attack: string): readonly Run[] {
  return Array.from({ length: SEEDS_MAX }, (_, i) => figures[keyOf({ choice, attack, seed: i + 1 })]).filter(
    run => run !== undefined,
  )
}

/** The plots, by file name. */
export async function drawPlots(figures: Figures): Promise<readonly (readonly [string, string])[]> {
  const lines = (x: (choice: Choice, run: Run, step: number) => number): Line[] =>
    attacks.flatMap(attack =>
      choices.map(choice => ({
        panel: attack,
        name: choice.name,
        series: runsOf(figures, choice, attack).map(run =>
          run.series.map(({ step, accuracy }): Point => [x(choice, run, step), accuracy]),
        ),
      })),
    )
  const common = { caption: '', y: 'accuracy', scale: 'percent', reference: 'f32' } as const
  const byGradients = linesFigure({
    ...common,
    title: 'By gradients',
    x: 'gradients of a peer',
    lines: lines(({ steps }, _, step) => (step * STEPS) / steps),
  })
  const byBytes = linesFigure({
    ...common,
    title: 'By bytes',
    x: 'GB sent by all peers',
    lines: lines(({ steps }, { bytes }, step) => Number(((bytes / 1e9) * (step / steps)).toFixed(3))),
  })
  return [
    ['fewer-bytes-gradients.svg', labelled(await drawFigure(byGradients), byGradients.legend)],
    ['fewer-bytes-bytes.svg', labelled(await drawFigure(byBytes), byBytes.legend)],
  ]
}

/** Below the drawing: what the colours stand for. */
function labelled(
  svg: string,
  legend: readonly { readonly name: string; readonly colour: string }[],
): string {
  const [width, height] = ['width', 'height'].map(name => Number(svg.match(` ${name}="([0-9.]+)"`)![1]))
  const entries = legend.map(
    ({ name, colour }, i) =>
      `<text x="${40 + i * 110}" y="${height! + 16}" font-family="system-ui, sans-serif" font-size="12" fill="${colour}">— ${name}</text>`,
  )
  return `${svg
    .replaceAll(`width="${width}" height="${height}"`, `width="${width}" height="${height! + 26}"`)
    .replace(`viewBox="0 0 ${width} ${height}"`, `viewBox="0 0 ${width} ${height! + 26}"`)
    .replace('</svg>', `${entries.join('')}</svg>`)}\n`
}

/** The table, in Markdown: mean over the seeds, and the difference from f32 with the same seeds in points. */
export function tableOf(figures: Figures): string {
  const rows = attacks.flatMap(attack =>
    choices.map(choice => {
      const runs = runsOf(figures, choice, attack)
      const reference = runsOf(figures, choices[0]!, attack).slice(0, runs.length)
      const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
      const accuracy = 100 * mean(runs.map(run => run.accuracy))
      const difference = accuracy - 100 * mean(reference.map(run => run.accuracy))
      const cells = [
        attack,
        choice.name,
        `${choice.steps}`,
        `${accuracy.toFixed(2)} %`,
        choice === choices[0] ? '' : `${difference >= 0 ? '+' : '−'}${Math.abs(difference).toFixed(2)}`,
        `${(mean(runs.map(run => run.bytes)) / 1e9).toFixed(2)} GB`,
        `${runs.length}`,
      ]
      return `| ${cells.join(' | ')} |`
    }),
  )
  const head = ['attack', 'what travels', 'steps', 'accuracy', 'points', 'sent by all', 'seeds']
  return [`| ${head.join(' | ')} |`, `|${head.map(() => '---|').join('')}`, ...rows].join('\n')
}
