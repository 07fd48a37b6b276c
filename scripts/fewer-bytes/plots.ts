/** The plots of docs/fewer-bytes.md, from the figures. */
import type { TopLevelSpec } from 'vega-lite'
import { drawFigure } from '../../node/reproduce/figures.ts'
import { attacks, type Choice, choices, GRADIENTS } from './cases.ts'
import { bytesUpTo, type Figures, meanOf, pointsOver, runsOf, seedsOf } from './figures.ts'

/** Colours that the colour-blind can tell apart (Okabe and Ito, 2008), and a marker to each. */
const colours = ['#111111', '#0072b2', '#d55e00', '#009e73']
const markers = ['diamond', 'circle', 'square', 'triangle-up']
const names = choices.map(({ name }) => name)
const NOISE = 'f32, another seed'
const GREY = '#8a949e'
const COHORT = 'MNIST, an MLP; seven peers, one of which lies; MDA'

const ink = '#1f2933'
const config = {
  font: 'system-ui, sans-serif',
  background: '#ffffff',
  padding: 10,
  view: { stroke: '#d8dee4' },
  title: {
    fontSize: 13,
    subtitleFontSize: 11.5,
    color: ink,
    subtitleColor: '#3c4650',
    anchor: 'start' as const,
  },
  axis: {
    gridColor: '#eef1f4',
    domainColor: '#aab4be',
    tickColor: '#aab4be',
    labelColor: '#3c4650',
    titleColor: '#3c4650',
    titleFontWeight: 'normal' as const,
    labelFontSize: 11,
    titleFontSize: 11.5,
  },
}

/** The plots, by file name. */
export async function drawPlots(figures: Figures): Promise<readonly (readonly [string, string])[]> {
  const seeds = Math.max(...attacks.map(attack => seedsOf(figures, choices[0]!, attack).length))
  return [
    ['fewer-bytes-accuracy.svg', await svgOf(accuracyPlot(figures, seeds))],
    ['fewer-bytes-bytes.svg', await svgOf(bytesPlot(figures, seeds))],
  ]
}

async function svgOf(spec: TopLevelSpec): Promise<string> {
  return `${await drawFigure({ title: '', caption: '', spec, legend: [] })}\n`
}

/** One encoding for all marks: a choice has its colour and its marker. */
const byName = {
  color: {
    field: 'name',
    type: 'nominal' as const,
    legend: null,
    scale: { domain: [NOISE, ...names], range: [GREY, ...colours] },
  },
  shape: {
    field: 'name',
    type: 'nominal' as const,
    legend: null,
    scale: { domain: [NOISE, ...names], range: ['cross', ...markers] },
  },
}

/** A dot for each seed: its accuracy less that of f32 with the same seed. */
function accuracyPlot(figures: Figures, seeds: number): TopLevelSpec {
  const differences = attacks.flatMap(attack => [
    ...noiseOf(figures, attack).map(points => ({ attack, name: NOISE, points })),
    ...choices.slice(1).flatMap(choice =>
      seedsOf(figures, choice, attack).flatMap(seed => {
        const points = pointsOver(figures, { choice, attack, seed })
        return points === null ? [] : [{ attack, name: choice.name, points }]
      }),
    ),
  ])
  const reach = Math.ceil(5 * Math.max(...differences.map(({ points }) => Math.abs(points)))) / 5
  return {
    title: {
      text: 'bf16 and int8 change the accuracy no more than another seed does',
      subtitle: [
        `One marker a seed (${seeds} seeds), a bar for their mean. Vectors travel whole.`,
        'The grey band reaches as far as f32 lies from f32 with another seed.',
        `After ${GRADIENTS} gradients a peer. ${COHORT}.`,
      ],
      offset: 12,
    },
    config,
    hconcat: byAttack(differences, { width: 275, height: 130 }, isFirst => differencesPanel(reach, isFirst)),
  }
}

/** By how many points f32 with one seed ends above f32 with another, for each two seeds and both ways. */
function noiseOf(figures: Figures, attack: string): readonly number[] {
  const accuracies = runsOf(figures, choices[0]!, attack).map(run => run.accuracy)
  return accuracies.flatMap((one, i) =>
    accuracies.filter((_, j) => j !== i).map(other => 100 * (one - other)),
  )
}

/** A tick's label: the sign of a difference shows, but zero has none. */
const signed = "datum.value === 0 ? '0' : format(datum.value, '+.1f')"

function differencesPanel(reach: number, labelled: boolean) {
  const x = {
    type: 'quantitative' as const,
    scale: { domain: [-reach, reach], nice: false },
    axis: { title: 'accuracy minus that of f32, in points', labelExpr: signed, tickCount: 7 },
  }
  const y = {
    field: 'name',
    type: 'nominal' as const,
    sort: [NOISE, ...names.slice(1)],
    axis: labelled ? { title: null, ticks: false, labelFontSize: 12, labelPadding: 8 } : null,
  }
  const isNoise = `datum.name === ${JSON.stringify(NOISE)}`
  return {
    layer: [
      {
        transform: [{ filter: isNoise }],
        mark: { type: 'rect' as const, color: GREY, opacity: 0.16 },
        encoding: {
          x: { ...x, field: 'points', aggregate: 'min' as const },
          x2: { field: 'points', aggregate: 'max' as const },
        },
      },
      { mark: { type: 'rule' as const, color: ink, strokeWidth: 1 }, encoding: { x: { ...x, datum: 0 } } },
      {
        transform: [{ filter: `!(${isNoise})` }],
        mark: { type: 'tick' as const, thickness: 3, size: 22 },
        encoding: { x: { ...x, field: 'points', aggregate: 'mean' as const }, y, color: byName.color },
      },
      {
        mark: { type: 'point' as const, size: 62, strokeWidth: 1.8, filled: false },
        encoding: { x: { ...x, field: 'points' }, y, ...byName },
      },
    ],
  }
}

/** Learning curves over bytes: the mean over the seeds, and from the least to the greatest. */
function bytesPlot(figures: Figures, seeds: number): TopLevelSpec {
  const values = attacks.flatMap(attack => choices.flatMap(choice => pointsOfCurve(figures, attack, choice)))
  const gigabytes = values.map(value => value.gigabytes)
  const domains = {
    x: [Math.min(...gigabytes) * 0.8, Math.max(...gigabytes) * 1.25],
    y: [
      Math.floor(Math.min(...values.map(({ least }) => least))),
      Math.ceil(Math.max(...values.map(({ greatest }) => greatest))),
    ],
  }
  return {
    title: {
      text: 'The same accuracy for a half or a quarter of the bytes',
      subtitle: [
        `Mean of ${seeds} seeds, with a bar from the least to the greatest.`,
        `Each curve is ${GRADIENTS} gradients a peer. ${COHORT}.`,
        `Bytes are those of digest-first, on a log scale. Accuracy starts at ${domains.y[0]} %.`,
      ],
      offset: 12,
    },
    config,
    hconcat: byAttack(values, { width: 300, height: 230 }, isFirst => curvesPanel(domains, isFirst)),
  }
}

/** A panel for each attack, beside each other. */
function byAttack<V extends { readonly attack: string }, P extends object>(
  values: readonly V[],
  size: { readonly width: number; readonly height: number },
  panel: (isFirst: boolean) => P,
) {
  return attacks.map((attack, place) => ({
    title: { text: `the liar's attack: ${attack}`, fontSize: 11.5, anchor: 'middle', offset: 6 } as const,
    data: { values: values.filter(each => each.attack === attack) },
    ...size,
    ...panel(place === 0),
  }))
}

function pointsOfCurve(figures: Figures, attack: string, choice: Choice) {
  const runs = runsOf(figures, choice, attack)
  return (runs[0]?.series ?? []).map(({ step }, place, { length }) => {
    const accuracies = runs.map(run => 100 * run.series[place]!.accuracy)
    return {
      attack,
      name: choice.name,
      gigabytes: bytesUpTo(figures, choice, step) / 1e9,
      first: place === 0,
      last: place === length - 1,
      mean: meanOf(accuracies),
      least: Math.min(...accuracies),
      greatest: Math.max(...accuracies),
    }
  })
}

function curvesPanel(domains: { readonly x: number[]; readonly y: number[] }, labelled: boolean) {
  const x = {
    field: 'gigabytes',
    type: 'quantitative' as const,
    scale: { type: 'log' as const, domain: domains.x, nice: false },
    axis: { title: 'GB sent by all peers (log scale)', values: [0.1, 0.2, 0.5, 1, 2, 4, 8], format: '~g' },
  }
  const title = labelled ? 'test accuracy' : null
  const y = {
    type: 'quantitative' as const,
    scale: { domain: domains.y, nice: false },
    axis: { title, labelExpr: "datum.label + ' %'", tickMinStep: 1 },
  }
  const mean = { x, y: { ...y, field: 'mean' } }
  // Below its beginning is room for a name, but for the last: its curve lies over another's there.
  const isLast = `datum.name === ${JSON.stringify(names.at(-1))}`
  const label = (filter: string, at: { dx: number; dy: number; align: 'left' | 'right' }) => ({
    transform: [{ filter }],
    mark: { type: 'text' as const, fontSize: 12, fontWeight: 600 as const, ...at },
    encoding: { ...mean, text: { field: 'name' }, color: byName.color },
  })
  return {
    layer: [
      {
        mark: { type: 'rule' as const, strokeWidth: 1.2, opacity: 0.55 },
        encoding: { x, y: { ...y, field: 'least' }, y2: { field: 'greatest' }, color: byName.color },
      },
      { mark: { type: 'line' as const, strokeWidth: 1.6 }, encoding: { ...mean, color: byName.color } },
      {
        mark: { type: 'point' as const, filled: true, size: 55, opacity: 1 },
        encoding: { ...mean, ...byName },
      },
      label(`datum.first && !(${isLast})`, { dx: 10, dy: 6, align: 'left' }),
      label(`datum.last && ${isLast}`, { dx: -10, dy: -6, align: 'right' }),
    ],
  }
}
