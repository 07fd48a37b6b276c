/** How the cohort learns: loss, accuracy, diameters beside what is guaranteed of them, bytes and time a step. */

import { isAlone } from '../../apply.ts'
import type { RunDocument, StepRow } from '../../run.ts'
import { bytesText, numberText, percentText, timeText } from '../chart/format.ts'
import { LineChart, type Series } from '../chart/line-chart.tsx'
import { boundary, ghostly, lookOf, peerLook, peerTitle, plain } from '../chart/palette.ts'
import type { Point } from '../chart/thin.ts'
import { chosenStep } from '../state.ts'
import type { ViewProps } from './props.ts'

export function Learning({ run }: ViewProps) {
  const steps = stepAxis(run)
  // A real peer does not know the vectors and losses of others.
  const isOne = run.about.self !== null
  const choose = {
    chosen: chosenStep.value,
    onChoose: (step: number) => {
      chosenStep.value = step
    },
  }
  if (run.state !== 'running' && run.steps.length === 0)
    return (
      <p class="empty">
        {isAlone(run)
          ? 'Nothing is learnt here: the peers agree on given vectors. See Iterations.'
          : 'The run has ended before its first step was done, so nothing was measured.'}
      </p>
    )
  return (
    <div class="grid">
      <LineChart
        title={isOne ? 'Loss' : 'Loss of the honest peers'}
        caption={
          isOne
            ? 'Of this peer, on its own batches.'
            : 'The mean over the honest peers, and each of them on its own batch.'
        }
        x={steps}
        y={{ label: 'loss', text: numberText }}
        series={losses(run)}
        {...choose}
      />
      <LineChart
        title="Accuracy"
        caption="On the test data, or on what the members hold out."
        x={steps}
        y={{ label: 'accuracy (%)', text: percentText, of: 'shares' }}
        series={accuracies(run)}
        {...choose}
      />
      {!isOne && <Diameter run={run} of="gradient" what="gradients" choose={choose} />}
      {!isOne && <Diameter run={run} of="parameters" what="parameters" choose={choose} />}
      <LineChart
        title="Bytes sent in a step"
        caption={`By ${isOne ? 'this' : 'each'} peer, from one step to the next.`}
        x={steps}
        y={{ label: 'bytes', text: bytesText, of: 'amounts' }}
        series={run.peers.map((_, peer) => ({
          ...named(run, peer),
          points: differences(run.steps, row => row.bytes[peer] ?? null),
        }))}
        {...choose}
      />
      <LineChart
        title="Time of a step"
        caption={timeCaption(run)}
        x={steps}
        y={{ label: 'time', text: timeText, of: 'amounts' }}
        series={[{ label: 'time', look: plain, points: stepTimes(run) }]}
        {...choose}
      />
    </div>
  )
}

function timeCaption({ about }: RunDocument): string {
  const whose = about.self === null ? 'the last honest peer' : 'this peer'
  if (about.clock === 'virtual')
    return `In virtual time, from the step before to when ${whose} had completed this one.`
  return `From the step before to when ${whose} had completed this one. The first step, in which processes start and find each other, is left out.`
}

/** All charts of a run have the same steps below them. */
function stepAxis({ steps }: RunDocument) {
  const [first, last] = [steps[0]?.step ?? 1, steps.at(-1)?.step ?? 1]
  return { label: 'step', text: numberText, whole: true, from: first, to: last } as const
}

function stepTimes({ steps, about }: RunDocument): readonly Point[] {
  const all = differences(steps, row => row.ms)
  return about.clock === 'virtual' || steps[0]?.step !== 1 ? all : all.slice(1)
}

interface DiameterProps {
  readonly run: RunDocument
  readonly of: 'gradient' | 'parameters'
  readonly what: string
  readonly choose: { readonly chosen: number | null; readonly onChoose: (step: number) => void }
}

function Diameter({ run, of, what, choose }: DiameterProps) {
  const points = (of_: 'before' | 'after' | 'bound') => judged(run.steps, row => row[of]?.[of_] ?? null)
  const isWhole = points('before').length > 0
  const ghost =
    of === 'parameters' && run.ghost !== null
      ? [
          ghostSeries(
            run.ghost.label,
            run.ghost.rows.map((row): Point => [row.step, row.parameters]),
          ),
        ]
      : []
  return (
    <LineChart
      title={`Honest diameter of the ${what}`}
      caption={
        isWhole
          ? `The largest distance between two honest vectors, before an averaging agreement and after it${points('bound').length > 0 ? ', and what is guaranteed after it.' : '. Nothing is guaranteed of it.'}`
          : 'The largest distance between two honest vectors after an averaging agreement, in the steps in which it was measured.'
      }
      x={stepAxis(run)}
      y={{ label: 'distance (log)', text: numberText, log: true }}
      series={[
        { label: 'before', look: { ...lookOf(1), dash: '' }, points: points('before') },
        { label: 'after', look: { ...lookOf(0), dash: '' }, points: points('after') },
        { label: 'guaranteed after', look: boundary, points: points('bound') },
        ...ghost,
      ]}
      {...choose}
    />
  )
}

function named(run: RunDocument, peer: number): Pick<Series, 'label' | 'look' | 'faint'> {
  return { label: peerTitle(run, peer), look: peerLook(run, peer), faint: true }
}

const isShown = (run: RunDocument, peer: number) => run.about.peers[peer]!.honest !== false

function losses(run: RunDocument): readonly Series[] {
  const mean = { label: 'mean', look: plain, points: run.steps.map((row): Point => [row.step, row.loss]) }
  const each = run.peers.flatMap((_, peer) =>
    isShown(run, peer)
      ? [{ ...named(run, peer), points: run.steps.map((row): Point => [row.step, row.losses[peer] ?? null]) }]
      : [],
  )
  const ghost =
    run.ghost === null
      ? []
      : [
          ghostSeries(
            run.ghost.label,
            run.ghost.rows.map((row): Point => [row.step, row.loss]),
          ),
        ]
  return run.about.self === null ? [...each, ...ghost, mean] : each.map(one => ({ ...one, faint: false }))
}

function ghostSeries(label: string, points: readonly Point[]): Series {
  return { label, look: ghostly, points }
}

function accuracies(run: RunDocument): readonly Series[] {
  const each = run.peers.flatMap((_, peer) =>
    isShown(run, peer)
      ? [{ ...named(run, peer), points: judged(run.steps, row => row.accuracies[peer] ?? null) }]
      : [],
  )
  const agreed = { label: 'agreed', look: plain, points: judged(run.steps, row => row.agreedAccuracy) }
  const { ghost } = run
  const last = run.steps.at(-1)?.step
  const contrast =
    ghost === null || ghost.accuracy === null || last === undefined
      ? []
      : [
          ghostSeries(`${ghost.label}, at the end`, [
            [run.steps[0]!.step, ghost.accuracy],
            [last, ghost.accuracy],
          ]),
        ]
  return [...each, ...contrast, agreed]
}

/** Only the steps after which it was judged, so that a line joins them. */
function judged(rows: readonly StepRow[], value: (row: StepRow) => number | null): readonly Point[] {
  return rows.flatMap((row): Point[] => {
    const known = value(row)
    return known === null ? [] : [[row.step, known]]
  })
}

/** Of totals that grow; where rows are thinned out, per step. */
function differences(rows: readonly StepRow[], total: (row: StepRow) => number | null): readonly Point[] {
  let [lastStep, last]: [number | null, number] = [null, 0]
  return rows.map((row): Point => {
    const now = total(row)
    if (now === null) return [row.step, null]
    const [since, before] = [lastStep ?? 0, last]
    // A first total that is known late is of all steps before it.
    const isFirst = lastStep === null && row.step > 1
    lastStep = row.step
    last = now
    return [row.step, isFirst ? null : Math.max(0, (now - before) / Math.max(1, row.step - since))]
  })
}
