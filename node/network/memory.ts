/**
 * Two settings of the runtime, for a process that moves vectors. They concern the whole process: for programs, not
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

/** V8 13 (Node 24) has these flags; other versions would complain about them on standard error. */
const isKnown = process.versions.v8.startsWith('13.')

/** Buffers count towards the ordinary limit, which grows and shrinks with what is alive. */
export function countBuffersAsHeap(): void {
  if (isKnown) v8.setFlagsFromString('--external-memory-accounted-in-global-limit')
}

/** One vector of each member. Above this so much is alive that four times as much may be more than the machine has. */
const VECTORS_BYTES_MAX = 16 * 2 ** 20

/** For a process that is one of this many peers, with vectors of `dimension` floats. */
export function growHeapFor(peers: number, dimension: number): void {
  if (isKnown && 4 * dimension * peers <= VECTORS_BYTES_MAX)
    v8.setFlagsFromString('--heap-growing-percent=300')
}
