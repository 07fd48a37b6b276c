/** A thread of the pool: runs one job after the other, and keeps the data and models that they share. */
import { parentPort } from 'node:worker_threads'
import { countBuffersAsHeap, growHeapFor } from '../network/memory.ts'
import { createCaches } from './caches.ts'
import { createDigests } from './inputs.ts'
import type { FromThread, ToThread } from './pool.ts'
import { createPrograms } from './programs.ts'
import { runOne } from './run-one.ts'

const port = parentPort
if (!port) throw new Error('run-thread.ts runs as a worker thread; call runPool instead')

/** How often a thread says how far it is. */
const TOLD_EVERY_MS = 250

// A step's vectors come and go: with the runtime's own limits a quarter of a run is spent on collecting them.
countBuffersAsHeap()
growHeapFor(1, 1)

const say = (message: FromThread) => port.postMessage(message)
const cacheFor = createCaches()
const programs = createPrograms()
const digests = createDigests()

port.on('message', async ({ index, job, page }: ToThread) => {
  let toldMs = performance.now()
  try {
    const outcome = await runOne(job, {
      page,
      cacheFor,
      programs,
      digests,
      onStep(step) {
        const nowMs = performance.now()
        if (nowMs - toldMs < TOLD_EVERY_MS) return
        toldMs = nowMs
        say({ kind: 'progress', index, step })
      },
    })
    say({ kind: 'result', index, outcome })
  } catch (thrown) {
    say({ kind: 'failed', index, message: thrown instanceof Error ? thrown.message : String(thrown) })
  }
})
