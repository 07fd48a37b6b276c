/** The page of a reproduction: one HTML file, its figures inside, nothing from the network. */
import {
  type Experiment,
  type Findings,
  type Settings,
  type Table,
  usedData,
  type Verdict,
} from './experiment.ts'
import { drawFigure, type Figure, numbersOf } from './figures.ts'
import { style } from './page-style.ts'
import type { Reproduction } from './reproduce.ts'
import type { Results } from './results.ts'

interface PageOptions {
  readonly experiment: Experiment
  readonly settings: Settings
  readonly findings: Findings
  readonly results: Results
  readonly used: Reproduction['used']
  /** How it was called. */
  readonly command: string
}

export async function pageOf(options: PageOptions): Promise<string> {
  const { experiment, findings } = options
  const figures = await Promise.all(
    findings.figures.map(async figure => {
      const svg = await drawFigure(figure)
      return `<figure><h3>${safe(figure.title)}</h3>${legendHtml(figure)}<div class="plot${isWide(svg) ? ' wide' : ''}" tabindex="0" role="group" aria-label="${safe(figure.title)}">${svg}</div><figcaption>${safe(figure.caption)}</figcaption>${numbersHtml(figure, svg)}</figure>`
    }),
  )
  const parts = [
    `<header><p class="kind">Concord · reproduction${options.settings.quick ? ' · quick' : ''}</p><h1>${safe(experiment.title)}</h1><p class="source">${safe(experiment.source)}</p></header>`,
    section('What the paper claims', experiment.claim.map(paragraph).join('')),
    section('What was measured', findings.verdicts.map(verdictCard).join('')),
    ...(figures.length > 0 ? [section('Figures', figures.join(''))] : []),
    ...(findings.tables.length > 0 ? [section('Numbers', findings.tables.map(tableHtml).join(''))] : []),
    ...(findings.notes.length > 0
      ? [
          section(
            'Where paper, parameters and this run differ',
            `<ul>${findings.notes.map(note => `<li>${safe(note)}</li>`).join('')}</ul>`,
          ),
        ]
      : []),
    section('How it was run', howItWasRun(options)),
  ]
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<title>${safe(experiment.title)} · Concord</title><style>${style}</style></head>
<body><main>
${parts.join('\n')}
</main></body></html>
`
}

/** What a phone shows of a figure, in pixels, and of a table; of what is wider, the page says that it scrolls. */
const NARROW = 330
const COLUMNS_NARROW = 3

const isWide = (svg: string) => Number(/\bwidth="(\d+)/.exec(svg)?.[1] ?? 0) > NARROW

function section(title: string, body: string): string {
  return `<section><h2>${safe(title)}</h2>${body}</section>`
}

function paragraph(text: string): string {
  return `<p>${safe(text)}</p>`
}

function legendHtml({ legend }: Figure): string {
  const entries = legend.map(
    ({ name, colour, broken }) =>
      `<li><span style="border-top: 3px ${broken ? 'dashed' : 'solid'} ${colour}"></span>${safe(name)}</li>`,
  )
  return entries.length === 0 ? '' : `<ul class="legend">${entries.join('')}</ul>`
}

/** A figure's numbers as a table, and both as files: links that hold what they give, so that nothing is fetched. */
function numbersHtml(figure: Figure, svg: string): string {
  const { head, rows } = numbersOf(figure)
  const name = figure.title.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  const link = (type: string, ending: string, content: string, label: string) =>
    `<a download="${name}.${ending}" href="data:${type};charset=utf-8,${encodeURIComponent(content)}">${label}</a>`
  const cell = (value: string) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)
  const csv = [head, ...rows].map(row => row.map(cell).join(',')).join('\r\n')
  const cells = (row: readonly string[], tag: string) =>
    row.map(text => `<${tag}>${safe(text)}</${tag}>`).join('')
  const more =
    rows.length > ROWS_SHOWN
      ? `<p class="small">The first ${ROWS_SHOWN} of ${rows.length} rows; the CSV has all.</p>`
      : ''
  const shown = rows
    .slice(0, ROWS_SHOWN)
    .map(row => `<tr>${cells(row, 'td')}</tr>`)
    .join('')
  return `<p class="files">${link('image/svg+xml', 'svg', svg, 'SVG')} ${link('text/csv', 'csv', csv, 'CSV')}</p><details><summary>Numbers</summary><div class="scroll"><table><thead><tr>${cells(head, 'th')}</tr></thead><tbody>${shown}</tbody></table></div>${more}</details>`
}

/** Rows of a table on the page. */
const ROWS_SHOWN = 400

/** The verdict in one word. */
function verdictWord({ holds }: Verdict): 'reproduced' | 'not reproduced' | 'open' {
  return holds === null ? 'open' : holds ? 'reproduced' : 'not reproduced'
}

function verdictCard(verdict: Verdict): string {
  const word = verdictWord(verdict)
  return `<article class="verdict ${word.replace(' ', '-')}"><p class="word">${word}</p><div><p class="claim">${safe(verdict.claim)}</p><p>${safe(verdict.measured)}</p></div></article>`
}

function tableHtml({ title, head, rows }: Table): string {
  const cells = (row: readonly string[], tag: string) =>
    row.map(cell => `<${tag}>${safe(cell)}</${tag}>`).join('')
  return `<h3>${safe(title)}</h3><div class="scroll${head.length > COLUMNS_NARROW ? ' wide' : ''}"><table><thead><tr>${cells(head, 'th')}</tr></thead><tbody>${rows.map(row => `<tr>${cells(row, 'td')}</tr>`).join('')}</tbody></table></div>`
}

function howItWasRun({ experiment, settings, results, used, command }: PageOptions): string {
  const { machine, runs, wallSeconds } = results
  const others = runs.length - used.runs
  const busy = machine.load > machine.cores
  const rows = [
    ['command', command],
    ...(experiment.needsData ? [['data', usedData(experiment, settings).map(dataText).join('; ')]] : []),
    [
      'runs',
      `${used.runs}, ${Math.round(used.workSeconds)} s of work; this call took ${wallSeconds} s on ${machine.threads === 1 ? 'one thread' : `${machine.threads} threads`}${others > 0 ? `; ${others} of other settings in the same results.json are not used here` : ''}`,
    ],
    ['machine', `${machine.processor}, ${machine.cores} cores, Node ${machine.node}`],
    [
      'load',
      busy
        ? `${machine.load} busy processes on ${machine.cores} cores: the times above were taken under load and say little`
        : `${machine.load} busy processes on ${machine.cores} cores`,
    ],
  ]
  const list = rows.map(([name, value]) => `<dt>${safe(name!)}</dt><dd>${safe(value!)}</dd>`).join('')
  return `<dl>${list}</dl><p class="small">Every run with its configuration is in results.json beside this page. The same command again takes finished runs from there.</p>`
}

function dataText(name: string): string {
  return name === 'digits' ? 'the embedded digits (drawn, not a benchmark set; --data DIR takes MNIST)' : name
}

function safe(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
