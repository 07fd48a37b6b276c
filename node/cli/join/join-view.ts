/** The view of one real peer for a person. */
import type { Attack } from '../../../learning/attacks/attack.ts'
import type { AgreedPoint, SeriesPoint } from '../../../learning/evaluation/series.ts'
import { type Membership, memberName } from '../../cohort/cohort.ts'
import type { Ending, PeerEvent } from '../../daemon/events.ts'
import { tally } from '../../daemon/report.ts'
import { moreText } from '../../text/quiet.ts'
import type { Terminal } from '../terminal.ts'
import { counted, duration, megabytes, percent, significant } from '../view/format.ts'
import { agreedText, metricsLines } from '../view/metrics.ts'
import { createProgress } from '../view/progress.ts'
import { faultsText, wantedText } from '../view/result.ts'
import { faultyText, protocolOver, travelText } from '../view/settings.ts'
import { judged, nothingText } from '../view/verdict.ts'
import { createOpenPoints } from './open-points.ts'

export interface JoinView {
  /** @param leftOut how many similar events were not shown since the last one */
  see(event: PeerEvent, leftOut?: number): void
  note(line: string): void
  stop(): void
}

/** A view that can also show a line that stands, as `Progress` says. */
export interface StandingView extends JoinView {
  stand(line: string | null): void
}

export async function createJoinView(
  membership: Membership,
  attack: Attack | null,
  terminal: Terminal,
): Promise<StandingView> {
  const { cohort, cohortId, self } = membership
  const { paint } = terminal
  const progress = await createProgress(terminal, cohort.steps)
  terminal.print(
    `${cohort.name} (${cohortId.slice(0, 12)}): this is ${memberName(cohort, self)}, one of ${counted(cohort.members.length, 'member')}, ${faultyText(cohort)}; ${cohort.topology === undefined ? travelText(cohort) : protocolOver(cohort)}`,
  )
  if (attack !== null) terminal.warn(paint('red', `This peer is Byzantine on purpose: ${attack.name}.`))
  const points = createOpenPoints()
  return {
    see(event, leftOut = 0) {
      for (const point of points.see(event)) progress.note(lateText(point))
      if (event.kind === 'step')
        progress.update({ step: event.step, loss: event.loss, bytes: event.traffic.bytesSent })
      else if (event.kind === 'finished') {
        progress.stop()
        for (const line of endingLines(event.ending, membership)) terminal.print(line)
      } else if (event.kind === 'diverged') {
        progress.stop()
        terminal.warn(paint('red', `concord: ${event.message}`))
      } else for (const line of eventLines(event, membership)) progress.note(`${line}${moreText(leftOut)}`)
    },
    stand: line => progress.stand(line),
    note: line => progress.note(line),
    stop: () => progress.stop(),
  }
}

/** The lines for an event; none for steps and the end, which are shown in another way. */
export function eventLines(event: PeerEvent, membership: Membership): readonly string[] {
  switch (event.kind) {
    case 'listening':
      return [
        `${event.examples} examples, ${event.dimension} parameters${event.step > 1 ? placeText(event.step, membership) : ''}`,
        ...event.notes,
        ...event.addresses.map(address => `listening on ${address}`),
      ]
    case 'connection':
      return [
        `${memberName(membership.cohort, event.peer)}: ${event.up ? event.reason : `gone: ${event.reason}`}`,
      ]
    case 'missed':
      return [`${memberName(membership.cohort, event.peer)}: cannot help with step ${event.step} any more`]
    case 'caught-up':
      return [`caught up: it stood at step ${event.from}, and ${goingOnText(event.step, membership)}`]
    case 'waiting':
      return [
        `step ${event.step}: waiting for ${wantedText(
          event,
          event.missing.map(peer => memberName(membership.cohort, peer)),
        )}`,
      ]
    case 'resumed':
      return ['going on']
    case 'fault': {
      const { peer, kind, count } = event.fault
      const what =
        peer === null ? 'refused a stranger' : `fault of ${memberName(membership.cohort, peer)}: ${kind}`
      const times = count > 1 ? ` (${count} times by now)` : ''
      return [`${what}${times}${event.detail === null ? '' : `: ${event.detail}`}`]
    }
    case 'evidence':
      return [evidenceLine(event, membership)]
    case 'log':
      return [event.text]
    case 'agreed':
      return [evaluatedText(event)]
    case 'evaluated': // the line comes once the cohort has agreed
    case 'recorded': // for the page of a parent process
    case 'step':
    case 'finished':
    case 'diverged':
    case 'failed':
      return []
  }
}

function placeText(step: number, { cohort: { steps } }: Membership): string {
  return step > steps ? ', all steps done already' : `, going on from step ${step}`
}

/** A peer may find its place after the last step, or in its end. */
function goingOnText(step: number, { cohort: { steps } }: Membership): string {
  return step > steps ? 'ends with what the others have learnt' : `goes on at step ${step}`
}

function evidenceLine(
  { peer, path, before }: Extract<PeerEvent, { kind: 'evidence' }>,
  membership: Membership,
): string {
  const proof = `the proof is ${path} (concord evidence verify FILE)`
  if (peer === membership.self)
    return `this key has signed two vectors for one slot: it runs, or ran, somewhere else as well, and every peer that has seen the proof cuts it off; ${proof}`
  const when = before ? 'in an earlier run, and stays' : 'and is'
  return `${memberName(membership.cohort, peer)} signed two vectors for one slot ${when} cut off; ${proof}`
}

/** "after step 20, agreed: balanced accuracy 87.0 % (here 85.0 %, baseline 50.0 %), …; loss here 0.6". */
function evaluatedText(point: AgreedPoint): string {
  return `after step ${point.step}, ${agreedText(point.agreed, point)}; loss here ${significant(point.loss)}`
}

/** "after step 20, not agreed: accuracy here 85.0 %, loss here 0.6; the learning had gone on …". */
function lateText({ step, accuracy, loss }: SeriesPoint): string {
  const share = accuracy === null ? '' : `accuracy here ${percent(accuracy)}, `
  return `after step ${step}, not agreed: ${share}loss here ${significant(loss)}; the learning had gone on too far before that agreement could end`
}

function endingLines(ending: Ending, { cohort }: Membership): readonly string[] {
  const { loss, accuracy, metrics, agreed, traffic, faults, learningSeconds } = ending
  const nothing = nothingText(judged(ending), true)
  return [
    `done in ${duration(learningSeconds)}: ${accuracy === null ? '' : `accuracy ${percent(accuracy)}, `}loss ${significant(loss)}`,
    ...metricsLines(metrics),
    ...(agreed === null ? [] : [agreedText(agreed, ending)]),
    ...(nothing === null ? [] : [`this peer ${nothing}`]),
    `sent ${megabytes(traffic.bytesSent)}, received ${megabytes(traffic.bytesReceived)}`,
    `faults seen: ${faultsText(tally(faults), peer => memberName(cohort, peer)).replaceAll('\n', ', ')}`,
  ]
}
