/** What stays of a reproduction: its figures as SVG that stand by themselves, and its verdicts in a small file with the version. */
import { join } from 'node:path'
import { writeWhole } from '../files/safe-open.ts'
import { codeVersion } from '../sweep/version.ts'
import type { Findings } from './experiment.ts'
import { drawFigure, type Figure } from './figures.ts'

interface Kept {
  readonly name: string
  /** What gave it. */
  readonly command: string
  readonly findings: Findings
  readonly seconds: number
}

/** Writes `NAME.json`, and `NAME-TITLE.svg` for each figure, to a folder that is there. @returns the files' names */
export async function keep(folder: string, { name, command, findings, seconds }: Kept): Promise<string[]> {
  const { verdicts, tables, figures } = findings
  const version = await codeVersion()
  const result = { version, command, seconds: Math.round(seconds), verdicts, tables }
  await writeWhole(join(folder, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`)
  const names = [`${name}.json`]
  for (const figure of figures) {
    const file = `${name}-${figure.title
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/-+$/, '')}.svg`
    await writeWhole(join(folder, file), `${withLegend(await drawFigure(figure), figure)}\n`)
    names.push(file)
  }
  return names
}

const ROW = 18
const COLUMN = 200
const MARGIN = 10

/** A figure's colours are explained beside it on a page; alone it says them below. Its places are rounded to a tenth of a pixel. */
function withLegend(svg: string, { legend }: Figure): string {
  const rounded = svg.replace(/(\d+\.\d)\d+/g, '$1')
  const head = /^<svg([^>]*?) width="([\d.]+)" height="([\d.]+)" viewBox="0 0 [\d.]+ [\d.]+"/.exec(rounded)
  if (head === null || legend.length === 0) return rounded
  const [whole, before] = head
  const [width, height] = [Number(head[2]), Number(head[3])]
  const columns = Math.max(1, Math.floor((width - MARGIN) / COLUMN))
  const tall = height + ROW * Math.ceil(legend.length / columns) + MARGIN
  const entries = legend.map(({ name, colour, broken }, i) => {
    const [x, y] = [MARGIN + COLUMN * (i % columns), height + ROW * Math.floor(i / columns) + ROW / 2]
    const dashes = broken ? ' stroke-dasharray="5 3"' : ''
    return `<path d="M${x},${y}h24" stroke="${colour}" stroke-width="3"${dashes}/><text x="${x + 30}" y="${y + 4}">${escaped(name)}</text>`
  })
  const open = `<svg${before} width="${width}" height="${tall}" viewBox="0 0 ${width} ${tall}"`
  const ground = `<rect y="${height}" width="${width}" height="${tall - height}" fill="#ffffff"/>`
  const drawn = `${ground}<g font-family="system-ui, sans-serif" font-size="12" fill="#3c4650">${entries.join('')}</g></svg>`
  return `${open}${rounded.slice(whole.length).replace(/<\/svg>\s*$/, () => drawn)}`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
