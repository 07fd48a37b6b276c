/**
 * The least cost of an exchange: `N` processes, each of which sends one vector to every other over a bare libp2p stream
 * of the same configuration as the transport's, and waits for theirs. No protocol, signature or log.
 */
import { type ChildProcess, fork } from 'node:child_process'
import type { Endpoint } from '../../node/network/endpoint.ts'
import type { FromWorker, ToWorker } from './exchange-bare-worker.ts'
import { heard } from './members.ts'

interface BareExchangeOptions {
  readonly peers: number
  /** Floats in a vector. */
  readonly dimension: number
  readonly rounds: number
  /** The first rounds run on cold code and small buffers. */
  readonly warmUpRounds: number
  readonly over: Endpoint['over']
  /** libp2p with its defaults: without this program's cipher, runtime settings, guards and windows. */
  readonly stock?: boolean
}

interface BareExchange {
  /** Median over peers and rounds, from a peer's first byte sent to its last vector received. */
  readonly medianMs: number
  /** Processor time of all processes together, a round: does not depend on what else the machine does. */
  readonly cpuMs: number
}

export async function measureBareExchange(options: BareExchangeOptions): Promise<BareExchange> {
  const workers = Array.from({ length: options.peers }, () =>
    fork(new URL('exchange-bare-worker.ts', import.meta.url), { serialization: 'advanced' }),
  )
  try {
    return await run(workers, options)
  } finally {
    for (const worker of workers) if (worker.connected) worker.disconnect()
  }
}

async function run(
  workers: readonly ChildProcess[],
  { peers, dimension, rounds: measured, warmUpRounds, over, stock = false }: BareExchangeOptions,
): Promise<BareExchange> {
  const rounds = measured + warmUpRounds
  const tell = (worker: ChildProcess, message: ToWorker) => worker.send(message)
  workers.forEach((worker, self) => {
    tell(worker, { kind: 'listen', self, peers, dimension, rounds, over, stock })
  })
  const listening = await Promise.all(workers.map(worker => answer(worker, 'listening')))
  const addresses = listening.map(message => message.address)
  for (const worker of workers) tell(worker, { kind: 'connect', addresses })
  await Promise.all(workers.map(worker => answer(worker, 'connected')))
  for (const worker of workers) tell(worker, { kind: 'exchange' })
  const finished = await Promise.all(workers.map(worker => answer(worker, 'finished')))
  const times = finished.flatMap(message => message.roundsMs.slice(warmUpRounds)).sort((a, b) => a - b)
  const cpuMs = finished.reduce((sum, message) => sum + message.cpuMs, 0) / rounds
  return {
    medianMs: times[Math.floor(times.length / 2)]!,
    cpuMs,
  }
}

/** The worker's next message, which must be of this kind. */
async function answer<K extends FromWorker['kind']>(
  worker: ChildProcess,
  kind: K,
): Promise<Extract<FromWorker, { kind: K }>> {
  const message = await heard<FromWorker>(worker)
  if (message.kind !== kind)
    throw new Error(`a worker of the bare exchange said "${message.kind}" instead of "${kind}"`)
  return message as Extract<FromWorker, { kind: K }>
}
