/** A thread of the swarm: runs the seeds that it gets, and reports the result of each. */
import { parentPort } from 'node:worker_threads'
import { runSeed, type SwarmKind } from './swarm.ts'

const port = parentPort
if (!port) throw new Error('swarm/worker.ts runs as a worker thread; call runSwarm instead')

interface Batch {
  readonly from: number
  readonly count: number
  readonly kind: SwarmKind
}

port.on('message', ({ from, count, kind }: Batch) => {
  port.postMessage(Array.from({ length: count }, (_, i) => runSeed(from + i, kind)))
})
