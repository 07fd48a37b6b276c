/** The rule of each averaging agreement, on the vectors of one iteration. */
import type { ProtocolName } from '../bounds.ts'
import { squaredDistances } from '../kernels/index.ts'
import type { Exchange } from '../message.ts'
import { cva } from '../rules/cva.ts'
import { cwtm } from '../rules/cwtm.ts'
import { mda } from '../rules/mda.ts'
import { mean } from '../rules/mean.ts'
import { trimmedMiddle } from '../rules/trimmed-middle.ts'
import type { Vector } from '../vector.ts'

/** The vectors of an iteration: checked on arrival, in ascending order of their authors. */
export interface Family {
  readonly vectors: readonly Vector[]
  readonly own: Vector
  readonly maxFaulty: number
  /** `q − f`: the size of the subset that MDA and CVA average, also when more than `q` are in (docs/papers.md, Silent). */
  readonly keep: number
  /** The exchange that brought them, for those who look on: it changes no result. */
  readonly exchange?: Exchange
}

/** A driver may pass a function of its own, to measure or to spread the work; it must give the same bits. */
export type Aggregate = (protocol: ProtocolName, family: Family) => Vector

/** @param distances all `‖x_j − x_k‖²`, for MDA, where the caller knows some of them; it must give the same bits */
export function aggregate(
  protocol: ProtocolName,
  { vectors, own, maxFaulty, keep }: Family,
  distances = squaredDistances,
): Vector {
  const checked = true
  switch (protocol) {
    case 'mda':
      return mda(vectors, maxFaulty, { keep, checked, distances })
    case 'cva':
      return cva(vectors, own, keep, { checked })
    case 'icwtm':
      return cwtm(vectors, maxFaulty, { checked })
    case 'rb-tm':
      return trimmedMiddle(vectors, maxFaulty, { checked })
    case 'mean':
      return mean(vectors, { checked })
  }
}
