/** Runs `concord join`: starts one peer, shows its events to a person or the parent process, and ends cleanly. */
import type { Attack } from '../../../learning/attacks/attack.ts'
import { type Membership, memberName } from '../../cohort/cohort.ts'
import { PeerError } from '../../daemon/errors.ts'
import type { PeerEvent } from '../../daemon/events.ts'
import { planPeer, type StartPeerOptions } from '../../daemon/options.ts'
import type { Report } from '../../daemon/report.ts'
import type { RecordOptions } from '../../daemon/run-record.ts'
import { type RunningPeer, startPlanned } from '../../daemon/start-peer.ts'
import { collectorFor, growHeapFor } from '../../network/memory.ts'
import { endOf } from '../../page/end.ts'
import type { Recorder } from '../../page/recorder.ts'
import { UsageError } from '../command.ts'
import type { LearningValues } from '../learning-options.ts'
import type { PageValues } from '../page/page-options.ts'
import { type ShownRun, showRecorder } from '../page/show-run.ts'
import { deliverReport, type ReportValues } from '../report-output.ts'
import type { Terminal } from '../terminal.ts'
import { listed } from '../view/format.ts'
import { createJoinRecord, type JoinOutcome } from './join-record.ts'
import { installLastResort } from './last-resort.ts'
import { evidenceFolderHere, openView } from './operating.ts'
import type { OperatingValues } from './operating-options.ts'
import { parentProcess } from './parent.ts'
import { type StopSignals, stopSignals } from './stop-signals.ts'

interface JoinValues extends ReportValues, LearningValues, OperatingValues, PageValues {
  readonly recordedFrom: number | null
  readonly cohort: string
  readonly identity: string
  readonly data: string
  readonly partition: string | null
  readonly holdout: number | null
  readonly listen: string | null
  readonly mdns: boolean
  readonly state: string | null
  readonly keepBytes: number | null
  readonly forget: boolean
  readonly dataChanged: boolean
  readonly attack: Attack | null
  readonly linger: number
  readonly observe: number | null
}

/** @throws UsageError if an option is wrong, and any error that keeps the peer from starting or going on */
export async function runJoin(values: JoinValues, terminal: Terminal): Promise<number> {
  for (const [name, isGiven] of [
    ['--forget', values.forget],
    ['--data-changed', values.dataChanged],
  ])
    if (isGiven && values.state === 'none')
      throw new UsageError(`${name} needs a state directory, and --state is "none"; expected one of the two`)
  const plan = await planPeer(peerOptions(values)).catch(rethrown)
  const { membership } = plan
  const { steps, members } = membership.cohort
  const parent = parentProcess({ every: values.observe, steps })
  const record = createJoinRecord(membership, { ...values, partition: plan.oracle.spec.partition })
  const view = parent === null ? await openView(membership, values, terminal) : null
  let hasFailed = false
  let collect = () => {}
  const onEvent = (event: PeerEvent) => {
    if (event.kind === 'listening') {
      growHeapFor(members.length, event.dimension)
      collect = collectorFor(members.length, event.dimension)
    }
    if (event.kind === 'step') setImmediate(collect)
    hasFailed ||= event.kind === 'failed' || event.kind === 'diverged'
    record.see(event)
    parent?.tell(event)
    view?.see(event)
  }
  const stop = stopSignals(parent)
  let page: ShownRun | null = null
  const lastResort = installLastResort({
    cohortId: membership.cohortId,
    terminal,
    tell(sentence, stack) {
      view?.stop()
      onEvent({ kind: 'failed', message: sentence })
      view?.log?.warn({ event: 'defect', stack: stack.split('\n') }, 'the stack of the defect')
    },
  })
  try {
    const note = view?.note ?? (() => {})
    const log = view?.log ?? undefined
    const peer = await startPlanned(plan, { log, onEvent }, recordingOf(values)).catch(rethrown)
    if (values.recordedFrom !== null)
      peer.recorder.subscribe((_, events) => parent?.tell({ kind: 'recorded', events }))
    page = await showRecorder(peer.recorder, values, { print: note, warn: note })
    lastResort.guard(peer.syncJournal)
    if (peer.metricsUrl !== null) note(`metrics: ${peer.metricsUrl}`)
    const ending = await runUntilDone(peer, membership, values.linger, stop, note, async outcome => {
      await noteEnd(outcome, peer, values, note)
      view?.stop()
      const report = record.report(outcome, peer.faults())
      await deliverReport(values, report, terminal)
      await endRecord(peer.recorder, report, page)
    })
    return ending === 'finished' ? 0 : ending === 'diverged' ? 1 : stop.exitCode()
  } catch (error) {
    view?.stop()
    await page?.broken(error instanceof Error ? error.message : String(error))
    if (!hasFailed)
      onEvent({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
    throw error
  } finally {
    view?.stop()
    stop.dispose()
    lastResort.dispose()
    await parent?.leave()
    // A leftover of the peer (a thread, a socket) must not keep the process alive.
    setTimeout(() => process.exit(), LEFTOVERS_MS).unref()
  }
}

/** The run's end on its pages: on this process's own, or on those that follow by the socket. */
async function endRecord(recorder: Recorder, report: Report, page: ShownRun | null): Promise<void> {
  for (const { peer, bytesSent, bytesReceived } of report.honest) {
    const traffic = { bytesSent, bytesReceived, messages: report.messages }
    recorder.tell({ kind: 'traffic', ms: recorder.document().ms, peer, traffic })
  }
  if (page !== null) await page.ended(endOf(report))
  else recorder.tell({ kind: 'end', end: { ...endOf(report), ms: recorder.document().ms } })
}

/** Somebody may open a page late, and a parent shows the run from its beginning: then all is recorded. */
function recordingOf({ page, watch, recordedFrom }: JoinValues): RecordOptions {
  const isKept = page !== null || watch !== null || recordedFrom !== null
  return recordedFrom === null ? { isKept } : { isKept, startedMs: recordedFrom }
}

/** Says which file holds what was learnt, and of a run that is not done how it goes on. */
async function noteEnd(
  outcome: JoinOutcome,
  peer: RunningPeer,
  { state, save }: JoinValues,
  note: (line: string) => void,
): Promise<void> {
  if (outcome === 'finished' && save !== null) note(`${save} holds the learnt model`)
  if (outcome === 'diverged' && save !== null) note(`${save} was not written: the learning has diverged`)
  if (outcome !== 'interrupted') return
  const saved = await peer.saveStep().catch((error: Error) => note(error.message))
  if (saved) note(`${saved.path} holds the parameters after step ${saved.step}`)
  note(
    `stopped at step ${peer.status().step}${state === 'none' ? '' : '; the same command goes on from there'}`,
  )
}

/** How long the open parts of a peer may take to close once the peer is done. */
const LEFTOVERS_MS = 5000

/** The options of a peer have the names of our options, `dataChanged` for `--data-changed`, and its errors begin with the name. */
function rethrown(error: unknown): never {
  if (!(error instanceof PeerError)) throw error
  const named = error.message.replace(/^\w+/, name =>
    name.replace(/[A-Z]/g, each => `-${each.toLowerCase()}`),
  )
  throw new UsageError(`--${named}`)
}

function peerOptions(values: JoinValues): StartPeerOptions {
  const { oracle, oracleTimeout, listen, state, init, save, saveEvery, attack, metrics, control } = values
  return {
    cohort: values.cohort,
    identity: values.identity,
    data: values.data,
    partition: values.partition ?? undefined,
    holdout: values.holdout ?? undefined,
    augment: values.augment,
    oracle: oracle === null ? undefined : { command: oracle, timeoutSeconds: oracleTimeout },
    init: init ?? undefined,
    save: save ?? undefined,
    saveEvery: saveEvery ?? undefined,
    listen: listen?.split(','),
    mdns: values.mdns,
    stateDirectory: state === 'none' ? null : (state ?? undefined),
    keepBytes: values.keepBytes ?? undefined,
    forget: values.forget,
    dataChanged: values.dataChanged,
    evidenceFolder: state === 'none' ? evidenceFolderHere() : undefined,
    attack: attack ?? undefined,
    metrics: metrics ?? undefined,
    control: control ?? undefined,
  }
}

/**
 * Waits until the peer has learnt, has diverged, or is told to stop. Unless it is told to stop, it then waits until no
 * member needs it or the time is over.
 */
async function runUntilDone(
  peer: RunningPeer,
  membership: Membership,
  lingerSeconds: number,
  stop: StopSignals,
  note: (line: string) => void,
  deliver: (outcome: JoinOutcome) => Promise<void>,
): Promise<JoinOutcome> {
  try {
    const outcome = await Promise.race([
      peer.finished.then(() => 'finished' as const, divergedOr),
      stop.asked.then(() => 'interrupted' as const),
    ])
    await deliver(outcome)
    if (outcome !== 'interrupted') {
      const unserved = peer.unserved()
      if (unserved.length > 0 && lingerSeconds > 0)
        note(
          `serving ${listed(unserved.map(peer => memberName(membership.cohort, peer)))} until ${unserved.length === 1 ? 'it is' : 'they are'} done, for at most ${lingerSeconds} s (Ctrl-C ends it)`,
        )
      await Promise.race([peer.served(lingerSeconds), stop.asked])
    }
    return outcome
  } finally {
    stop.insist()
    await peer.stop()
  }
}

/** A peer whose learning has diverged has come to an end as well, and the others may still need what it said before. */
function divergedOr(error: unknown): 'diverged' {
  if (error instanceof PeerError && error.code === 'diverged') return 'diverged'
  throw error
}
