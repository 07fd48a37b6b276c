/** A thread of the pool: runs one configuration after the other. */
import { parentPort, workerData } from 'node:worker_threads'
import { countBuffersAsHeap, growHeapFor } from '../network/memory.ts'
import type { Configuration, Settings } from './experiment.ts'
import { createMeasuringCaches } from './measure.ts'
import type { FromThread } from './pool.ts'
import { experimentNamed } from './registry.ts'

const port = parentPort
if (!port) throw new Error('run-thread.ts runs as a worker thread; call runPool instead')

// A step's vectors come and go: with the runtime's own limits much of a run is spent on collecting them.
countBuffersAsHeap()
growHeapFor(1, 1)

const { name, settings } = workerData as { readonly name: string; readonly settings: Settings }
const experiment = experimentNamed(name)
if (!experiment) throw new Error(`no experiment is called ${name}`)
const cacheFor = createMeasuringCaches()
const say = (message: FromThread) => port.postMessage(message)

port.on('message', async ({ index, config }: { readonly index: number; readonly config: Configuration }) => {
  const startedMs = performance.now()
  try {
    const measurement = await experiment.run(config, {
      settings,
      cacheFor,
      progress: done => say({ kind: 'progress', index, done }),
    })
    say({ kind: 'result', index, measurement, seconds: (performance.now() - startedMs) / 1000 })
  } catch (thrown) {
    say({ kind: 'failed', index, error: thrown instanceof Error ? thrown : new Error(String(thrown)) })
  }
})
