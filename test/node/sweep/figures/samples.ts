/** Rows of a sweep made up for tests: every ending occurs, and every number is known by its formula. */
import type { RunRow, RunStatus, Setting } from '../../../../node/sweep/rows.ts'

export const rules = ['mean', 'cwtm', 'mda', 'nnm+cwtm', 'krum'] as const
export const attacks = ['none', 'sign-flip', 'little', 'empires', 'noise'] as const
export const faults = [1, 2, 3] as const
export const partitions = ['iid', 'dirichlet:0.1'] as const

interface SampleOptions {
  readonly seeds?: number
  readonly steps?: number
  /** Put behind every text that a file could bring. */
  readonly text?: string
}

interface Place {
  readonly rule: number
  readonly attack: number
  readonly faults: number
  readonly partition: number
  readonly seed: number
}

/** Of accuracies. */
export const MEAN_ABOVE_MIN = 0.01

/** Between 0 and 1, different for each place, and the same each time. */
export function accuracyOf({ rule, attack, faults, partition, seed }: Place): number {
  const strength = [0, 0.1, 0.3, 0.2, 0.05][attack]! * faults * [1.6, 0.5, 0.4, 0.15, 0.6][rule]!
  const noise =
    0.03 * Math.sin(12.9898 * (seed + 1) + 78.233 * (rule + 5 * attack + 25 * partition + 50 * faults))
  return Math.max(0.08, 0.93 - 0.06 * partition - 0.5 * strength + noise)
}

/** 5 rules × 5 attacks × 3 f × 2 partitions × seeds, in an order that is none of the axes'. */
export function sampleRows({ seeds = 3, steps = 100, text = '' }: SampleOptions = {}): RunRow[] {
  const rows: RunRow[] = []
  for (let seed = 1; seed <= seeds; seed++)
    for (const partition of partitions.keys())
      for (const fault of faults)
        for (const attack of attacks.keys())
          for (const rule of rules.keys()) {
            // The last attack was never run with the second partition and three faults.
            if (attack === 4 && partition === 1 && fault === 3) continue
            rows.push(sampleRow({ rule, attack, faults: fault, partition, seed }, steps, text))
          }
  return rows
}

/** `krum` is below its bound with 3 faults; the mean diverges under `empires`; one seed of `mda` fails once. */
function statusOf({ rule, attack, faults, partition, seed }: Place): RunStatus {
  if (rule === 4 && faults === 3) return 'skipped'
  if (rule === 0 && attack === 3 && faults > 1) return 'diverged'
  if (rule === 2 && attack === 2 && faults === 2 && partition === 0 && seed === 2) return 'failed'
  return 'done'
}

function sampleRow(place: Place, steps: number, text: string): RunRow {
  const status = statusOf(place)
  const axes: Record<string, Setting> = {
    rule: `${rules[place.rule]}${text}`,
    attack: `${attacks[place.attack]}${text}`,
    faults: place.faults,
    partition: `${partitions[place.partition]}${text}`,
    seed: place.seed,
  }
  const number =
    ((((place.seed * 7 + place.partition) * 7 + place.faults) * 7 + place.attack) * 7 + place.rule) >>> 0
  const ran = status === 'done' || status === 'diverged'
  const why = {
    done: undefined,
    stopped: undefined,
    skipped: `krum needs n > 2f + 2: 8 peers with f = 3 are below its bound${text}`,
    diverged: `the loss is not finite after step 40${text}`,
    failed: `the oracle ended with status 1${text}`,
  }[status]
  const diverged = status === 'diverged'
  return {
    run: number.toString(16).padStart(16, '0'),
    version: '0.1.0+abc',
    status,
    ...(why === undefined ? {} : { why }),
    axes,
    settings: { ...axes, model: 'softmax', data: 'digits', peers: 8, rate: 0.1 + 0.1 * place.rule },
    metrics: ran ? metricsOf(place, diverged) : {},
    series: ran ? seriesOf(place, steps, diverged) : {},
    seconds: 1.5 + place.rule / 10,
  }
}

function metricsOf(place: Place, diverged: boolean): RunRow['metrics'] {
  const accuracy = accuracyOf(place)
  return {
    accuracyMean: diverged ? 0.1 : accuracy + MEAN_ABOVE_MIN,
    accuracyMin: diverged ? 0.1 : accuracy,
    lossMean: diverged ? null : -Math.log(accuracy),
    diameterParameters: 10 ** (-place.rule * 2 - place.seed / 10),
    bytes: 4e6 * (1 + place.rule),
  }
}

/** Every tenth step; of a run that diverges the loss is no number after step 40. */
function seriesOf(place: Place, steps: number, diverged: boolean): RunRow['series'] {
  const at = Array.from({ length: Math.floor(steps / 10) + 1 }, (_, index) => index * 10)
  const end = accuracyOf(place)
  const curve = (step: number) => 0.1 + (end - 0.1) * (1 - Math.exp(-step / 25))
  return {
    accuracyMin: { steps: at, values: at.map(step => (diverged ? 0.1 : curve(step))) },
    lossMean: { steps: at, values: at.map(step => (diverged && step > 40 ? null : -Math.log(curve(step)))) },
  }
}
