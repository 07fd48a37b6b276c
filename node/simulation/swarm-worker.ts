/** A thread of the swarm: runs the seeds that it is told, and says what each showed. */
import { parentPort } from 'node:worker_threads'
import { runSeed } from './swarm.ts'

const port = parentPort
if (!port) throw new Error('swarm-worker.ts runs as a worker thread; call runSwarm instead')

port.on('message', ({ from, count }: { readonly from: number; readonly count: number }) => {
  port.postMessage(Array.from({ length: count }, (_, i) => runSeed(from + i)))
})
