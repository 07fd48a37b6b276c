/**
 * Settings of the runtime, for a process that moves vectors. They concern the whole process: for programs, not
 * for libraries.
 *
 * V8 starts a full collection each time 64 MB of buffers outside its heap have come and gone, and marks the whole heap
 * for it, though there is nothing on the heap to free. For a peer that exchanges vectors, that is every second or third
 * exchange. Measured among seven processes, all to all, bare exchanges of 318 KB and 1.7 MB: 43 and 180 ms with V8's
 * defaults, 36 and 133 ms with buffers counted as heap, 33 and 93 ms if the heap may also grow to four times what is
 * alive. Seven peers that learn MNIST for 200 steps take 27.7 instead of 31.1 s with the last, and up to 690 instead of
 * 550 MB each.
 */
import v8 from 'node:v8'
import { runInNewContext } from 'node:vm'

/** V8 13 (Node 24) has these flags; other versions would complain about them on standard error. */
const isKnown = process.versions.v8.startsWith('13.')

/** Buffers count towards the ordinary limit, which grows and shrinks with what is alive. */
export function countBuffersAsHeap(): void {
  if (isKnown) v8.setFlagsFromString('--external-memory-accounted-in-global-limit')
}

/** The heap may grow by so much of what is alive, where that is little. */
const GROWTH_PERCENT_MAX = 300
/** So much of what is no longer used may lie about, for at least one vector of each member that is alive. */
const UNUSED_BYTES_MAX = 24 * 2 ** 20
/** With less, each vector that arrives would start a collection. */
const GROWTH_PERCENT_MIN = 25

/** For a process that is one of this many peers, with vectors of `dimension` floats. */
export function growHeapFor(peers: number, dimension: number): void {
  if (isKnown) v8.setFlagsFromString(`--heap-growing-percent=${heapGrowthPercent(peers, dimension)}`)
}

/** By how much the heap may grow before it is collected, in per cent of what is alive. */
export function heapGrowthPercent(peers: number, dimension: number): number {
  const percent = Math.round((100 * UNUSED_BYTES_MAX) / (4 * dimension * peers))
  return Math.min(GROWTH_PERCENT_MAX, Math.max(GROWTH_PERCENT_MIN, percent))
}

/** One vector of each member. With more, what a step leaves behind is worth a collection: some 20 ms, in a step of a second. */
const COLLECTED_BYTES_MIN = 16 * 2 ** 20

/** What to call after each step: frees the step's vectors, for which the runtime would wait until there are more. */
export function collectorFor(peers: number, dimension: number): () => void {
  if (4 * dimension * peers < COLLECTED_BYTES_MIN) return () => {}
  v8.setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  return typeof collect === 'function' ? () => void collect() : () => {}
}
