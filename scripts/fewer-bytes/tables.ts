/** The tables of docs/fewer-bytes.md, in Markdown. */
import { attacks, choices, countedChoices, countedKeyOf, exchanges, GRADIENTS } from './cases.ts'
import { bytesUpTo, type Figures, meanOf, pointsOver, runsOf, seedsOf } from './figures.ts'

/** Bytes sent by all in a run, and the share of those of f32 whole. */
export function bytesTable({ bytes }: Figures): string {
  const all = bytes[countedKeyOf({ exchange: 'whole', choice: choices[0]! })] ?? Number.NaN
  const rows = countedChoices.map(choice => {
    const cells = exchanges.flatMap(exchange => {
      const sent = bytes[countedKeyOf({ exchange, choice })] ?? Number.NaN
      return [`${(sent / 1e6).toFixed(0)} MB`, `${((100 * sent) / all).toFixed(1)} %`]
    })
    return [choice.name, ...cells]
  })
  return tableOf(['gradients', ...exchanges.flatMap(exchange => [`\`${exchange}\``, 'of f32 whole'])], rows)
}

/** Mean accuracy over the seeds, and by how many points each seed differs from f32. */
export function accuracyTable(figures: Figures): string {
  const rows = attacks.flatMap(attack =>
    choices.map(choice => {
      const points = seedsOf(figures, choice, attack).flatMap(
        seed => pointsOver(figures, { choice, attack, seed }) ?? [],
      )
      return [
        attack,
        choice.name,
        `${GRADIENTS / choice.localSteps}`,
        `${(100 * meanOf(runsOf(figures, choice, attack).map(run => run.accuracy))).toFixed(2)} %`,
        ...(choice === choices[0] ? ['', ''] : [signed(meanOf(points)), points.map(signed).join(', ')]),
        `${(bytesUpTo(figures, choice) / 1e9).toFixed(2)} GB`,
      ]
    }),
  )
  return tableOf(
    ['attack', 'gradients', 'steps', 'accuracy', 'points over f32', 'by seed', 'sent by all, digest-first'],
    rows,
  )
}

function signed(points: number): string {
  return `${points >= 0 ? '+' : '−'}${Math.abs(points).toFixed(2)}`
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n')
}
