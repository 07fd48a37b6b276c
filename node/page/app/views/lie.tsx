/**
 * Why the lie does not work: the vectors that a peer received, in the plane, with what the rule made of each; and over
 * time how much of each peer's vector entered the results.
 */

import { isAlone } from '../../apply.ts'
import { type Plane, phases, type RunDocument } from '../../run.ts'
import { countText, listText, percentText } from '../chart/format.ts'
import { peerName } from '../chart/palette.ts'
import { chosenObserver, chosenPhase, chosenStep } from '../state.ts'
import { FateFigure } from './fates.tsx'
import { momentName, momentOf } from './moment.ts'
import { PlaneFigure } from './plane.tsx'
import type { ViewProps } from './props.ts'
import { TrimmedFigure } from './trimmed.tsx'
import { unknownRuleText } from './unknown-rule.ts'
import { WeightMatrix } from './weights.tsx'

export function Lie({ run }: ViewProps) {
  if (run.planes.length === 0 && run.weights.length === 0)
    return (
      <p class="empty">
        {unknownRuleText(run) ??
          (run.state === 'running'
            ? 'No vectors have been received yet.'
            : 'What each peer received is not recorded here: pages of --page and --watch hold it, reports do not.')}
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

/**
 * The plane nearest to what is chosen. Where nothing is: the newest that holds a lie, if any does; of an agreement alone
 * the first, in which vectors differ most.
 */
function chosenPlane(run: RunDocument): Plane | null {
  const step = chosenStep.value
  const observer = chosenObserver.value
  const seen = run.planes.filter(plane => observer === null || plane.observers.includes(observer))
  const fitting = seen.filter(({ phase }) => phase === chosenPhase.value)
  const candidates = fitting.length > 0 ? fitting : seen.length > 0 ? seen : run.planes
  const ofLiars = candidates.filter(({ points }) => points.some(({ from }) => isLiar(run, from)))
  const telling = ofLiars.length > 0 ? ofLiars : candidates
  const newest = telling.reduce((most, plane) => Math.max(most, plane.step), 0)
  const wanted = step ?? (isAlone(run) ? 0 : newest)
  const distance = (plane: Plane) => Math.abs(momentOf(run, plane) - wanted)
  let best: Plane | null = null
  for (const plane of candidates)
    if (best === null || isBetter(plane, best, distance(plane) - distance(best))) best = plane
  return best
}

/** Nearer to what is wanted; of one moment, that of the first observer. */
function isBetter(plane: Plane, than: Plane, farther: number): boolean {
  return farther < 0 || (farther === 0 && Math.min(...plane.observers) < Math.min(...than.observers))
}

function Choice({ run, plane }: { run: RunDocument; plane: Plane }) {
  const steps = [...new Set(run.planes.map(one => momentOf(run, one)))].sort((a, b) => a - b)
  const now = momentOf(run, plane)
  const name = momentName(run)
  const observers = [...new Set(run.planes.flatMap(one => one.observers))].sort((a, b) => a - b)
  const known = phases.filter(phase => run.planes.some(one => one.phase === phase))
  const at = steps.indexOf(now)
  return (
    <div class="controls">
      <label>
        {name}
        <input
          type="range"
          min={0}
          max={Math.max(0, steps.length - 1)}
          value={at}
          aria-valuetext={`${name} ${now}`}
          onInput={event => {
            chosenStep.value = steps[Number(event.currentTarget.value)] ?? null
          }}
        />
        <output>{now}</output>
      </label>
      {!isAlone(run) && (
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
      )}
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
          {isAlone(run) ? 'First iteration' : 'Newest step'}
        </button>
      )}
    </div>
  )
}

/** Names of more peers than these are counted. */
const NAMED_MAX = 4

/** Peers in a sentence: all that follow the protocol in one word, others by name while they are few. */
function peersText(run: RunDocument, peers: readonly number[]): string {
  const honest = run.about.peers.filter(peer => peer.honest === true).length
  const areHonest = peers.every(peer => run.about.peers[peer]?.honest === true)
  if (peers.length > 2 && areHonest && peers.length === honest) return `all ${honest} honest peers`
  if (peers.length > NAMED_MAX) return `${peers.length} peers`
  return listText(peers.map(peer => peerName(run, peer)))
}

/** What the figure shows, in words. */
function sentence(run: RunDocument, plane: Plane): string {
  const observers = peersText(
    run,
    plane.observers.toSorted((a, b) => a - b),
  )
  const liars = plane.points.filter(({ from }) => isLiar(run, from))
  const received = `In ${momentName(run)} ${momentOf(run, plane)}, ${observers} received ${countText(plane.points.length, 'vector')}`
  const absent = run.about.peers.flatMap((_, peer) =>
    isLiar(run, peer) && liars.every(({ from }) => from !== peer) ? [peer] : [],
  )
  if (absent.length > 0 && liars.length === 0)
    return `${received}, and none of ${peersText(run, absent)}, which ${absent.length === 1 ? 'lies' : 'lie'}.`
  if (liars.length === 0) return `${received}.`
  const groups = Map.groupBy(liars, fateText)
  const fates = [...groups].map(([fate, points]) => {
    const those = points.length === 1 ? ['that', 'lies', 'was'] : ['those', 'lie', 'were']
    const names = peersText(
      run,
      points.map(({ from }) => from),
    )
    return `${those[0]} of ${names}, which ${those[1]}, ${fate.replace('was', those[2]!)}`
  })
  return `${received}; ${listText(fates)}.`
}

function fateText({ fate, weight, low, high }: Plane['points'][number]): string {
  if (fate === 'dropped' || weight === 0) return 'was left out'
  if (low !== null && high !== null) return `was trimmed in ${percentText(low + high)} of the coordinates`
  return `entered with ${percentText(weight)}`
}
