/**
 * Why the lie does not work: the vectors that a peer received, in the plane, with what the rule made of each; and over
 * time how much of each peer's vector entered the results.
 */

import { type Plane, phases, type RunDocument } from '../../run.ts'
import { countText, listText, percentText } from '../chart/format.ts'
import { peerName } from '../chart/palette.ts'
import { chosenObserver, chosenPhase, chosenStep } from '../state.ts'
import { FateFigure } from './fates.tsx'
import { PlaneFigure } from './plane.tsx'
import type { ViewProps } from './props.ts'
import { TrimmedFigure } from './trimmed.tsx'
import { WeightMatrix } from './weights.tsx'

export function Lie({ run }: ViewProps) {
  if (run.planes.length === 0 && run.weights.length === 0)
    return (
      <p class="empty">
        {run.state === 'running'
          ? 'No vectors have been received yet.'
          : 'Of what each peer received nothing is recorded here. Pages of --page and --watch hold it; reports do not.'}
      </p>
    )
  const plane = chosenPlane(run)
  return (
    <div class="grid">
      {plane !== null && (
        <>
          <div class="wide">
            <Choice run={run} plane={plane} />
            <p>{sentence(run, plane)}</p>
          </div>
          <PlaneFigure run={run} plane={plane} />
          {plane.sampled === null ? (
            <FateFigure run={run} plane={plane} />
          ) : (
            <TrimmedFigure run={run} plane={plane} />
          )}
        </>
      )}
      <WeightMatrix run={run} />
    </div>
  )
}

const isLiar = (run: RunDocument, peer: number) => run.about.peers[peer]?.honest === false

/** The plane nearest to what is chosen; where nothing is, the newest that holds a lie, if any does. */
function chosenPlane(run: RunDocument): Plane | null {
  const step = chosenStep.value
  const observer = chosenObserver.value
  const seen = run.planes.filter(plane => observer === null || plane.observers.includes(observer))
  const fitting = seen.filter(({ phase }) => phase === chosenPhase.value)
  const candidates = fitting.length > 0 ? fitting : seen.length > 0 ? seen : run.planes
  const ofLiars = candidates.filter(({ points }) => points.some(({ from }) => isLiar(run, from)))
  const telling = ofLiars.length > 0 ? ofLiars : candidates
  const wanted = step ?? Math.max(0, ...telling.map(plane => plane.step))
  let best: Plane | null = null
  for (const plane of candidates) if (best === null || isBetter(plane, best, wanted)) best = plane
  return best
}

/** Nearer to the step that is wanted; of one step, that of the first observer. */
function isBetter(plane: Plane, than: Plane, step: number): boolean {
  const [here, there] = [Math.abs(plane.step - step), Math.abs(than.step - step)]
  return here < there || (here === there && Math.min(...plane.observers) < Math.min(...than.observers))
}

function Choice({ run, plane }: { run: RunDocument; plane: Plane }) {
  const steps = [...new Set(run.planes.map(({ step }) => step))].sort((a, b) => a - b)
  const observers = [...new Set(run.planes.flatMap(one => one.observers))].sort((a, b) => a - b)
  const known = phases.filter(phase => run.planes.some(one => one.phase === phase))
  const at = steps.indexOf(plane.step)
  return (
    <div class="controls">
      <label>
        step
        <input
          type="range"
          min={0}
          max={Math.max(0, steps.length - 1)}
          value={at}
          aria-valuetext={`step ${plane.step}`}
          onInput={event => {
            chosenStep.value = steps[Number(event.currentTarget.value)] ?? null
          }}
        />
        <output>{plane.step}</output>
      </label>
      <label>
        agreement on
        <select
          value={plane.phase}
          onChange={event => {
            chosenPhase.value = known.find(phase => phase === event.currentTarget.value) ?? 'gradient'
          }}
        >
          {known.map(phase => (
            <option key={phase} value={phase}>
              {phase === 'gradient' ? 'gradients' : phase}
            </option>
          ))}
        </select>
      </label>
      <label>
        as received by
        <select
          value={chosenObserver.value ?? Math.min(...plane.observers)}
          onChange={event => {
            chosenObserver.value = Number(event.currentTarget.value)
          }}
        >
          {observers.map(peer => (
            <option key={peer} value={peer}>
              {peerName(run, peer)}
            </option>
          ))}
        </select>
      </label>
      {chosenStep.value !== null && (
        <button
          type="button"
          onClick={() => {
            chosenStep.value = null
          }}
        >
          Newest step
        </button>
      )}
    </div>
  )
}

/** What the figure shows, in words. */
function sentence(run: RunDocument, plane: Plane): string {
  const observers = listText(plane.observers.toSorted((a, b) => a - b).map(peer => peerName(run, peer)))
  const liars = plane.points.filter(({ from }) => run.about.peers[from]?.honest === false)
  const received = `In step ${plane.step} ${observers} received ${countText(plane.points.length, 'vector')}`
  const absent = run.about.peers.flatMap((_, peer) =>
    isLiar(run, peer) && liars.every(({ from }) => from !== peer) ? [peerName(run, peer)] : [],
  )
  if (absent.length > 0 && liars.length === 0)
    return `${received}, and none of ${listText(absent)}, which ${absent.length === 1 ? 'lies' : 'lie'}.`
  if (liars.length === 0) return `${received}.`
  const fates = liars.map(({ from, fate, weight, low, high }) => {
    const name = peerName(run, from)
    if (fate === 'dropped' || weight === 0) return `that of ${name}, which lies, was left out`
    if (low !== null && high !== null)
      return `that of ${name}, which lies, was trimmed in ${percentText(low + high)} of the coordinates`
    return `that of ${name}, which lies, entered with ${percentText(weight)}`
  })
  return `${received}; ${listText(fates)}.`
}
