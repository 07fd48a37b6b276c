/** Looks on while a run learns, and ends it: at its target, on divergence, or after its time. */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { SeriesPoint } from '../../learning/evaluation/series.ts'
import { finiteOrNull, reportedMetrics } from '../daemon/report.ts'
import type { Stop } from './definition.ts'
import { betterOf } from './figures/metric.ts'
import { overPeers } from './metrics.ts'

/** How the watch ended a run. */
interface Ended {
  readonly status: 'stopped' | 'diverged'
  readonly why: string
  /** What the evaluation that reached the target measured; null: nothing was reached. */
  readonly metrics: Readonly<Record<string, number | null>> | null
}

export interface Watch {
  onStep(step: number, loss: number): void
  onEvaluation(peer: PeerIndex, point: SeriesPoint): void
  isOver(): boolean
  ended(): Ended | null
}

/** @param peers how many evaluations each step has: of the honest peers, or the server's one */
export function createWatch(
  { targets, divergence, afterSeconds }: Stop,
  peers: number,
  nowMs: () => number = () => performance.now(),
): Watch {
  const startedMs = nowMs()
  const open = new Map<number, Map<PeerIndex, SeriesPoint>>()
  let firstLoss: number | null = null
  let ended: Ended | null = null
  const reached = (step: number, points: readonly SeriesPoint[]) => {
    const metrics = overPeers(
      points.map(({ loss, accuracy, metrics: each, triggerRate }) => ({
        loss: finiteOrNull(loss),
        accuracy,
        metrics: reportedMetrics(each),
        ...(triggerRate !== undefined && { triggerRate }),
      })),
    )
    const met = Object.entries(targets).map(([name, target]) => {
      const value = metrics[name]
      if (value === null || value === undefined) return null
      const isMet = betterOf(name) === 'lower' ? value <= target : value >= target
      return isMet ? `${name} ${value}` : null
    })
    if (met.length === 0 || met.includes(null)) return
    ended = {
      status: 'stopped',
      why: `reached ${met.join(', ')} after ${step} steps`,
      metrics: { ...metrics, stepsDone: step },
    }
  }
  return {
    onStep(step, loss) {
      firstLoss ??= loss
      if (ended !== null || divergence === null || loss <= divergence * firstLoss) return
      const size = Number.isFinite(loss) ? loss.toExponential(2) : 'not finite'
      const why = `the training loss of step ${step} is ${size}, that of the first ${firstLoss.toExponential(2)}`
      ended = { status: 'diverged', why, metrics: null }
    },
    onEvaluation(peer, point) {
      if (ended !== null || point.step === 0) return
      const at = open.get(point.step) ?? new Map()
      open.set(point.step, at.set(peer, point))
      if (at.size < peers) return
      open.delete(point.step)
      reached(point.step, [...at.values()])
    },
    isOver() {
      if (ended === null && afterSeconds !== null && nowMs() - startedMs > 1000 * afterSeconds)
        ended = { status: 'stopped', why: `${TIME_OVER}${afterSeconds} s were over`, metrics: null }
      return ended !== null
    },
    ended: () => ended,
  }
}

/** How the reason of a run begins that its time ended: how far it came is the machine's doing. */
export const TIME_OVER = 'its time of '
