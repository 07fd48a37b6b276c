/**
 * Evaluations of this peer whose agreement has not ended yet. Learning does not wait for an evaluation: where it takes
 * longer than the steps for which an agreement stays open, the cohort ends that agreement without this peer, and no
 * figures of the cohort come. The user hears of that too, or a line would be missing without a word.
 */
import type { SeriesPoint } from '../../../learning/evaluation/series.ts'
import { defaultWindow } from '../../../learning/learn-contract.ts'
import type { PeerEvent } from '../../daemon/events.ts'

interface OpenPoints {
  /** Points that this event shows to stay without the cohort's figures. */
  see(event: PeerEvent): readonly SeriesPoint[]
}

/** No agreement stays open for longer than its step is kept. */
const OPEN_STEPS = defaultWindow.kept

export function createOpenPoints(): OpenPoints {
  const open = new Map<number, SeriesPoint>()
  let completed = 0
  const past = (limit: number): readonly SeriesPoint[] => {
    const gone = [...open.values()].filter(({ step }) => step < limit)
    for (const { step } of gone) open.delete(step)
    return gone
  }
  return {
    see(event) {
      if (event.kind === 'evaluated') open.set(event.step, event)
      else if (event.kind === 'agreed') open.delete(event.step)
      else if (event.kind === 'step') completed = event.step
      // The figures after the last step are those of the end.
      else if (event.kind === 'finished') return past(completed)
      else return []
      return past(completed - OPEN_STEPS)
    },
  }
}
