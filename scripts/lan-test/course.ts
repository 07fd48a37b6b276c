/** The course of the LAN test: which peer does what and when, and what everybody saw. */
import { join } from 'node:path'
import { eventLines } from '../../node/cli/join/join-view.ts'
import { cohortDocument, cohortId } from '../../node/cohort/cohort.ts'
import type { Ending, PeerEvent } from '../../node/daemon/events.ts'
import { type CohortFiles, type CohortSettings, makeCohort } from '../cohort/files.ts'
import { type PeerProcess, startPeer } from '../cohort/processes.ts'
import type { Host, Lan } from './network.ts'

/** Peer 0 to 6, and who plays what part. The last peer's link is the slow one. */
export const cast = { peers: 7, liar: 2, killed: 3, cutOff: 4, far: 6 } as const

export interface Told {
  /** Seconds since the start. */
  readonly at: number
  /** A peer, `stranger` or `test`. */
  readonly who: string
  readonly text: string
}

export interface Course {
  readonly files: CohortFiles
  readonly told: readonly Told[]
  readonly endings: readonly (Ending | null)[]
  readonly events: readonly { readonly peer: number; readonly event: PeerEvent }[]
  /** What the stranger and its hosts said of each other. */
  readonly strangerEvents: readonly PeerEvent[]
  readonly failures: readonly string[]
  readonly seconds: number
}

interface State {
  readonly lan: Lan
  readonly files: CohortFiles
  readonly startedMs: number
  readonly told: Told[]
  readonly endings: (Ending | null)[]
  readonly events: { readonly peer: number; readonly event: PeerEvent }[]
  readonly strangerEvents: PeerEvent[]
  readonly failures: string[]
  readonly processes: (PeerProcess | null)[]
  readonly steps: number[]
  readonly wakers: Set<() => void>
  /** From here on running peers are ended, which is not a failure. */
  over: boolean
}

interface CourseOptions {
  readonly lan: Lan
  readonly steps: number
  readonly onLine: (told: Told) => void
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

export async function runCourse({ lan, steps, onLine, deadlineSeconds }: CourseOptions): Promise<Course> {
  const files = await makeCohort('lan-test', cast.peers, { ...settings, steps }, () => [])
  const strangers = await makeCohort(
    'lan-test',
    1,
    { ...settings, steps, protocol: 'mean', faults: 0 },
    () => [],
  )
  const told: Told[] = []
  const state: State = {
    lan,
    files,
    startedMs: performance.now(),
    events: [],
    strangerEvents: [],
    failures: [],
    wakers: new Set(),
    over: false,
    endings: Array.from({ length: cast.peers }, () => null),
    processes: Array.from({ length: cast.peers }, () => null),
    steps: Array.from({ length: cast.peers }, () => 0),
    told: new Proxy(told, {
      set(target, key, value) {
        if (key !== 'length') onLine(value as Told)
        return Reflect.set(target, key, value)
      },
    }),
  }
  const stranger = await startStranger(state, strangers)
  try {
    for (let peer = 0; peer < cast.peers; peer++) start(state, peer)
    const injectedFaults = befall(state, steps)
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
  const { endings, events, strangerEvents, failures } = state
  return { files, told, endings, events, strangerEvents, failures, seconds: secondsOf(state) }
}

export const honest: readonly number[] = [...Array(cast.peers).keys()].filter(peer => peer !== cast.liar)

/** Each injected fault waits for the one before to be over: this cohort tolerates two faulty peers at a time. */
async function befall(state: State, steps: number): Promise<void> {
  const host = state.lan.hosts[cast.cutOff]!
  await reaches(state, 0, Math.round(steps * 0.1))
  say(state, 'test', `peer ${cast.killed} is killed`)
  state.processes[cast.killed]?.kill('SIGKILL')
  await reaches(state, 0, Math.round(steps * 0.25))
  say(state, 'test', `peer ${cast.killed} is started again`)
  start(state, cast.killed)
  await reaches(state, cast.killed, Math.round(steps * 0.3))
  say(state, 'test', `peer ${cast.cutOff} is cut off`)
  host.setPlugged(false)
  await reaches(state, 0, Math.round(steps * 0.75))
  say(state, 'test', `peer ${cast.cutOff}'s cable is put back`)
  host.setPlugged(true)
}

function start(state: State, peer: number): void {
  const { files, lan } = state
  const child = startPeer({
    inside: lan.hosts[peer]!.inside,
    args: [
      ...['--cohort', files.cohortPath, '--identity', files.identityPaths[peer]!],
      ...['--state', join(files.folder, `state-${peer}`), '--linger', '60'],
      ...(peer === cast.liar ? ['--attack', 'sign-flip'] : []),
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
    say(
      state,
      peer,
      `finished: accuracy ${accuracy?.toFixed(3)}, ${learningSeconds.toFixed(1)} s since its first gradient`,
    )
  } else if (event.kind === 'failed') state.failures.push(`peer ${peer}: ${event.message}`)
  const membership = { cohort, cohortId: cohortId(cohort), self: peer }
  for (const line of eventLines(event, membership)) say(state, peer, line)
  wake(state)
}

/** Somebody on the same network with a key that is in nobody's file but its own. */
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
    inside: (lan.hosts[cast.peers] as Host).inside,
    args: ['--cohort', path, '--identity', identityPaths[0]!, '--state', 'none'],
    onEvent(event) {
      state.strangerEvents.push(event)
      for (const line of eventLines(event, membership)) say(state, 'stranger', line)
    },
  })
}

function say(state: State, who: number | string, text: string): void {
  state.told.push({ at: secondsOf(state), who: typeof who === 'number' ? `peer ${who}` : who, text })
}

function secondsOf({ startedMs }: State): number {
  return (performance.now() - startedMs) / 1000
}

function reaches(state: State, peer: number, step: number): Promise<void> {
  return until(state, () => state.steps[peer]! >= step, `peer ${peer} reaches step ${step}`)
}

/** Waits for what the peers' events bring about; a failure of one of them ends the wait. */
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
