/** A run of the LAN test: the role of each peer, the injected faults, and everything that the peers reported. */
import { join } from 'node:path'
import { eventLines } from '../../node/cli/join/join-view.ts'
import { cohortDocument, cohortId } from '../../node/cohort/cohort.ts'
import type { Ending, PeerEvent } from '../../node/daemon/events.ts'
import { type CohortFiles, type CohortSettings, makeCohort } from '../cohort/files.ts'
import { type PeerEnd, type PeerProcess, startPeer } from '../cohort/processes.ts'
import type { Host, Lan } from './network.ts'

/** Peers 0 to 6 and their roles. The last peer has the slow link. */
export const roles = { peers: 7, liar: 2, killed: 3, cutOff: 4, copied: 5, far: 6 } as const

export interface LogLine {
  /** Seconds since the start. */
  readonly at: number
  /** A peer, `stranger`, `copy` or `test`. */
  readonly who: string
  readonly text: string
}

export interface LanRun {
  readonly files: CohortFiles
  readonly lines: readonly LogLine[]
  readonly endings: readonly (Ending | null)[]
  readonly events: readonly { readonly peer: number; readonly event: PeerEvent }[]
  /** The events of the stranger. */
  readonly strangerEvents: readonly PeerEvent[]
  /** How the second process with a member's key ended; null if it was not to its time. */
  readonly copyEnd: PeerEnd | null
  readonly failures: readonly string[]
  readonly seconds: number
}

interface State {
  readonly lan: Lan
  readonly files: CohortFiles
  readonly startedMs: number
  readonly lines: LogLine[]
  readonly endings: (Ending | null)[]
  readonly events: { readonly peer: number; readonly event: PeerEvent }[]
  readonly strangerEvents: PeerEvent[]
  readonly failures: string[]
  readonly processes: (PeerProcess | null)[]
  readonly steps: number[]
  copyEnd: PeerEnd | null
  readonly wakers: Set<() => void>
  /** From now on the test ends running peers, which is not a failure. */
  over: boolean
}

interface LanRunOptions {
  readonly lan: Lan
  readonly steps: number
  readonly onLine: (line: LogLine) => void
  readonly deadlineSeconds: number
}

/** Two may be faulty: the liar all the time, and one more at a time. */
const settings: Omit<CohortSettings, 'steps'> = {
  protocol: 'rb-tm',
  faults: 2,
  model: 'softmax',
  rate: 0.5,
  momentum: 0.9,
  batch: 64,
  seed: 1,
  clip: 2,
}

export async function runUntilDone({ lan, steps, onLine, deadlineSeconds }: LanRunOptions): Promise<LanRun> {
  const files = await makeCohort('lan-test', roles.peers, { ...settings, steps }, () => [])
  const strangers = await makeCohort(
    'lan-test',
    1,
    { ...settings, steps, protocol: 'mean', faults: 0 },
    () => [],
  )
  const lines: LogLine[] = []
  const state: State = {
    lan,
    files,
    startedMs: performance.now(),
    events: [],
    strangerEvents: [],
    failures: [],
    copyEnd: null,
    wakers: new Set(),
    over: false,
    endings: Array.from({ length: roles.peers }, () => null),
    processes: Array.from({ length: roles.peers }, () => null),
    steps: Array.from({ length: roles.peers }, () => 0),
    lines: new Proxy(lines, {
      set(target, key, value) {
        if (key !== 'length') onLine(value as LogLine)
        return Reflect.set(target, key, value)
      },
    }),
  }
  const stranger = await startStranger(state, strangers)
  try {
    for (let peer = 0; peer < roles.peers; peer++) start(state, peer)
    const injectedFaults = injectFaults(state, steps)
    const done = until(
      state,
      () => honest.every(peer => state.endings[peer] !== null),
      'all honest peers finish',
    )
    await Promise.race([Promise.all([injectedFaults, done]), deadline(deadlineSeconds)])
  } catch (error) {
    state.failures.push(error instanceof Error ? error.message : String(error))
  } finally {
    state.over = true
    for (const child of [...state.processes, stranger]) child?.kill('SIGTERM')
    await Promise.all([...state.processes, stranger].map(child => child && ended(child)))
    await Promise.all([files.remove(), strangers.remove()])
  }
  const { endings, events, strangerEvents, copyEnd, failures } = state
  return { files, lines, endings, events, strangerEvents, copyEnd, failures, seconds: secondsOf(state) }
}

export const honest: readonly number[] = [...Array(roles.peers).keys()].filter(peer => peer !== roles.liar)

/** Each injected fault waits for the one before to be over: this cohort tolerates two faulty peers at a time. */
async function injectFaults(state: State, steps: number): Promise<void> {
  const host = state.lan.hosts[roles.cutOff]!
  await runCopy(state)
  await reaches(state, 0, Math.round(steps * 0.1))
  log(state, 'test', `peer ${roles.killed} is killed`)
  state.processes[roles.killed]?.kill('SIGKILL')
  await reaches(state, 0, Math.round(steps * 0.25))
  log(state, 'test', `peer ${roles.killed} is started again`)
  start(state, roles.killed)
  await reaches(state, roles.killed, Math.round(steps * 0.3))
  log(state, 'test', `peer ${roles.cutOff} is cut off`)
  host.setPlugged(false)
  await reaches(state, 0, Math.round(steps * 0.75))
  log(state, 'test', `peer ${roles.cutOff}'s cable is put back`)
  host.setPlugged(true)
}

/** A second process with a member's key, on another host and with a state of its own, as after a machine was cloned. */
async function runCopy(state: State): Promise<void> {
  const { files, lan, processes } = state
  await reaches(state, roles.copied, 2)
  log(state, 'test', `a copy of peer ${roles.copied}'s key is started on another host`)
  const membership = { cohort: files.cohort, cohortId: cohortId(files.cohort), self: roles.copied }
  const copy = startPeer({
    inside: lan.hosts[roles.peers]!.inside,
    args: [
      ...['--cohort', files.cohortPath, '--identity', files.identityPaths[roles.copied]!],
      ...['--state', join(files.folder, 'state-copy')],
    ],
    onEvent(event) {
      for (const line of eventLines(event, membership)) log(state, 'copy', line)
    },
  })
  processes.push(copy)
  state.copyEnd = await copy.ended
  log(state, 'test', `the copy ended with ${state.copyEnd.signal ?? state.copyEnd.code}`)
}

function start(state: State, peer: number): void {
  const { files, lan } = state
  const child = startPeer({
    inside: lan.hosts[peer]!.inside,
    args: [
      ...['--cohort', files.cohortPath, '--identity', files.identityPaths[peer]!],
      ...['--state', join(files.folder, `state-${peer}`), '--linger', '60'],
      ...(peer === roles.liar ? ['--attack', 'sign-flip'] : []),
    ],
    onEvent: event => see(state, peer, event),
  })
  state.processes[peer] = child
  void child.ended.then(({ code, signal, lastWords }) => {
    if (state.over || signal === 'SIGKILL' || state.endings[peer] !== null || state.processes[peer] !== child)
      return
    state.failures.push(`peer ${peer} ended early (${signal ?? `exit ${code}`}): ${lastWords}`)
    wake(state)
  })
}

function see(state: State, peer: number, event: PeerEvent): void {
  const { cohort } = state.files
  state.events.push({ peer, event })
  if (event.kind === 'step') state.steps[peer] = event.step
  if (event.kind === 'finished') {
    state.endings[peer] = event.ending
    const { accuracy, learningSeconds } = event.ending
    log(
      state,
      peer,
      `finished: accuracy ${accuracy?.toFixed(3)}, ${learningSeconds.toFixed(1)} s since its first gradient`,
    )
  } else if (event.kind === 'failed') state.failures.push(`peer ${peer}: ${event.message}`)
  const membership = { cohort, cohortId: cohortId(cohort), self: peer }
  for (const line of eventLines(event, membership)) log(state, peer, line)
  wake(state)
}

/** A peer on the same network whose key is in no cohort file but its own. */
async function startStranger(
  state: State,
  { folder, identityPaths, identities }: CohortFiles,
): Promise<PeerProcess> {
  const { lan, files } = state
  const { checkCohort, formatCohort } = await import('../../node/cohort/file.ts')
  const { writeFile } = await import('node:fs/promises')
  const path = join(folder, 'cohort.yaml')
  const own = { name: 'stranger', id: identities[0]!.id, addresses: [] }
  const cohort = checkCohort(
    { ...cohortDocument(files.cohort), members: [own, ...files.cohort.members] },
    path,
  )
  await writeFile(path, formatCohort(cohort))
  const membership = { cohort, cohortId: cohortId(cohort), self: 0 }
  return startPeer({
    inside: (lan.hosts[roles.peers] as Host).inside,
    args: ['--cohort', path, '--identity', identityPaths[0]!, '--state', 'none'],
    onEvent(event) {
      state.strangerEvents.push(event)
      for (const line of eventLines(event, membership)) log(state, 'stranger', line)
    },
  })
}

function log(state: State, who: number | string, text: string): void {
  state.lines.push({ at: secondsOf(state), who: typeof who === 'number' ? `peer ${who}` : who, text })
}

function secondsOf({ startedMs }: State): number {
  return (performance.now() - startedMs) / 1000
}

function reaches(state: State, peer: number, step: number): Promise<void> {
  return until(state, () => state.steps[peer]! >= step, `peer ${peer} reaches step ${step}`)
}

/** Waits until the peers' events make the condition true. A failure of a peer ends the wait. */
function until(state: State, condition: () => boolean, what: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const failed = state.failures.length > 0
      if (!failed && !condition()) return
      state.wakers.delete(look)
      if (failed) reject(new Error(`while waiting until ${what}`))
      else resolve()
    }
    state.wakers.add(look)
    look()
  })
}

function wake({ wakers }: State): void {
  for (const look of [...wakers]) look()
}

function deadline(seconds: number): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`not done within ${seconds} s`)), 1000 * seconds).unref()
  })
}

/** A process that does not end by itself is ended. */
async function ended(child: PeerProcess): Promise<void> {
  const insist = setTimeout(() => child.kill('SIGKILL'), 5000)
  await child.ended
  clearTimeout(insist)
}
