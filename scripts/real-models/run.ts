/** The learning over real peers on the loopback address, the last of which lies. */

import type { PeerEvent } from '../../node/daemon/events.ts'
import { addressOf } from '../../node/network/endpoint.ts'
import { freePorts } from '../../node/network/free-ports.ts'
import { median } from '../bench/bench.ts'
import { type CohortFiles, makeCohort } from '../cohort/files.ts'
import { type PeerProcess, startPeer } from '../cohort/processes.ts'
import type { Evaluation, Learnt } from './learnt.ts'
import { peakBelow, peakOf } from './memory.ts'
import type { Job } from './subjects.ts'

export interface Run {
  readonly python: string
  readonly job: Job
  readonly peers: number
  readonly steps: number
  readonly evaluateEvery: number
}

/** What is known of the peers while they run. By peer: only the honest ones. */
interface Watched {
  readonly honest: number
  dimension: number
  /** By step, the losses that were told. */
  readonly losses: Map<number, number[]>
  readonly evaluations: Map<number, Evaluation[]>
  /** When the first peer ended its step. */
  readonly times: number[]
  peakPeer: number
  peakProgram: number
}

/** Of RB-TM at `n = 3f + 1`. */
const FAULTS = 1

/** @param onStep is told each step that all honest peers have ended, and their mean loss */
export async function runPeers(
  run: Run,
  attack: string,
  onStep: (step: number, loss: number) => void,
): Promise<Learnt> {
  const { job, peers, steps, evaluateEvery } = run
  const ports = await freePorts(peers)
  const { rate, batch, clip, momentum } = job.learning
  const settings = {
    protocol: 'rb-tm',
    faults: FAULTS,
    model: 'external',
    partition: 'iid',
    seed: 1,
    rate,
    batch,
    clip,
    momentum,
    steps,
    evaluateEvery,
    // On two cores four gradients are computed by turns, and a vector that comes a little later is worth waiting for.
    graceMs: 2000,
  } as const
  const files = await makeCohort('real-models', peers, settings, peer => [
    addressOf({ family: 'ip4', host: '127.0.0.1', port: ports[peer]!, over: 'tcp' }),
  ])
  const honest = peers - FAULTS
  const watched: Watched = {
    honest,
    dimension: 0,
    losses: new Map(),
    evaluations: new Map(),
    times: [],
    peakPeer: 0,
    peakProgram: 0,
  }
  const started: PeerProcess[] = ports.map((_, peer) =>
    startPeer({
      args: argumentsOf(run, files, peer, peer < honest ? null : attack),
      onEvent: event => {
        if (peer < honest) follow(watched, event, started[peer]!.pid, onStep)
      },
    }),
  )
  try {
    await Promise.all(started.slice(0, honest).map(({ ended }, peer) => finished(ended, peer)))
    return learntOf(watched)
  } finally {
    for (const peer of started) peer.kill('SIGKILL')
    await Promise.all(started.map(({ ended }) => ended))
    await files.remove()
  }
}

/** @throws where the peer did not finish: the others would wait for it without end */
async function finished(ended: PeerProcess['ended'], peer: number): Promise<void> {
  const { code, lastWords } = await ended
  if (code !== 0) throw new Error(`peer ${peer} ended with code ${code}:\n${lastWords}`)
}

function argumentsOf({ python, job }: Run, files: CohortFiles, peer: number, attack: string | null) {
  const command = [python, job.program, ...job.words].map(word => `'${word}'`).join(' ')
  return [
    ...['--cohort', files.cohortPath, '--identity', files.identityPaths[peer]!, '--no-mdns'],
    ...['--oracle', command, '--data', job.data],
    ...(attack === null ? [] : ['--attack', attack]),
  ]
}

function follow(
  watched: Watched,
  event: PeerEvent,
  pid: number,
  onStep: (step: number, loss: number) => void,
): void {
  if (event.kind === 'listening') watched.dimension = event.dimension
  else if (event.kind === 'step' && event.loss !== null) {
    const losses = watched.losses.get(event.step) ?? []
    watched.losses.set(event.step, [...losses, event.loss])
    if (losses.length === 0) watched.times.push(performance.now())
    if (losses.length + 1 === watched.honest) onStep(event.step, mean([...losses, event.loss]))
    // Asked at each step, as a process that has ended says nothing.
    void measure(watched, pid)
  } else if (event.kind === 'evaluated' && event.loss !== null) {
    const { step, loss, metrics } = event
    const accuracy = metrics?.kind === 'classes' ? metrics.accuracy : Number.NaN
    watched.evaluations.set(step, [...(watched.evaluations.get(step) ?? []), { step, loss, accuracy }])
  }
}

async function measure(watched: Watched, pid: number): Promise<void> {
  watched.peakPeer = Math.max(watched.peakPeer, (await peakOf(pid)) ?? 0)
  watched.peakProgram = Math.max(watched.peakProgram, (await peakBelow(pid)) ?? 0)
}

function learntOf({ dimension, losses, evaluations, times, peakPeer, peakProgram }: Watched): Learnt {
  const inOrder = <T>(map: Map<number, T>) => [...map].toSorted(([a], [b]) => a - b)
  return {
    dimension,
    losses: inOrder(losses).map(([, each]) => mean(each)),
    evaluations: inOrder(evaluations).map(([step, each]) => ({
      step,
      loss: mean(each.map(({ loss }) => loss)),
      accuracy: mean(each.map(({ accuracy }) => accuracy)),
    })),
    stepSeconds: median(times.slice(1).map((time, place) => (time - times[place]!) / 1000)),
    peakBytes: peakPeer === 0 ? null : { peer: peakPeer, program: peakProgram },
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
