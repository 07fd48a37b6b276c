/**
 * One thread's slice of a pass. Slices are whole blocks of coordinates, and sums over coordinates are added up block
 * by block on one thread and on many: the bits are the same.
 */
import { columnRun } from './emitted.ts'
import { blockSums } from './emitted-pairs.ts'
import { kernelMemory } from './memory.ts'
import { BLOCK } from './plain.ts'
import type { SliceTask } from './slices.ts'
import { roundUp, type Scratch } from './tiles.ts'

/** Does thread `thread`'s part of a task. */
export function runSlice({ sliced, threads, result }: SliceTask, thread: number, space: Scratch): void {
  const { addresses, d } = sliced
  const blocks = Math.ceil(d / BLOCK)
  const first = Math.floor((blocks * thread) / threads)
  const last = Math.floor((blocks * (thread + 1)) / threads)
  if (sliced.kind === 'columns') {
    const run = columnRun(sliced.pass, addresses.length, space)
    const [from, to] = [first * BLOCK, Math.min(d, last * BLOCK)]
    for (const [j, address] of addresses.entries()) space.pointers[j] = address + from * 4
    space.pointers[addresses.length] = result + from * 4
    if (to > from) run(space.base, roundUp(to - from, 4) * 4)
    return
  }
  const rows = { vectors: [], addresses }
  for (let block = first; block < last; block++) {
    const sums = new Float64Array(
      kernelMemory().memory.buffer,
      result + block * sliced.length * 8,
      sliced.length,
    )
    blockSums(sliced.pass, rows, block * BLOCK, Math.min(d, (block + 1) * BLOCK), space, sums.fill(0))
  }
}
