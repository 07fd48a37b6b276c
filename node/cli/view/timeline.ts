/** The timeline of a simulated cohort, one line per event. */
import type { TimelineEntry } from '../../simulation/timeline.ts'
import { counted, peerList } from './format.ts'

/** @param steps the last step: peers that have done all stand one beyond it */
export function timelineLine(entry: TimelineEntry, steps: number): string {
  return `step ${Math.min(entry.step, steps)}, after ${entry.virtualSeconds.toFixed(2)} s: ${peerList(entry.peers)} ${whatHappened(entry, steps)}${why(entry)}`
}

/** Why a fault begins or ends at another step than the one that was asked for. */
function why({ standstills }: TimelineEntry): string {
  return standstills === 0
    ? ''
    : ` (nobody could go on; ${counted(standstills, 'standstill')} counted as ${counted(standstills, 'step')})`
}

function whatHappened({ event, peers, ownStep, by }: TimelineEntry, steps: number): string {
  const [is, was] = peers.length === 1 ? ['is', 'was'] : ['are', 'were']
  const where = ownStep === null ? '' : ownStep > steps ? ', all steps done' : `, at step ${ownStep}`
  switch (event) {
    case 'crash':
      return 'crashed'
    case 'restart':
      return `restarted${where}`
    case 'pause':
      return `stood still${where}`
    case 'resume':
      return `went on${where}`
    case 'slow':
      return `became slow${where}`
    case 'full speed':
      return `${is} as fast as before${where}`
    case 'partition':
      return `${was} cut off from the rest${where}`
    case 'reconnect':
      return `${is} connected again${where}`
    case 'caught up':
      return by === 'parameters'
        ? `caught up, with the parameters of others${where}`
        : `caught up, with the messages kept for ${peers.length === 1 ? 'it' : 'them'}${where}`
  }
}
