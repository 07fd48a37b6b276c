/** One of the threads that `pool.ts` starts: waits for tasks, does its slice of each, and says that it is done. */
import { parentPort, workerData } from 'node:worker_threads'
import { adoptMemory, type Pages } from '../../agreement/kernels/memory.ts'
import { runSlice } from '../../agreement/kernels/run-slice.ts'
import { scratchAt } from '../../agreement/kernels/tiles.ts'
import { HEADER_BYTES, words } from './pool.ts'

interface Place {
  readonly memory: Pages
  readonly control: SharedArrayBuffer
  readonly thread: number
}

function serve({ memory, control, thread }: Place): never {
  adoptMemory(memory)
  const space = scratchAt(thread)
  const state = new Int32Array(control, 0, HEADER_BYTES / 4)
  parentPort!.postMessage('ready')
  for (let task = 0; ; task++) {
    Atomics.wait(state, words.task, task)
    try {
      // The memory may have grown in the other thread: asking for the buffer again shows it here.
      memory.grow(0)
      // Decoded from a copy: the decoder does not take shared memory.
      const text = new Uint8Array(control, HEADER_BYTES, state[words.length]!).slice()
      runSlice(JSON.parse(new TextDecoder().decode(text)), thread, space)
    } catch (error) {
      console.error(error)
      Atomics.store(state, words.failed, thread)
    }
    Atomics.add(state, words.done, 1)
    Atomics.notify(state, words.done)
  }
}

serve(workerData)
