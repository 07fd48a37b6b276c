/** The course of `concord join`: files in, one peer up, its events to a person or to the parent process, a clean end. */
import { constants } from 'node:os'
import type { Attack } from '../../../learning/attacks/attack.ts'
import { type Cohort, cohortId, type Membership } from '../../cohort/cohort.ts'
import { readCohort } from '../../cohort/file.ts'
import { type Identity, readIdentity } from '../../cohort/identity.ts'
import type { Order, PeerEvent } from '../../daemon/events.ts'
import { type RealPeer, startRealPeer } from '../../daemon/start-peer.ts'
import { addressOf, endpointOf } from '../../network/endpoint.ts'
import { UsageError } from '../command.ts'
import { type LearningValues, oracleChoice } from '../learning-options.ts'
import { deliverReport, type ReportValues } from '../report-output.ts'
import type { Terminal } from '../terminal.ts'
import { softwareName } from '../version.ts'
import { peerList } from '../view/format.ts'
import { createJoinRecord, type JoinOutcome } from './join-record.ts'
import { installLastResort } from './last-resort.ts'
import {
  evidenceFolderOf,
  type OpenMetrics,
  openMetrics,
  openView,
  operate,
  stateDirectoryOf,
} from './operating.ts'
import type { OperatingValues } from './operating-options.ts'

interface JoinValues extends ReportValues, LearningValues, OperatingValues {
  readonly cohort: string
  readonly identity: string
  readonly data: string
  readonly partition: string
  readonly listen: string | null
  readonly mdns: boolean
  readonly state: string | null
  readonly forget: boolean
  readonly attack: Attack | null
  readonly linger: number
  readonly observe: number | null
}

export async function runJoin(values: JoinValues, terminal: Terminal): Promise<number> {
  if (values.forget && values.state === 'none')
    throw new UsageError('--forget is for a state directory, and --state is "none"; expected one of the two')
  const membership = await takeMembership(values)
  await checkStart(membership.cohort, values, terminal)
  const parent = parentProcess()
  const record = createJoinRecord(membership, values)
  const view = parent === null ? await openView(membership, values, terminal) : null
  const onEvent = (event: PeerEvent) => {
    record.see(event)
    parent?.tell(event)
    view?.see(event)
  }
  const stop = stopSignals(parent)
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
    const metrics = await openMetrics(values)
    const looks = { log: view?.log ?? null, metrics: metrics?.ofNetwork ?? null }
    const options = { ...peerOptions(membership, values, onEvent), ...looks }
    const note = view?.note ?? (() => {})
    const peer = await startRealPeer(options)
    lastResort.guard(peer.syncJournal)
    const ending = await watched(peer, values, metrics, options.stateDirectory, note, () =>
      course(peer, values.linger, stop, note, async outcome => {
        view?.stop()
        await deliverReport(values, record.report(outcome, peer.faults()), terminal)
      }),
    )
    return ending === 'finished' ? 0 : stop.exitCode()
  } catch (error) {
    view?.stop()
    onEvent({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
    throw error
  } finally {
    view?.stop()
    stop.dispose()
    lastResort.dispose()
    parent?.leave()
    // Whatever of it is left then (a thread, a socket) keeps nobody waiting.
    setTimeout(() => process.exit(), LEFTOVERS_MS).unref()
  }
}

/** How long what a peer had open may take to go, once the peer is done. */
const LEFTOVERS_MS = 5000

/** With everything open that lets an operator look at the peer. */
async function watched<T>(
  peer: RealPeer,
  values: OperatingValues,
  metrics: OpenMetrics,
  stateDirectory: string | null,
  note: (line: string) => void,
  course: () => Promise<T>,
): Promise<T> {
  const operating = await operate(peer, values, metrics, stateDirectory, note).catch(async error => {
    await peer.stop()
    throw error
  })
  try {
    return await course()
  } finally {
    await operating.close()
  }
}

/** @throws UsageError where this member would start from another checkpoint than the cohort */
async function checkStart(cohort: Cohort, { cohort: path, init }: JoinValues, terminal: Terminal) {
  const { digestOfFile, wrongStart } = await import('../../oracle/start-digest.ts')
  const wrong = await wrongStart(cohort.init, init)
  if (wrong !== null) throw new UsageError(wrong)
  if (init !== null && cohort.init === undefined)
    terminal.warn(
      `${path} does not say which checkpoint its members start from, so one with another --init would not be noticed; add to it: init: ${await digestOfFile(init)}`,
    )
}

interface Place extends Membership {
  readonly identity: Identity
}

/** @throws CohortError, IdentityError, UsageError where the key is no member's */
async function takeMembership({ cohort: cohortPath, identity: identityPath }: JoinValues): Promise<Place> {
  // One after the other: where both are wrong, the same one is named each time.
  const cohort = await readCohort(cohortPath)
  const identity = await readIdentity(identityPath)
  const self = cohort.members.findIndex(({ id }) => id === identity.id)
  if (self < 0)
    throw new UsageError(
      `--identity is "${identityPath}": its peer id ${identity.id} is no member of ${cohortPath}, whose members are ` +
        `${cohort.members.map(({ name, id }) => `${name} (${id})`).join(', ')}; expected the identity of one of them`,
    )
  return { cohort, cohortId: cohortId(cohort), self, identity }
}

function peerOptions(
  { identity, ...membership }: Place,
  values: JoinValues,
  onEvent: (event: PeerEvent) => void,
) {
  const { cohort, cohortId: id, self } = membership
  const { attack, data, partition, augment, observe } = values
  const { model, members, seed, steps } = cohort
  const stateDirectory = stateDirectoryOf(values.state, values.identity, id)
  return {
    membership,
    identity,
    listen: values.listen?.split(',') ?? ownPorts(cohort, self),
    mdns: values.mdns,
    oracle: {
      spec: {
        model,
        data,
        partition,
        peer: self,
        peers: members.length,
        seed,
        ...(attack?.relabel && { relabel: 'flip' as const }),
        ...(augment !== 'none' && { augment }),
      },
      ...oracleChoice(values, model),
    },
    save: values.save,
    attack,
    stateDirectory,
    forget: values.forget,
    evidenceFolder: evidenceFolderOf(stateDirectory),
    observed: (step: number) => observe !== null && (step === 1 || step === steps || step % observe === 0),
    software: softwareName(),
    onEvent,
  }
}

/** On all of this machine's addresses, at the ports that the file gives this member; loopback stays loopback. */
export function ownPorts({ members }: Cohort, self: number): readonly string[] {
  const listen = members[self]!.addresses.flatMap(address => {
    const endpoint = endpointOf(address)
    if (endpoint === null) return []
    const { family, host } = endpoint
    if (host === '127.0.0.1' || host === '::1') return [addressOf(endpoint)]
    const anywhere = family === 'ip6' ? { family, host: '::' } : { family: 'ip4' as const, host: '0.0.0.0' }
    return [addressOf({ ...endpoint, ...anywhere })]
  })
  return listen.length > 0 ? [...new Set(listen)] : ['/ip4/0.0.0.0/tcp/0']
}

/** Until learnt or told to stop; after learning, until nobody needs anything more or the time is over. */
async function course(
  peer: RealPeer,
  lingerSeconds: number,
  stop: StopSignals,
  note: (line: string) => void,
  deliver: (outcome: JoinOutcome) => Promise<void>,
): Promise<JoinOutcome> {
  try {
    const outcome = await Promise.race([
      peer.finished.then(() => 'finished' as const),
      stop.asked.then(() => 'interrupted' as const),
    ])
    await deliver(outcome)
    if (outcome === 'finished') {
      const unserved = peer.unserved()
      if (unserved.length > 0 && lingerSeconds > 0)
        note(
          `serving ${peerList(unserved)} until they are done, for ${lingerSeconds} s at most (Ctrl-C ends it)`,
        )
      await Promise.race([served(peer, lingerSeconds), stop.asked])
    }
    return outcome
  } finally {
    stop.insist()
    await peer.stop()
  }
}

function served(peer: RealPeer, seconds: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const deadlineMs = performance.now() + 1000 * seconds
  const timer = setInterval(() => {
    if (peer.unserved().length > 0 && performance.now() < deadlineMs) return
    clearInterval(timer)
    resolve()
  }, 200)
  timer.unref()
  return promise
}

interface Parent {
  tell(event: PeerEvent): void
  /** Told to stop, or the parent is gone. */
  readonly stop: Promise<void>
  leave(): void
}

/** The process that started this one, if it wants to hear of it. */
function parentProcess(): Parent | null {
  if (process.send === undefined) return null
  const { promise, resolve } = Promise.withResolvers<void>()
  process.on('disconnect', resolve)
  process.on('message', (order: Order) => {
    if (order.kind === 'stop') resolve()
  })
  return {
    tell(event) {
      // A parent that is gone is noticed by 'disconnect'.
      if (process.connected) process.send?.(event, undefined, undefined, () => {})
    },
    stop: promise,
    leave() {
      if (process.connected) process.disconnect()
    },
  }
}

interface StopSignals {
  readonly asked: Promise<void>
  /** As shells count an end by a signal: 130 or 143; 1 where the parent asked. */
  exitCode(): number
  /** From here on a signal ends the process at once. */
  insist(): void
  dispose(): void
}

/** SIGINT, SIGTERM or the parent: the first asks to end cleanly, a second signal ends at once. */
function stopSignals(parent: Parent | null): StopSignals {
  const { promise: asked, resolve } = Promise.withResolvers<void>()
  let first: NodeJS.Signals | null = null
  let insisting = false
  const codeOf = (signal: NodeJS.Signals | null) => (signal === null ? 1 : 128 + constants.signals[signal])
  const handle = (signal: NodeJS.Signals) => {
    if (first !== null || insisting) process.exit(codeOf(signal))
    first = signal
    resolve()
  }
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const signal of signals) process.on(signal, handle)
  void parent?.stop.then(resolve)
  return {
    asked,
    exitCode: () => codeOf(first),
    insist() {
      insisting = true
    },
    dispose() {
      for (const signal of signals) process.off(signal, handle)
    },
  }
}
